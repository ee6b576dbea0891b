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
	switch at := lookup(n, "read_only"); {
	case !r.readOnly:
	case r.action != allow:
		d.errorf(at, "read_only is for rules with action allow: it says what the session may do")
	case r.when.replication != nil && *r.when.replication:
		d.errorf(at, "read_only is for sessions that send SQL: a replication connection runs no transaction that could be kept read-only")
	}
}

func checkStatement(d *decoder, n *yaml.Node, r *statementRule) {
	r.place = placeOf(n)
	checkMode(d, n, r.action, r.mode)
	if r.allowance != nil && r.action != allow {
		d.errorf(lookup(n, "allowance"), "allowance is for rules with action allow: it says how often the rule allows")
	}
	if at := lookup(n, "break_glass"); at != n && r.action != deny {
		d.errorf(at, "break_glass is for rules with action deny: it says whether an operator may let through what the rule refuses")
	}
	r.narrow()
	checkLimit(d, n, r)
	checkReceipt(d, n, r)
	if r.effects == 0 {
		d.warnf(lookup(n, "when"), "rule %s never matches: breadth is of %s only, function of %s only, and all conditions must hold",
			r.name, predicated, calling)
	}
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
