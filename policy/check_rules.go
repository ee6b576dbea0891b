package policy

import (
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/pgcordon/pgcordon/parser"
)

// checkMode refuses a mode on what refuses nothing, since it can only be a
// misunderstanding of which way round the rule works.
func checkMode(d *decoder, n *yaml.Node, a action, m Mode) {
	if a != deny && m == Audit {
		d.errorf(lookup(n, "mode"), "mode audit is for rules with action deny")
	}
}

func checkSession(d *decoder, n *yaml.Node, r *sessionRule) {
	r.place = placeOf(n)
	checkMode(d, n, r.action, r.mode)
}

func checkStatement(d *decoder, n *yaml.Node, r *statementRule) {
	r.place = placeOf(n)
	checkMode(d, n, r.action, r.mode)
	if r.allowance != nil && r.action != allow {
		d.errorf(lookup(n, "allowance"), "allowance is for rules with action allow: it says how often the rule allows")
	}
	r.narrow()
	if r.effects == 0 {
		d.warnf(lookup(n, "when"), "rule %s never matches: breadth is of %s only, function of %s only, and all conditions must hold",
			r.name, predicated, calling)
	}
}

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
		return rule.name, rule.decides() && rule.unconditional()
	})
}

// warnOfIdle tells of exceptions to nothing.
func warnOfIdle(d *decoder, n *yaml.Node, p *Policy) {
	nodes := items(lookup(n, "statements"))
	for i := range p.statements {
		rule := &p.statements[i]
		if rule.allowance == nil || p.mayRefuse(rule.effects, i+1) {
			continue
		}
		d.warnf(lookup(nodes[i], "allowance"), "the allowance of rule %s bounds nothing: no rule behind it refuses what it allows", rule.name)
	}
}

// mayRefuse tells whether a rule from the i-th on could refuse one of the effects.
func (p *Policy) mayRefuse(effects parser.EffectSet, i int) bool {
	behind := slices.Clone(p.statements[i:])
	if p.builtin {
		behind = append(behind, builtinStatements...)
	}
	return slices.ContainsFunc(behind, func(r statementRule) bool {
		return r.action == deny && r.mode == Enforce && r.effects&effects != 0
	})
}

// behind asks of each rule whether an earlier one hides it.
func behind(d *decoder, nodes []*yaml.Node, count int, hides func(earlier, later int) (string, bool)) {
	for later := range count {
		for earlier := range later {
			if name, hidden := hides(earlier, later); hidden {
				d.warnf(nodes[later], "this rule is never reached: rule %s has no conditions", name)
				break
			}
		}
	}
}

// hides tells whether no session is left for a later rule. Even an allow without
// conditions leaves the replication connections.
func (r *sessionRule) hides(later *sessionRule) bool {
	if r.mode == Audit || !r.when.none() {
		return false
	}
	if r.action == deny {
		return true
	}
	asked := later.when.replication
	if later.action == allow {
		return asked == nil || !*asked
	}
	return asked != nil && !*asked
}
