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

// common is what all policies begin with that let everything pass.
const common = `
targets:
  - {name: suite, environment: test, listen: ["$listen"], upstream: "$upstream"}
sources:
  - {name: here, environment: test, cidr: [127.0.0.0/8]}
builtin: false
audit: {file: "$audit"}
metrics: {listen: "$metrics"}
limits: {cancels_per_second: 1000}
`

// counted counts whatever changes a row.
const counted = common + `
statements:
  - name: counted
    action: allow
    max_rows: {statement: 1000000000, transaction: 1000000000}
    when: {effect: [insert, update, delete, merge, copy_in]}
`

// asked has the server asked what each transaction did.
const asked = common + `
transactions:
  - name: asked
    max_effects: {deleted: 1000000000, updated: 1000000000, inserted: 1000000000, truncated: 1000000000, altered: 1000000000}
`

// policies are limits on every statement and transaction that no suite reaches, and the example that
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
		{"limits", "`max_rows` on every statement that changes rows, set high", counted, false},
		{"effects", "`max_effects` on every transaction, set high", asked, true},
		{"audit", "deploy/examples/audit-only.yaml, recording every write", audit, true},
	}, nil
}
