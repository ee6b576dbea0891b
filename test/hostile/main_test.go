package hostile

import (
	"fmt"
	"os"
	"testing"

	"github.com/pgcordon/pgcordon/test/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// major is the version for tests that any version would do for.
const major = 17

// configuration is one target whose clients on this machine are at home in its
// environment. more is further YAML.
func configuration(upstream, target, more string) string {
	return fmt.Sprintf(`
targets:
  - {name: shop, environment: production, listen: ["$listen"], upstream: "%s"%s}
sources:
  - {name: here, environment: production, cidr: [127.0.0.0/8]}
audit: {file: "$audit"}
metrics: {listen: "$metrics"}
%s`, upstream, target, more)
}

// startGuard runs pgcordon in front of a server.
func startGuard(t testing.TB, server *pgtest.Server, more string) *pgtest.Guard {
	t.Helper()
	return pgtest.StartGuard(t, configuration(server.Addr(), "", more))
}
