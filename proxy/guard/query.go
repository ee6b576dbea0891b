package guard

import (
	"slices"

	"github.com/pgcordon/pgcordon/parser"
	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/wire"
)

// query judges a simple query. What it starts with, the whole string is judged
// before any of it runs: it is one transaction.
// https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-MULTI-STATEMENT
func (g *Guard) query(body []byte, ops *Ops) bool {
	sql, rest, err := wire.QueryText(body)
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
	j = g.identified(j, sql, nil)
	g.temporary.sends(j.summary, g.replies.quiet())
	run := g.prepares(g.executed(j, sql))
	if !run.denied() && !g.prepared(j) {
		run = g.decide(tooMany, sql)
	}
	if rest > 0 && g.transaction != nil && !run.denied() { // the server answers 08P01
		g.replies.sent(request{kind: wire.Query})
		return false
	}
	return g.askQuery(j, run, sql, ops)
}

// askQuery carries out the judgement of a query string: own, and the worst of what it may
// EXECUTE.
func (g *Guard) askQuery(own, run *judged, sql []byte, ops *Ops) (replaced bool) {
	s, run := g.held(own, g.overridden(run), sql)
	run = g.spend(run)
	g.count(run)
	if run.denied() {
		g.substitute(wire.Query, nil, run, ops)
		return true
	}
	g.observe(run)
	if s != nil && !g.replies.skipping {
		if s.event = g.record(run, ops); s.event != nil {
			s.record, s.event.pending = run.verdict.decision.Statement, 0
		}
		g.begins(s, ops)
		return true
	}
	g.replies.sent(request{kind: wire.Query, event: g.record(run, ops)})
	return false
}

// held returns the script of a query string that has to be held in front of its commit,
// nil for any other, and the judgement of the string.
func (g *Guard) held(own, run *judged, sql []byte) (*script, *judged) {
	if own.summary == nil {
		return nil, run
	}
	if d := g.needsCopy(own, run); d.Deny {
		return nil, own.refusedBy(d, sql).barred(uncopied)
	}
	switch {
	case run.denied():
		return nil, run
	case g.transaction == nil && run.limit != nil: // a replication connection has no extended protocol
		return nil, own.refusedBy(run.limit.Uncountable(replicating), sql)
	case g.transaction == nil:
		return nil, run
	}
	if !own.summary.Parsed && sql != nil && (run.limit != nil || g.transaction.bounds != nil) {
		return g.doubted(own.refusedBy(g.unaccountable(own, run, notUnderstood), sql)), run
	}
	s, d := g.inChunks(own, run, sql)
	if d.Deny || d.WouldDeny {
		return nil, own.refusedBy(d, sql)
	}
	if t := g.transaction; s == nil && t.bounds != nil && touching(own.summary) {
		t.touched, t.last = true, own
	}
	return s, run
}

// touching tells whether a string may change anything.
func touching(s *parser.Summary) bool {
	return slices.ContainsFunc(s.Statements, func(st parser.Statement) bool { return st.Boundary == parser.Within })
}

// refusedBy returns the judgement with another decision, which is not that of a rule alone:
// operators cannot overrule it.
func (j *judged) refusedBy(d policy.Decision, sql []byte) *judged {
	return &judged{rules: j.rules, context: j.context, summary: j.summary, verdict: &verdict{decision: d, sql: string(sql), appeal: &Appeal{Barred: limited}}}
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
	if d := g.callable(j, ops); d.Deny && !j.denied() {
		j = j.refusedBy(d, nil)
	}
	g.count(j)
	if j.denied() {
		g.substitute(wire.FunctionCall, nil, j, ops)
		return g.client.forward(in, size, true, ops), 0
	}
	g.replies.sent(request{kind: wire.FunctionCall, event: g.record(j, ops)})
	return g.client.forward(in, size, false, ops), 0
}
