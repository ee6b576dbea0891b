package policy

import (
	"strings"
	"testing"

	"github.com/pgcordon/pgcordon/identity"
	"github.com/pgcordon/pgcordon/parser"
)

const bounded = `
transactions:
  - {name: robots, when: {user: "bot_*"}, max_effects: {deleted: 0}}
  - name: people
    max_effects: {deleted: 10, updated: 20, truncated: 0, altered: 1}
    relations:
      - {relation: [payments, "ledger.*"], deleted: 2}
`

func transactionOf(t *testing.T, yaml, user string) *Transaction {
	t.Helper()
	p, err := Parse("p.yaml", []byte(oneTarget+yaml))
	if err != nil {
		t.Fatal(err)
	}
	return p.Ruleset(p.Targets[0], Client{Source: identity.Match{Environment: "production"}, User: user}).Transaction()
}

func TestTransactionIsJudgedByAllThatItDid(t *testing.T) {
	orders, payments := parser.Relation{Schema: "public", Name: "orders"}, parser.Relation{Schema: "public", Name: "payments"}
	people := transactionOf(t, bounded, "ann")
	for name, c := range map[string]struct {
		did    []Changes
		reason string
	}{
		"nothing":                    {nil, ""},
		"as much as it may":          {[]Changes{{Relation: orders, Deleted: 10, Updated: 20, Inserted: 1000, Altered: true}}, ""},
		"one row more":               {[]Changes{{Relation: orders, Deleted: 11}}, "deleted 11 rows, and the bound is 10"},
		"together":                   {[]Changes{{Relation: orders, Updated: 15}, {Relation: payments, Updated: 6}}, "updated 21 rows, 15 of them in public.orders"},
		"of one relation":            {[]Changes{{Relation: orders, Deleted: 3}, {Relation: payments, Deleted: 3}}, "deleted 3 rows, and the bound is 2"},
		"of each by itself":          {[]Changes{{Relation: parser.Relation{Schema: "ledger", Name: "a"}, Deleted: 2}, {Relation: payments, Deleted: 2}}, ""},
		"truncated":                  {[]Changes{{Relation: orders, Truncated: true}}, "truncated 1 relations"},
		"altered":                    {[]Changes{{Relation: orders, Altered: true}, {Relation: payments, Altered: true}}, "altered or dropped 2 relations"},
		"of a relation that is gone": {[]Changes{{Relation: parser.Relation{Name: parser.AnyName}, Deleted: 3}}, "deleted 3 rows, and the bound is 2"},
	} {
		d := people.Judge(c.did)
		if d.Deny != (c.reason != "") || !strings.Contains(d.Reason, c.reason) || d.Deny && d.Rule != "people" {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

func TestFirstRuleOnTransactionsThatMatchesDecides(t *testing.T) {
	one := []Changes{{Deleted: 1}}
	if d := transactionOf(t, bounded, "bot_1").Judge(one); d.Rule != "robots" {
		t.Errorf("%+v", d)
	}
	if d := transactionOf(t, bounded, "ann").Judge(one); d.Deny {
		t.Errorf("%+v", d)
	}
	if rule := transactionOf(t, "transactions: [{name: a, when: {user: bob}, max_effects: {deleted: 0}}]", "ann"); rule != nil {
		t.Errorf("%+v", rule)
	}
	if d := transactionOf(t, "transactions: [{name: a, mode: audit, max_effects: {deleted: 0}}]", "ann").Judge(one); d.Deny || !d.WouldDeny {
		t.Errorf("%+v", d)
	}
}

func TestStatementsOfABoundedTransactionAreAllLookedInto(t *testing.T) {
	rules := rulesOf(t, "builtin: false\ntransactions: [{name: a, max_effects: {deleted: 0}}]")
	if effects, _ := rules.Interest(); effects != parser.AllEffects {
		t.Errorf("interest in %s", effects)
	}
}

func TestRuleOnTransactionsThatBoundsNothingIsAnError(t *testing.T) {
	for rule, want := range map[string]string{
		"{name: a}":                             "nothing is bounded",
		"{name: a, max_effects: {}}":            "nothing is bounded",
		"{name: a, max_effects: {deleted: -1}}": "not between",
		"{name: a, relations: [{relation: x}]}": "nothing is bounded",
		"{name: a, relations: [{deleted: 1}]}":  `"relation" is missing`,
		"{name: a, max_effects: {dropped: 1}}":  `unknown key "dropped"`,
	} {
		if _, err := Parse("p.yaml", []byte(oneTarget+"transactions: ["+rule+"]\n")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", rule, err)
		}
	}
}
