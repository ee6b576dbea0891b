package operations

import (
	"os"
	"testing"

	"github.com/pgcordon/pgcordon/test/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }
