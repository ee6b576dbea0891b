package policy

import (
	"strings"
	"testing"

	"github.com/pgcordon/pgcordon/parser"
)

// summary makes a summary of one statement for each list of acts.
func summary(statements ...[]parser.Act) *parser.Summary {
	s := &parser.Summary{Parsed: true}
	for _, acts := range statements {
		s.Statements = append(s.Statements, parser.Statement{Acts: acts})
		for _, act := range acts {
			s.Effects = s.Effects.With(act.Effect)
		}
	}
	return s
}

// act reads "delete public.orders open_range": effect, relation or "-", breadth.
func act(t testing.TB, text string) parser.Act {
	t.Helper()
	words := append(strings.Fields(text), "", "")
	effect, ok := parser.ParseEffect(words[0])
	if !ok {
		t.Fatalf("no effect %q", words[0])
	}
	a := parser.Act{Effect: effect}
	switch {
	case words[1] == "-" || words[1] == "":
	case effect == parser.Function || effect == parser.Call:
		a.Object = words[1]
	default:
		in, name, both := strings.Cut(words[1], ".")
		if !both {
			in, name = "", in
		}
		a.Relation = parser.Relation{Schema: in, Name: name}
	}
	if words[2] != "" {
		if a.Breadth, ok = parser.ParseBreadth(words[2]); !ok {
			t.Fatalf("no breadth %q", words[2])
		}
	}
	return a
}

func acts(t testing.TB, texts ...string) []parser.Act {
	t.Helper()
	var out []parser.Act
	for _, text := range texts {
		out = append(out, act(t, text))
	}
	return out
}

// rulesOf is the ruleset of a session of the application in production.
func rulesOf(t testing.TB, statements string) *Ruleset {
	t.Helper()
	p := mustParse(t, oneTarget+statements)
	return p.Ruleset(p.Targets[0], Client{Source: from("production"), User: "app", Database: "shop"})
}

// outcome is a decision in a word and the rule that took it.
func outcome(d Decision) string {
	switch {
	case d.Deny:
		return "deny " + d.Rule
	case d.WouldDeny:
		return "would_deny " + d.Rule
	case d.Record:
		return "record " + d.Rule
	}
	return "allow"
}

func TestBuiltinRulesRefuseWhatCanEmptyATable(t *testing.T) {
	r := rulesOf(t, "builtin: true\n")
	for text, want := range map[string]string{
		"read orders":                   "allow",
		"insert orders":                 "allow",
		"delete orders none":            "deny builtin/unbounded-delete",
		"delete orders tautology":       "deny builtin/unbounded-delete",
		"delete orders same_table":      "deny builtin/unbounded-delete",
		"delete orders open_range":      "deny builtin/unbounded-delete",
		"delete orders unknown":         "deny builtin/unbounded-delete",
		"delete orders bounded":         "allow",
		"delete orders key":             "allow",
		"update orders none":            "deny builtin/unbounded-update",
		"update orders open_range":      "deny builtin/unbounded-update",
		"update orders bounded":         "allow",
		"update orders":                 "deny builtin/unbounded-update", // one that nobody measured
		"truncate orders":               "deny builtin/truncate",
		"drop orders":                   "deny builtin/drop",
		"drop -":                        "deny builtin/drop",
		"merge orders":                  "allow", // its branches are judged
		"alter orders":                  "allow",
		"copy_in orders":                "allow",
		"copy_program orders":           "deny builtin/copy-program",
		"function pg_catalog.lo_unlink": "allow",
		"call app.run":                  "allow",
		"do -":                          "allow",
		"unknown -":                     "deny builtin/unknown",
	} {
		if got := outcome(r.Decide(summary(acts(t, text)), Context{})); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

const ordered = `statements:
  - {name: see-deletes, action: audit, when: {effect: delete}}
  - {name: carts, action: allow, when: {user: app, effect: delete, relation: [public.carts, "tmp_*"], breadth: [open_range]}}
  - {name: try-orders, action: deny, mode: audit, when: {effect: "@destructive", relation: orders}}
  - {name: not-yours, action: deny, when: {user: somebody_else}}
  - {name: no-locks, action: deny, when: {effect: lock, database: [shop], target: production}}
  - {name: no-purge, action: deny, when: {function: [app.purge, "danger_*"]}}
  - {name: drops, action: allow, when: {effect: drop, relation: "scratch.*"}}
  - {name: alters, action: deny, when: {effect: alter, relation: "*"}}
`

func TestFirstAllowOrDenyDecidesEachAct(t *testing.T) {
	r := rulesOf(t, ordered)
	tests := []struct {
		name       string
		statements [][]parser.Act
		want       string
		statement  int
	}{
		{"nothing", nil, "allow", 0},
		{"no rule matches", [][]parser.Act{acts(t, "insert orders")}, "allow", 0},
		{"recorded, then allowed by nobody in particular", [][]parser.Act{acts(t, "delete orders bounded")}, "would_deny try-orders", 0},
		{"recorded only", [][]parser.Act{acts(t, "delete users bounded")}, "record see-deletes", 0},
		{"allowed before the built-in rule", [][]parser.Act{acts(t, "delete carts open_range")}, "record see-deletes", 0},
		{"allowed for one breadth only", [][]parser.Act{acts(t, "delete carts none")}, "deny builtin/unbounded-delete", 0},
		{"glob without a schema", [][]parser.Act{acts(t, "delete work.tmp_1 open_range")}, "record see-deletes", 0},
		{"noted in audit mode, allowed in the end", [][]parser.Act{acts(t, "update orders bounded")}, "would_deny try-orders", 0},
		{"noted in audit mode, refused in the end", [][]parser.Act{acts(t, "truncate orders")}, "deny builtin/truncate", 0},
		{"denied by session condition", [][]parser.Act{acts(t, "lock orders")}, "deny no-locks", 0},
		{"one bad act among good ones", [][]parser.Act{acts(t, "read users", "delete users bounded", "truncate users", "drop users")}, "deny builtin/truncate", 0},
		{"second statement of a string", [][]parser.Act{acts(t, "update orders bounded"), acts(t, "drop users")}, "deny builtin/drop", 1},
		{"a would-be refusal outranks a record", [][]parser.Act{acts(t, "delete users bounded"), acts(t, "update orders bounded")}, "would_deny try-orders", 1},
		{"allowed by schema", [][]parser.Act{acts(t, "drop scratch.t")}, "allow", 0},
		{"allow with a schema, act on another", [][]parser.Act{acts(t, "drop public.t")}, "deny builtin/drop", 0},
		{"allow with a schema, name without", [][]parser.Act{acts(t, "drop t")}, "deny builtin/drop", 0},
		{"relation asked for, act without one", [][]parser.Act{acts(t, "drop -")}, "deny builtin/drop", 0},
		{"any relation asked for", [][]parser.Act{acts(t, "alter t")}, "deny alters", 0},
		{"any relation asked for, act without one", [][]parser.Act{acts(t, "alter -")}, "allow", 0},
		{"function with side effects", [][]parser.Act{acts(t, "function danger_zone")}, "deny no-purge", 0},
		{"procedure", [][]parser.Act{acts(t, "call app.purge")}, "deny no-purge", 0},
		{"function of another schema", [][]parser.Act{acts(t, "function other.purge")}, "allow", 0},
		{"function of the current database", [][]parser.Act{acts(t, "function shop.app.purge")}, "deny no-purge", 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := r.Decide(summary(test.statements...), Context{})
			if outcome(got) != test.want || got.Statement != test.statement {
				t.Errorf("%s by statement %d, want %s by %d", outcome(got), got.Statement, test.want, test.statement)
			}
		})
	}
}

func TestTargetInAuditModeRefusesNothing(t *testing.T) {
	p := mustParse(t, strings.Replace(oneTarget, "name: shop", "name: shop\n    mode: audit", 1)+ordered)
	r := p.Ruleset(p.Targets[0], Client{Source: from("production"), User: "app", Database: "shop"})
	for text, want := range map[string]string{
		"truncate orders":        "would_deny builtin/truncate",
		"update orders bounded":  "would_deny try-orders",
		"delete users bounded":   "record see-deletes",
		"insert users":           "allow",
		"lock orders":            "would_deny no-locks",
		"delete users tautology": "would_deny builtin/unbounded-delete",
	} {
		if got := outcome(r.Decide(summary(acts(t, text)), Context{})); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestWithoutBuiltinRulesEverythingIsAllowed(t *testing.T) {
	r := rulesOf(t, "builtin: false\n")
	for _, effect := range parser.EffectNames() {
		if got := outcome(r.Decide(summary(acts(t, effect+" x none")), Context{})); got != "allow" {
			t.Errorf("%s: %s", effect, got)
		}
	}
}

func TestSessionConditionsAreSettledOnce(t *testing.T) {
	p := mustParse(t, oneTarget+`builtin: false
statements:
  - {name: by-source, action: deny, when: {source: staging}}
  - {name: by-target, action: deny, when: {target: stag*}}
  - {name: by-user, action: deny, when: {user: App}}
  - {name: by-database, action: deny, when: {database: "*_eu"}}
  - {name: by-application, action: deny, when: {application: psql}}
  - {name: by-replication, action: deny, when: {replication: true}}
`)
	plain := Client{Source: from("production"), User: "app", Database: "shop", Application: "rails"}
	tests := []struct {
		want   string
		change func(*Client)
	}{
		{"allow", func(*Client) {}},
		{"deny by-source", func(c *Client) { c.Source = from("staging") }},
		{"deny by-user", func(c *Client) { c.User = "App" }},
		{"deny by-database", func(c *Client) { c.Database = "shop_eu" }},
		{"deny by-application", func(c *Client) { c.Application = "psql" }},
		{"deny by-replication", func(c *Client) { c.Replication = true }},
	}
	for _, test := range tests {
		client := plain
		test.change(&client)
		if got := outcome(p.Ruleset(p.Targets[0], client).Decide(summary(acts(t, "read x")), Context{})); got != test.want {
			t.Errorf("%+v: %s, want %s", client, got, test.want)
		}
	}
}

func TestAllowingAllocatesNothing(t *testing.T) {
	r := rulesOf(t, ordered+"functions: [app.*]\n")
	s := summary(acts(t, "read users", "insert users", "drop scratch.t"), acts(t, "read x", "function app.fine"))
	s.Statements[0].Functions = []string{"now", "app.fine", "lower"}
	if got := outcome(r.Decide(s, Context{})); got != "allow" {
		t.Fatal(got)
	}
	if n := testing.AllocsPerRun(100, func() { r.Decide(s, Context{SearchPathChanged: false}) }); n != 0 {
		t.Errorf("%v allocations a decision", n)
	}
}

func TestStatementThatTouchesNothingIsARead(t *testing.T) {
	nothing := &parser.Summary{Parsed: true, Statements: []parser.Statement{{Kind: "SELECT"}}}
	for yaml, want := range map[string]string{
		"statements: [{name: all, action: audit, when: {}}]":                                     "record",
		"statements: [{name: reads, action: deny, when: {effect: read}}]":                        "deny",
		"statements: [{name: one, action: deny, when: {effect: read, relation: public.orders}}]": "",
	} {
		p, err := Parse("test.yaml", []byte(oneTarget+yaml+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		switch d := p.Ruleset(p.Targets[0], Client{User: "app"}).Decide(nothing, Context{}); {
		case d.Deny:
			got = "deny"
		case d.Record:
			got = "record"
		}
		if got != want {
			t.Errorf("%s: %q, want %q", yaml, got, want)
		}
	}
}
