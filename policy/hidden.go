package policy

import (
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/pgcordon/pgcordon/identity"
)

// warnOfUnreachable tells of rules behind one that leaves nothing for them.
func warnOfUnreachable(d *decoder, n *yaml.Node, p *Policy) {
	behind(d, items(lookup(n, "sources")), len(p.sources), func(earlier, later int) (string, bool) {
		return p.sources[earlier].Name, !p.sources[earlier].Conditional()
	})
	behind(d, items(lookup(n, "sessions")), len(p.sessions), func(earlier, later int) (string, bool) {
		return p.sessions[earlier].name, p.sessions[earlier].hides(&p.sessions[later])
	})
	behind(d, items(lookup(n, "statements")), len(p.statements), func(earlier, later int) (string, bool) {
		rule := &p.statements[earlier]
		return rule.name, rule.hides(&p.statements[later])
	})
}

// behind asks of each rule whether an earlier one hides it.
func behind(d *decoder, nodes []*yaml.Node, count int, hides func(earlier, later int) (string, bool)) {
	for later := range count {
		for earlier := range later {
			if name, hidden := hides(earlier, later); hidden {
				d.warnf(nodes[later], "rule %s above already decides all that this rule is about", name)
				break
			}
		}
	}
}

// hides tells whether no session is left for a later rule. An allow leaves the
// replication connections to a rule that says the word.
func (r *sessionRule) hides(later *sessionRule) bool {
	if r.mode == Audit || !r.when.include(&later.when) {
		return false
	}
	replicates := later.when.replication
	switch {
	case r.action == deny || r.when.replication != nil:
		return true
	case later.action == allow:
		return replicates == nil || !*replicates
	}
	return replicates != nil && !*replicates
}

// hides tells whether no act is left for a later rule, but for names that a text
// leaves open, which are the later one's where it refuses and this one allows.
func (r *statementRule) hides(later *statementRule) bool {
	return r.decides() && r.session.include(&later.session) &&
		later.effects&^r.effects == 0 &&
		(r.breadths == 0 || later.breadths != 0 && later.breadths&^r.breadths == 0) &&
		(r.traits == 0 || later.traits != 0 && later.traits&^r.traits == 0) &&
		r.include(r.relations, later.relations) && r.include(r.functions, later.functions) && r.include(r.objects, later.objects)
}

// include tells whether every name that the later patterns match is matched by the
// rule's. Where the rule allows, one with a schema matches no name without, which a
// later refusal may match.
func (r *statementRule) include(patterns, later []pattern) bool {
	return len(patterns) == 0 || len(later) > 0 && !slices.ContainsFunc(later, func(l pattern) bool {
		return !slices.ContainsFunc(patterns, func(p pattern) bool {
			schema := p.anySchema || r.action != allow && !l.anySchema && includes(p.schema, l.schema)
			return schema && includes(p.name, l.name)
		})
	})
}

// include tells whether every session that meets the later conditions meets c.
func (c *conditions) include(later *conditions) bool {
	return c.source.include(later.source) && c.target.include(later.target) && c.user.include(later.user) &&
		c.database.include(later.database) && c.application.include(later.application) &&
		(c.replication == nil || later.replication != nil && *c.replication == *later.replication)
}

func (g globs) include(later globs) bool {
	return len(g) == 0 || len(later) > 0 && !slices.ContainsFunc(later, func(l identity.Glob) bool {
		return !slices.ContainsFunc(g, func(p identity.Glob) bool { return includes(p, l) })
	})
}

// includes tells whether a glob matches whatever another does, as far as that is easy
// to see.
func includes(g, other identity.Glob) bool {
	return g == other || g.String() == "*" || other.Literal() && g.Match(other.String())
}
