package guard

import "github.com/pgcordon/pgcordon/proxy/wire"

// query judges a simple query. What it starts with, the whole string is judged
// before any of it runs: it is one transaction.
// https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-MULTI-STATEMENT
func (g *Guard) query(body []byte, ops *Ops) bool {
	sql, _, err := wire.QueryText(body)
	if err != nil { // the server answers 08P01
		g.replies.sent(request{kind: wire.Query})
		return false
	}
	j := g.judge(sql)
	if j == g.rules.clean {
		g.cfg.Observer.Passed()
		g.replies.sent(request{kind: wire.Query})
		return false
	}
	g.temporary.sends(j.summary, g.replies.quiet())
	run := g.prepares(g.executed(j, sql))
	if !run.denied() && !g.prepared(j) {
		run = g.decide(tooMany, sql)
	}
	return g.askQuery(g.countable(j, run, true), sql, ops)
}

// askQuery carries out the judgement of a query string.
func (g *Guard) askQuery(j *judged, sql []byte, ops *Ops) (replaced bool) {
	j = g.spend(j)
	g.count(j)
	if j.denied() {
		g.substitute(wire.Query, nil, j, ops)
		return true
	}
	g.observe(j)
	if j.limit != nil && g.translate(j, sql, ops) {
		return true
	}
	g.replies.sent(request{kind: wire.Query, event: g.record(j, ops)})
	return false
}

// functionCall judges the function that a FunctionCall message calls.
func (g *Guard) functionCall(in []byte, size int, ops *Ops) (n, need int) {
	if want := min(size, wire.HeaderSize+4); len(in) < want {
		return 0, want
	}
	oid, err := wire.FunctionOID(in[wire.HeaderSize:min(size, len(in))])
	if err != nil { // the server answers 08P01
		g.replies.sent(request{kind: wire.FunctionCall})
		return g.client.forward(in, size, false, ops), 0
	}
	j := g.spend(g.decide(g.calls.summary(oid), nil))
	g.count(j)
	if j.denied() {
		g.substitute(wire.FunctionCall, nil, j, ops)
		return g.client.forward(in, size, true, ops), 0
	}
	g.replies.sent(request{kind: wire.FunctionCall, event: g.record(j, ops)})
	return g.client.forward(in, size, false, ops), 0
}
