package guard

import "github.com/pgcordon/pgcordon/proxy/wire"

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
	j := g.executed(judge(sql))
	if !j.denied() && !g.prepared(j) {
		j = g.decide(tooMany, sql)
	}
	return g.askParse(name, j, ops)
}

// askParse carries out the judgement of a Parse message. What it allows is
// counted and recorded when it is executed.
func (g *Guard) askParse(name []byte, j *judged, ops *Ops) (refused bool) {
	if !j.denied() && !g.statements.define(name, g.replies.section, j) {
		j = g.decide(tooMany, nil)
	}
	if j.denied() {
		g.count(j)
		r := g.refuse(j, ops)
		g.replies.sent(request{kind: wire.Parse, refusal: r})
		at := len(g.toServer)
		g.toServer = wire.AppendParse(g.toServer, name, g.substituteQuery(r.nonce))
		ops.send(g.toServer[at:])
		return true
	}
	g.observe(j)
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

// bind judges the statement that a Bind message names. The parameters behind the
// two names are not looked at and may be of any length.
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
		j = g.resolve(&g.statements, statement)
	}
	if !j.denied() && !g.portals.define(portal, g.replies.section, j) {
		j = g.decide(tooMany, nil)
	}
	if j.denied() {
		g.count(j)
		r := g.refuse(j, ops)
		g.replies.sent(request{kind: wire.Bind, refusal: r})
		at := len(g.toServer)
		g.toServer = wire.AppendBind(g.toServer, r.nonce)
		ops.send(g.toServer[at:])
		return g.client.forward(in, size, true, ops), 0
	}
	g.defined(&g.portals, request{kind: wire.Bind, name: string(portal), judged: j})
	return g.client.forward(in, size, false, ops), 0
}

// execute judges the portal that an Execute message names.
func (g *Guard) execute(body []byte, ops *Ops) bool {
	portal, err := wire.ExecutePortal(body)
	if err != nil { // the server answers 08P01
		g.replies.sent(request{kind: wire.Execute})
		return false
	}
	j := g.spend(g.resolve(&g.portals, portal))
	g.count(j)
	if j.denied() {
		r := g.refuse(j, ops)
		g.replies.sent(request{kind: wire.Execute, refusal: r})
		at := len(g.toServer)
		g.toServer = wire.AppendExecute(g.toServer, r.nonce)
		ops.send(g.toServer[at:])
		return true
	}
	g.replies.sent(request{kind: wire.Execute, event: g.record(j, ops)})
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
