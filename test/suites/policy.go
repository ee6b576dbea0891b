package suites

import (
	"fmt"
	"os"
	"strings"
)

// guarding is a policy that a suite must not notice.
type guarding struct {
	name, about, config string
	brief               bool // run when a part of the suites is
}

// counted lets everything pass, and counts whatever changes a row.
const counted = `
targets:
  - {name: suite, environment: test, listen: ["$listen"], upstream: "$upstream"}
sources:
  - {name: here, environment: test, cidr: [127.0.0.0/8]}
statements:
  - {name: counted, action: allow, max_rows: 1000000000, when: {effect: [insert, update, delete, merge]}}
builtin: false
audit: {file: "$audit"}
metrics: {listen: "$metrics"}
limits: {cancels_per_second: 1000}
`

// policies are a limit on every statement that no suite reaches, and the example that
// refuses nothing and records all that would be.
func policies() ([]guarding, error) {
	example, err := os.ReadFile("../../deploy/examples/audit-only.yaml")
	if err != nil {
		return nil, fmt.Errorf("read the example: %w", err)
	}
	audit := strings.NewReplacer(
		"127.0.0.1:6432", "$listen", "upstream: 127.0.0.1:5432", `upstream: "$upstream"`,
		"/var/log/pgcordon/audit.jsonl", "$audit", "127.0.0.1:9432", "$metrics",
		`["psql*", "DBeaver*", "pgAdmin*"]`, `"*"`).Replace(string(example))
	return []guarding{
		{"limits", "enforces `max_rows` on every statement that changes rows, set high", counted, true},
		{"audit", "deploy/examples/audit-only.yaml, recording every write", audit, true},
	}, nil
}
