package guard

import (
	"github.com/pgcordon/pgcordon/parser"
	"github.com/pgcordon/pgcordon/proxy/wire"
)

// What depends on the values of parameters is judged when they are known, which is at
// Bind. At Parse it is let through: nothing runs yet.

// refused tells whether a statement is refused whatever the values of its parameters
// will be, and whatever operators say.
func (j *judged) refused() bool { return j.denied() && !j.parametric && !j.appealable() }

// open tells whether the values of parameters are worth knowing: they may lift a
// refusal, or tell which setting a statement changes.
func (j *judged) open() bool {
	return j.parametric && (j.verdict != nil || j.summary.Effects.Has(parser.Settings))
}

// typed returns the judgement with the types of parameters, where they matter.
func (j *judged) typed(types []uint32) *judged {
	if !j.parametric && j.verdict == nil || len(types) == 0 {
		return j
	}
	t := *j
	t.types = types
	return &t
}

// with judges a statement that is about to run with the values of its parameters.
func (g *Guard) with(j *judged, values []parser.Value) *judged {
	for i := range values {
		values[i].Type = 0
		if i < len(j.types) {
			values[i].Type = j.types[i]
		}
	}
	decided := g.decideAnew(j.summary.With(values), []byte(j.summary.Text()))
	g.observe(decided)
	decided = decided.withAppeal(j)
	for _, other := range j.also {
		decided = worse(decided, other)
	}
	return decided
}

// values returns the values in a Bind message, of which in holds the beginning, or how
// many bytes it needs. There are none where the message is longer than what is
// inspected, or broken: each can then have any.
func (g *Guard) values(in []byte, size int) (values []parser.Value, need int) {
	values = []parser.Value{}
	switch {
	case size > g.cfg.InspectBytes:
		return values, 0
	case size > maxHeld && !g.login.accepted:
		return nil, awaitServer
	case len(in) < size:
		return nil, size
	}
	parameters, _ := wire.BindParameters(in[wire.HeaderSize:size])
	for _, p := range parameters {
		values = append(values, parser.Value{Null: p.Null, Binary: p.Binary, Bytes: p.Value, Encoding: g.encoding()})
	}
	return values, 0
}

// arguments returns what EXECUTE gives to a prepared statement in one statement of a
// text; nothing where the text is not at hand or can be read in two ways.
func (g *Guard) arguments(sql []byte, statement int) []parser.Value {
	values := []parser.Value{}
	text, ok := parser.ToUTF8(sql, g.encoding())
	if !ok || g.options().NonConforming {
		return values
	}
	return append(values, parser.Arguments(string(text), statement)...)
}

// prepares returns the judgement of a string that does nothing but PREPARE what is
// judged when it is executed, with values; else j.
func (g *Guard) prepares(j *judged) *judged {
	if !j.denied() && j.signs() == nil || !j.parametric || len(j.summary.Statements) != 1 || j.summary.Statements[0].Prepares == "" {
		return j
	}
	g.postponed = true
	return &judged{rules: j.rules, context: j.context, summary: j.summary}
}

// describe notes what a client asks to have described, where the answer tells the types
// of parameters that matter.
func (g *Guard) describe(body []byte, _ *Ops) bool {
	q := request{kind: wire.Describe}
	if kind, name, err := wire.CloseTarget(body); err == nil && kind == wire.KindStatement && g.statements.parametric(name) {
		q.object, q.name = kind, string(name)
	}
	g.replies.sent(q)
	return false
}

// described takes the types that the server tells of.
func (g *Guard) described(body []byte) {
	q := g.replies.front(wire.Describe)
	if q == nil || q.object != wire.KindStatement {
		return
	}
	if types, err := wire.ParameterTypes(body); err == nil {
		g.statements.typed(q.name, types)
	}
}
