package policy

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pgcordon/pgcordon/parser"
)

func TestSignsAreTheTablesThatAStringEmpties(t *testing.T) {
	rules := rulesOf(t, "tripwires: [{name: w, tables: 3, within: 1m}]\n")
	for sql, want := range map[string]string{
		"TRUNCATE a, s.b CASCADE":                         "public.a s.b",
		"TRUNCATE a, a":                                   "public.a",
		"TRUNCATE a RESTART IDENTITY":                     "public.a",
		"TRUNCATE a, b RESTART IDENTITY CASCADE":          "public.a public.b suite",
		"TRUNCATE a RESTART IDENTITY; TRUNCATE b":         "public.a public.b",
		"DELETE FROM a":                                   "public.a",
		"DELETE FROM a WHERE id > 0":                      "public.a",
		"DELETE FROM a WHERE true":                        "public.a",
		"DELETE FROM a WHERE created_at < now()":          "public.a",
		"DELETE FROM a WHERE id IN (SELECT id FROM a)":    "public.a",
		"DELETE FROM a WHERE id = 7":                      "",
		"DELETE FROM a WHERE expired":                     "",
		"UPDATE a SET x = 1":                              "",
		"DROP TABLE a, b":                                 "public.a public.b",
		"DROP VIEW a":                                     "",
		"DROP SCHEMA a, b CASCADE":                        "a.* b.*",
		"DROP SCHEMA a":                                   "", // which must be empty
		"DROP DATABASE a":                                 "a.*",
		"DROP OWNED BY a":                                 "a.*",
		"DROP EXTENSION a CASCADE":                        "",
		"DROP INDEX a":                                    "",
		"ALTER TABLE a DROP COLUMN b":                     "",
		"ALTER TABLE a DETACH PARTITION b":                "",
		"EXPLAIN DELETE FROM a":                           "",
		"EXPLAIN ANALYZE DELETE FROM a":                   "public.a",
		"WITH d AS (DELETE FROM a RETURNING 1) SELECT 1":  "public.a",
		"DO $$ BEGIN DELETE FROM a; DROP TABLE b; END $$": "public.a public.b",
		"CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'DELETE FROM a'": "",
		"TRUNCATE pg_temp.a; TRUNCATE a":                                   "public.a",
		"SELECT 1":                                                         "",
	} {
		if got := told(rules.Decide(parser.Summarize(sql, parser.Options{}), Context{}).Signs); got != want {
			t.Errorf("%s: %q, want %q", sql, got, want)
		}
	}
}

func TestSignsOfALongListAreBounded(t *testing.T) {
	var names []string
	for i := range 3 * mostTables {
		names = append(names, fmt.Sprintf("t%d", i))
	}
	s := parser.Summarize("TRUNCATE "+strings.Join(names, ", "), parser.Options{})
	if d := rulesOf(t, "tripwires: [{name: w, tables: 3, within: 1m}]\n").Decide(s, Context{}); len(d.Signs.Tables) != mostTables {
		t.Errorf("%d tables", len(d.Signs.Tables))
	}
}

func told(s *Signs) string {
	if s == nil {
		return ""
	}
	var words []string
	for _, r := range s.Tables {
		words = append(words, r.String())
	}
	if s.Suite {
		words = append(words, "suite")
	}
	return strings.Join(words, " ")
}

func TestSignsTakeWhatTheSessionSaidBefore(t *testing.T) {
	rules := rulesWith(t, "tripwires: [{name: w, tables: 3, within: 1m}]\nlimits: {max_list: 3}\n")
	for _, test := range []struct {
		sql, want string
		context   Context
	}{
		{"TRUNCATE a, b", "public.b", Context{Temporary: (*Temporaries)(nil).With("a")}},
		{"TRUNCATE a", "a", Context{SearchPathChanged: true}},
		{"DELETE FROM a WHERE id IN (1, 2, 3, 4)", "public.a", Context{}},
		{"TRUNCATE customers CASCADE", "public.customers public.orders public.items", Context{Catalog: shop}},
		{"TRUNCATE customers CASCADE", "public.customers", Context{}},
		{"DELETE FROM orders", "public.orders public.items", Context{Catalog: shop}},
		{"DELETE FROM coupons", "public.coupons", Context{Catalog: shop}},
		{"DELETE FROM customers WHERE id = 1", "", Context{Catalog: shop}},
	} {
		if got := told(rules.Decide(parser.Summarize(test.sql, parser.Options{}), test.context).Signs); got != test.want {
			t.Errorf("%s: %q, want %q", test.sql, got, test.want)
		}
	}
}

func TestOnlySessionsUnderATripwireThatReadsShowSigns(t *testing.T) {
	for yaml, want := range map[string]string{
		"": "",
		"tripwires: [{name: w, tables: 3, within: 1m, when: {user: other}}]": "",
		"tripwires: [{name: w, refusals: 3, within: 1m}]":                    "",
		"tripwires: [{name: w, test_suite: true}]":                           "public.a",
		"tripwires: [{name: w, tables: 3, within: 1m, mode: audit}]":         "public.a",
	} {
		rules := rulesOf(t, "builtin: false\n"+yaml+"\n")
		d := rules.Decide(parser.Summarize("TRUNCATE a", parser.Options{}), Context{})
		if got := told(d.Signs); got != want || outcome(d) != "allow" {
			t.Errorf("%q: %q, %s", yaml, got, outcome(d))
		}
		effects, _ := rules.Interest()
		if looks := effects.Has(parser.Truncate) && effects.Has(parser.Delete) && effects.Has(parser.Drop); looks != (want != "") {
			t.Errorf("%q: interest in %s", yaml, effects)
		}
	}
}

func TestTripwiresThatCannotBeMeant(t *testing.T) {
	const admin = "admin: {socket: /run/s, state: /var/lib/l}\n"
	of := func(keys string) string { return oneTarget + admin + "tripwires: [{name: w, " + keys + "}]\n" }
	for _, test := range []struct{ content, want string }{
		{of("within: 1m"), "7:13: a tripwire has one sign: tables, refusals or test_suite; 0 are given"},
		{of("tables: 3, refusals: 3, within: 1m"), "7:13: a tripwire has one sign: tables, refusals or test_suite; 2 are given"},
		{of("tables: 3"), "7:13: within is missing: how long a table or a refusal counts, such as 1m"},
		{of("test_suite: true, within: 1m"), "7:49: within goes with tables and refusals: a test suite trips the wire at once"},
		{of("tables: 3, within: 1m, applications: x"), "7:60: applications goes with test_suite: true; to look at some applications only, name them under when"},
		{of("tables: 0, within: 1m"), "7:31: 0 is not between 1 and 100"},
		{of("test_suite: false"), "7:35: only true is a condition; leave the key out instead"},
		{of("tables: 3, within: 1m, quarantine: forever"), `7:58: "forever" is not a duration; write it like 500ms, 30s, 5m or 24h`},
		{of("tables: 3, within: 1m") + "statements: []\n", "8:13: the list is empty; leave the key out instead"},
	} {
		compare(t, complaints(t, test.content), []string{test.want})
	}
	sources := "sources: [{name: s, environment: staging, cidr: 10.0.0.0/8}]\n"
	for keys, want := range map[string]string{
		"tables: 3, within: 1m":                                                "7:13: tripwire w can lock out the whole environment production",
		"tables: 3, within: 1m, mode: audit":                                   "",
		"tables: 3, within: 1m, when: {source: staging}":                       "",
		"tables: 3, within: 1m, when: {source: stagign, target: shop}":         `no source has an environment that matches "stagign"`,
		"tables: 3, within: 1m, when: {source: [staging, production]}":         "tripwire w can lock out",
		"tables: 3, within: 1m, when: {user: app}, quarantine: until_released": "tripwire w can lock out",
	} {
		checkWarning(t, of(keys)+sources, want)
	}
	checkWarning(t, strings.Replace(of("tables: 3, within: 1m, when: {source: staging}")+sources, admin, "", 1), "needs admin.socket")
	checkWarning(t, strings.Replace(of("tables: 3, within: 1m, when: {source: staging}")+sources, ", state: /var/lib/l", "", 1), "but a restart lifts that too; name a file under admin.state")
	checkWarning(t, strings.Replace(of("tables: 3, within: 1m, quarantine: 1h, when: {source: staging}")+sources, admin, "", 1), "")
}

func checkWarning(t *testing.T, content, want string) {
	t.Helper()
	var got []string
	for _, w := range mustParse(t, content).Warnings {
		if strings.Contains(w.Error(), "tripwire") || strings.Contains(w.Error(), "stagign") {
			got = append(got, w.Error())
		}
	}
	if said := strings.Join(got, "; "); (want == "") != (said == "") || !strings.Contains(said, want) {
		t.Errorf("%q, want %q for\n%s", said, want, content)
	}
}
