package policy

import (
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/pgcordon/pgcordon/identity"
)

// A test that names what the policy does not have would say nothing for ever, so
// that is an error.

func checkTest(d *decoder, n *yaml.Node, t *Test) {
	t.Place = placeOf(n)
	p := d.tested
	switch {
	case t.Target != "" && p.Target(t.Target) == nil:
		d.errorf(lookup(n, "target"), "no target %q; %s", t.Target, suggestion(t.Target, p.targetNames()))
	case t.Target == "" && len(p.Targets) > 1:
		d.errorf(n, "the policy has several targets: name one under target, here or in defaults")
	}
	if t.Source.Environment == "" && !t.Source.Given() {
		d.errorf(n, "where does the client come from? write source: {address: 10.30.1.7} or {environment: staging}, here or in defaults")
	}
	switch {
	case t.Login.Decision == "deny" && t.Steps != nil:
		d.errorf(lookup(n, "steps"), "a session that is denied sends nothing; leave steps out")
	case lookup(n, "login") == n && lookup(n, "rule") == n && t.Steps == nil:
		d.errorf(n, "nothing is expected; add login or steps")
	}
	d.knownRule(lookup(n, "rule"), t.Login.Rule, p.sessionRuleNames())
}

func (p *Policy) targetNames() (names []string) {
	for _, t := range p.Targets {
		names = append(names, t.Name)
	}
	return names
}

func (d *decoder) knownRule(n *yaml.Node, rule string, known []string) {
	if rule != "" && !slices.Contains(known, rule) {
		d.errorf(n, "no rule %q; %s", rule, suggestion(rule, known))
	}
}

func (p *Policy) sessionRuleNames() (names []string) {
	for i := range p.sessions {
		names = append(names, p.sessions[i].name)
	}
	return append(names, builtinUnknownSource, builtinCrossEnvironment, builtinReplication, builtinSameEnvironment)
}

func (p *Policy) statementRuleNames() (names []string) {
	for i := range p.statements {
		names = append(names, p.statements[i].name)
	}
	if p.builtin {
		for i := range builtinStatements {
			names = append(names, builtinStatements[i].name)
		}
	}
	if len(p.Tripwires) > 0 {
		names = append(names, builtinTripwire)
	}
	if slices.ContainsFunc(p.sessions, func(r sessionRule) bool { return r.readOnly }) {
		names = append(names, builtinReadOnly, builtinReadOnlyTransaction)
	}
	return names
}

func checkTestSource(d *decoder, n *yaml.Node, s *TestSource) {
	known := []string{identity.Unknown}
	for _, r := range d.tested.sources {
		known = append(known, r.Environment)
	}
	for _, t := range d.tested.Targets {
		known = append(known, t.Environment)
	}
	switch e := s.Environment; {
	case e == "" && !s.Given():
		d.errorf(n, "the source says nothing; write {address: 10.30.1.7} or {environment: staging}")
	case e != "" && !slices.Contains(known, e):
		slices.Sort(known)
		d.errorf(lookup(n, "environment"), "no source and no target is of environment %q; %s", e, suggestion(e, slices.Compact(known)))
	case s.Facts.Unix && s.Facts.Address.IsValid():
		d.errorf(lookup(n, "unix"), "a client of a unix socket has no address")
	}
}

func checkStep(d *decoder, n *yaml.Node, w *written) {
	w.Place = placeOf(n)
	for i, texts := range w.sql {
		if texts == nil {
			continue
		}
		nodes := lookup(n, expected[i])
		if w.Decision != "" {
			d.errorf(nodes, "one step has one decision; %s is given too", w.Decision)
			continue
		}
		w.Decision = expected[i]
		for j, node := range items(nodes) {
			w.SQL = append(w.SQL, Text{texts[j], placeOf(node)})
		}
	}
	if w.Decision == "" {
		d.errorf(n, "no SQL: write allow, deny, would_deny or record, and behind it what is sent")
	}
	d.knownRule(lookup(n, "rule"), w.Rule, d.tested.statementRuleNames())
}

func placeOf(n *yaml.Node) Place { return Place{n.Line, n.Column} }
