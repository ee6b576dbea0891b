package guard

import (
	"github.com/pgcordon/pgcordon/parser"
	"github.com/pgcordon/pgcordon/proxy/wire"
)

// bindNamesSize is how much of a Bind message is looked at for its two names.
const bindNamesSize = 4096

// parse judges the text of a prepared statement.
func (g *Guard) parse(body []byte, ops *Ops) bool {
	name, sql, err := wire.ParseText(body)
	if err != nil { // the server answers 08P01
		g.replies.sent(request{kind: wire.Parse})
		return false
	}
	judge := g.judge
	if len(name) > 0 {
		judge = g.judgeKept
	}
	j := judge(sql)
	if j.parametric || j.verdict != nil {
		types, _ := wire.ParseTypes(body)
		j = g.identified(j, sql, types).typed(types)
	}
	if run := g.executed(j, nil); run.refused() {
		j = run
	} else if !g.prepared(j) {
		j = g.decide(tooMany, sql)
	}
	return g.askParse(name, j, ops)
}

// askParse carries out the judgement of a Parse message. What it allows is
// counted and recorded when it is executed.
func (g *Guard) askParse(name []byte, j *judged, ops *Ops) (refused bool) {
	if !j.refused() && !g.statements.define(name, g.replies.section, j) {
		j = g.decide(tooMany, nil)
	}
	if j.refused() {
		g.count(j)
		g.substitute(wire.Parse, name, j, ops)
		return true
	}
	if g.postponed = g.postponed || j.denied(); !j.open() {
		g.observe(j)
	}
	g.defined(&g.statements, request{kind: wire.Parse, name: string(name), judged: j})
	return false
}

// defined notes a request that defines a name; one that the server will skip
// defines nothing.
func (g *Guard) defined(r *registry, q request) {
	if !g.replies.sent(q) {
		r.settle(q.name, q.judged, false)
	}
}

// bind judges the statement that a Bind message names. What is behind the two names is
// looked at only where the judgement depends on the parameters, and may else be of any
// length.
func (g *Guard) bind(in []byte, size int, ops *Ops) (n, need int) {
	if want := min(size, bindNamesSize); len(in) < want {
		return 0, want
	}
	portal, statement, err := wire.BindNames(in[wire.HeaderSize:min(size, len(in))])
	j := (*judged)(nil)
	switch {
	case err != nil && size <= len(in): // the server answers 08P01
		g.replies.sent(request{kind: wire.Bind})
		return g.client.forward(in, size, false, ops), 0
	case err != nil:
		j = g.decide(malformed, nil)
	default:
		if j, need = g.bound(statement, in, size); need != 0 {
			return 0, need
		}
	}
	return g.askBind(portal, j, in, size, ops), 0
}

// bound judges what a Bind message binds.
func (g *Guard) bound(statement, in []byte, size int) (j *judged, need int) {
	j, open := g.resolve(&g.statements, statement, nil)
	types, certain := j.types, len(g.scratch) == 1
	if g.mixed() {
		return g.decide(stale, nil), 0
	}
	if open && !j.refused() || j.appealable() {
		var values []parser.Value
		if values, need = g.values(in, size); need != 0 {
			return nil, need
		}
		j, _ = g.resolve(&g.statements, statement, values)
		j = g.valued(j, in, size)
	}
	if run := g.executed(j, nil); run.denied() {
		return run, 0
	}
	if certain {
		need = g.keeps(j, types, in, size)
	}
	return j, need
}

// askBind carries out the judgement of a Bind message.
func (g *Guard) askBind(portal []byte, j *judged, in []byte, size int, ops *Ops) (n int) {
	refused := j.denied() && !g.covered(j)
	if !refused && !g.portals.define(portal, g.replies.section, j) {
		j, refused = g.decide(tooMany, nil), true
	}
	if refused {
		g.count(j)
		g.substitute(wire.Bind, nil, j, ops)
		return g.client.forward(in, size, true, ops)
	}
	g.defined(&g.portals, request{kind: wire.Bind, name: string(portal), judged: j})
	return g.client.forward(in, size, false, ops)
}

// execute judges the portal that an Execute message names.
func (g *Guard) execute(body []byte, ops *Ops) bool {
	portal, err := wire.ExecutePortal(body)
	if err != nil { // the server answers 08P01
		g.replies.sent(request{kind: wire.Execute})
		return false
	}
	values := g.transaction.valuesOf(portal)
	j, _ := g.resolve(&g.portals, portal, nil)
	if g.mixed() {
		j = g.decide(stale, nil)
	}
	for _, candidate := range g.scratch {
		g.temporary.sends(candidate.summary, len(g.scratch) == 1 && g.replies.quiet())
		g.meaning.context.Committed = g.meaning.context.Committed || g.rules.readOnly && candidate.commits()
	}
	run := g.spend(g.executable(j, g.overridden(g.executed(j, nil))))
	g.count(run)
	if run.denied() {
		g.substitute(wire.Execute, nil, run, ops)
		return true
	}
	if g.transaction != nil && j.summary != nil && len(j.summary.Statements) == 1 {
		return g.executeBounded(j, run, values, body, ops)
	}
	g.replies.sent(request{kind: wire.Execute, event: g.record(run, ops)})
	return false
}

// close notes that a prepared statement or portal is to be closed.
func (g *Guard) close(body []byte, _ *Ops) bool {
	kind, name, err := wire.CloseTarget(body)
	q := request{kind: wire.Close}
	if err == nil {
		q.object, q.name = kind, string(name)
	}
	g.replies.sent(q)
	return false
}
