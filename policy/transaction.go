package policy

import (
	"fmt"

	"go.yaml.in/yaml/v3"

	"github.com/pgcordon/pgcordon/parser"
)

// Changes is what a transaction, or one statement, did to a relation, as the server
// counts it: whatever caused it.
type Changes struct {
	Relation                   parser.Relation
	Inserted, Updated, Deleted int64
	Truncated                  bool
	Altered                    bool // or dropped
	// Rows is how many rows the server's statistics give the relation; -1 where they give
	// none.
	Rows float64
}

// Total is how many rows were changed.
func (c *Changes) Total() int64 { return c.Inserted + c.Updated + c.Deleted }

// Transaction is what the transactions of a session may do. It is immutable.
type Transaction struct {
	name      string
	place     Place
	mode      Mode
	when      conditions
	max       maxEffects
	relations []relationEffects
	audit     bool // nothing is refused
}

// maxEffects are bounds on what a transaction does; nil is none.
type maxEffects struct {
	deleted, updated, inserted, truncated, altered *int
}

// relationEffects are the bounds for each relation that has a name.
type relationEffects struct {
	relations []pattern
	max       maxEffects
}

// Transaction returns what the session's transactions may do; nil for anything. The first
// rule under transactions that matches the session decides.
func (r *Ruleset) Transaction() *Transaction { return r.transaction }

func (p *Policy) transaction(t *Target, c Client) *Transaction {
	for i := range p.transactions {
		if rule := &p.transactions[i]; rule.when.hold(t, c) {
			found := *rule
			found.audit = t.Mode == Audit || rule.mode == Audit
			return &found
		}
	}
	return nil
}

// Judge decides on a transaction that did all of this and is about to commit. It is the
// zero Decision where nothing is beyond its bound.
func (t *Transaction) Judge(all []Changes) Decision {
	for i := range t.relations {
		rule := &t.relations[i]
		for j := range all {
			if rule.about(all[j].Relation) {
				if d, beyond := t.judge(&rule.max, all[j:j+1]); beyond {
					return d
				}
			}
		}
	}
	d, _ := t.judge(&t.max, all)
	return d
}

// Unaccountable is the decision on a statement of whose effects the server does not tell
// before they are committed; why is a clause that says so.
func (t *Transaction) Unaccountable(act parser.Act, why string) Decision {
	return t.refusal(act, "It is to be seen what a transaction did before it commits: "+why+".",
		"Run it in another way, or from where no max_effects applies.")
}

// about tells whether a relation has one of the names. One that the server could not name,
// because it is gone, has any.
func (r *relationEffects) about(relation parser.Relation) bool {
	for i := range r.relations {
		p := &r.relations[i]
		if relation.Name == parser.AnyName || p.name.Match(relation.Name) && (p.anySchema || p.schema.Match(relation.Schema)) {
			return true
		}
	}
	return false
}

// judge compares the sums with bounds.
func (t *Transaction) judge(m *maxEffects, all []Changes) (Decision, bool) {
	for _, bound := range []struct {
		max    *int
		effect parser.Effect
		did    string
		of     func(*Changes) int64
	}{
		{m.truncated, parser.Truncate, "truncated %d relations", func(c *Changes) int64 { return one(c.Truncated) }},
		{m.deleted, parser.Delete, "deleted %d rows", func(c *Changes) int64 { return c.Deleted }},
		{m.updated, parser.Update, "updated %d rows", func(c *Changes) int64 { return c.Updated }},
		{m.altered, parser.Alter, "altered or dropped %d relations", func(c *Changes) int64 { return one(c.Altered) }},
		{m.inserted, parser.Insert, "inserted %d rows", func(c *Changes) int64 { return c.Inserted }},
	} {
		if bound.max == nil {
			continue
		}
		sum, most, where := sumOf(all, bound.of)
		if sum <= int64(*bound.max) {
			continue
		}
		did := fmt.Sprintf(bound.did, sum)
		if most < sum {
			did += fmt.Sprintf(", %d of them in %s", most, where)
		}
		return t.refusal(parser.Act{Effect: bound.effect, Relation: where},
			fmt.Sprintf("The transaction %s, and the bound is %d; nothing of it is committed.", did, *bound.max),
			"Narrow it, or do it in several transactions."), true
	}
	return Decision{}, false
}

func (t *Transaction) refusal(act parser.Act, reason, hint string) Decision {
	return Decision{Deny: !t.audit, WouldDeny: t.audit, Rule: t.name, Act: act, Reason: reason, Hint: hint}
}

// sumOf returns the sum, and the greatest part of it with the relation that has it.
func sumOf(all []Changes, of func(*Changes) int64) (sum, most int64, where parser.Relation) {
	for i := range all {
		n := of(&all[i])
		sum += n
		if n > most {
			most, where = n, all[i].Relation
		}
	}
	return sum, most, where
}

func one(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}

func checkTransaction(d *decoder, n *yaml.Node, t *Transaction) {
	t.place = placeOf(n)
	if t.max == (maxEffects{}) && len(t.relations) == 0 {
		d.errorf(n, "nothing is bounded: write max_effects, or relations with bounds of their own")
	}
}

func checkRelationEffects(d *decoder, n *yaml.Node, r *relationEffects) {
	if r.max == (maxEffects{}) {
		d.errorf(n, "nothing is bounded: write deleted, updated, inserted, truncated or altered")
	}
}
