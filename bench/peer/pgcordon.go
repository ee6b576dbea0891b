package peer

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// overTCP is the example for a sidecar with this machine's addresses. Its rules
// are the example's own; the clients of the comparison come from the last source.
func overTCP(v values) (string, error) {
	return sidecar(v, net.JoinHostPort(v.Server.Host, strconv.Itoa(v.Server.Port)))
}

// overUnix is the same with a unix socket to the server.
func overUnix(v values) (string, error) { return sidecar(v, "unix:"+v.Server.Socket) }

func sidecar(v values, upstream string) (string, error) {
	_, here, _, _ := runtime.Caller(0)
	text, err := os.ReadFile(filepath.Join(filepath.Dir(here), "../../deploy/examples/sidecar.yaml"))
	if err != nil {
		return "", fmt.Errorf("read the example: %w", err)
	}
	return replaced(string(text), [][2]string{
		{`listen: ":6432"`, fmt.Sprintf("listen: %q", net.JoinHostPort(Host, strconv.Itoa(v.Port)))},
		{`unix:/run/postgresql/.s.PGSQL.5432`, upstream},
		{`mode: require`, `mode: prefer`},
		{`server.crt`, v.Certificate},
		{`server.key`, v.Key},
		{"\nsessions:", "\n  - {name: bench, environment: production, cidr: 127.0.0.0/8}\n\nsessions:"},
		{`file: "-"`, fmt.Sprintf("file: %q", auditLog(v))},
		{`listen: ":9432"`, metricsAt(v)},
	})
}

// replaced puts what is new in the place of what is old. That an old text is gone
// from the example is an error: another guard would be measured than is told.
func replaced(text string, pairs [][2]string) (string, error) {
	for _, p := range pairs {
		if strings.Count(text, p[0]) != 1 {
			return "", fmt.Errorf("deploy/examples/sidecar.yaml does not have %q once", p[0])
		}
		text = strings.Replace(text, p[0], p[1], 1)
	}
	return text, nil
}

// metricsAt replaces where the example serves metrics, which is its last line.
func metricsAt(v values) string { return fmt.Sprintf("listen: %q", v.metrics()) + limits(v) }

func limits(v values) string {
	return fmt.Sprintf("\nlimits: {sessions: %d, prelogin_sessions: %d}\n", v.Sessions, v.Sessions)
}

// withoutRules is a guard that frames messages and has nothing to look for.
func withoutRules(v values) (string, error) {
	return fmt.Sprintf(`targets:
  - {name: storefront, environment: production, listen: %q, upstream: %q}
sources:
  - {name: bench, environment: production, cidr: 127.0.0.0/8}
builtin: false
audit: {file: %q}
`, net.JoinHostPort(Host, strconv.Itoa(v.Port)), net.JoinHostPort(v.Server.Host, strconv.Itoa(v.Server.Port)), auditLog(v)) + limits(v), nil
}

func auditLog(v values) string { return filepath.Join(v.Home, "audit.jsonl") }
