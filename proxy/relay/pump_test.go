package relay_test

import (
	"testing"

	"github.com/pgcordon/pgcordon/proxy/relay"
	"github.com/pgcordon/pgcordon/proxy/relay/relaytest"
)

func TestPumps(t *testing.T) { relaytest.Conformance(t, relay.Pumps{}) }
