package guard

import (
	"unicode/utf8"

	"github.com/pgcordon/pgcordon/parser"
	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/wire"
)

// A Query commits before it tells what it did. Where rows or effects are bounded it is sent
// in pieces, a statement each, in the extended protocol, whose commit comes with the Sync.
// The unnamed statement and portal, which a Query takes from the client, are then the
// guard's.
//
// The statements of one string are one transaction, which servers before 18 do not make of
// pieces in every respect: in a block of the guard's own they are.
// https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-MULTI-STATEMENT

// plan is the script of a Query in the making.
type plan struct {
	g          *Guard
	own, run   *judged // of the string, and the worst of what it may EXECUTE
	sql        string
	statements []parser.Statement
	script     *script
	open       bool // whether a block of the client's is open when the next step is taken
	block      bool // or one of the guard's own
}

// inPieces returns the script of a Query; nil where it may go as it is. Where it can not be
// held in front of its commit, it returns a decision that refuses it.
func (g *Guard) inPieces(own, run *judged, sql []byte) (*script, policy.Decision) {
	p := plan{g: g, own: own, run: run, sql: string(sql), open: g.transaction.open, script: &script{end: ending, query: true}}
	p.split()
	if !p.needed() {
		return nil, policy.Decision{}
	}
	for i := range p.statements {
		if d := p.impossible(&p.statements[i]); d.Deny {
			return nil, d
		}
		p.add(i)
	}
	if !p.open {
		p.then(g.account(p.sql)...)
	}
	return p.script, policy.Decision{}
}

func (p *plan) then(s ...step) { p.script.steps = append(p.script.steps, s...) }

// split finds the statements with their places, which they do not have from the cache.
func (p *plan) split() {
	p.statements = p.own.summary.Statements
	if len(p.statements) > 1 && p.statements[0].End == 0 {
		p.statements = parser.Summarize(p.sql, p.g.options()).Statements
	}
}

// needed tells whether the string has to be sent in pieces.
func (p *plan) needed() bool {
	t := p.g.transaction
	switch {
	case p.run.limit != nil, p.receiptable():
		return len(p.statements) > 1 || p.statements[0].Prepares == ""
	case t.bounds == nil:
		return false
	case len(p.statements) > 1 && (!p.open || !t.based):
		return true
	}
	for i := range p.statements {
		switch b := p.statements[i].Boundary; {
		case b == parser.AtCommit, b == parser.Commits && p.open && !t.failed, b == parser.Within && (!p.open || !t.based && !t.failed):
			return true
		case len(p.statements) > 1 && (b == parser.Begins || b == parser.RollsBack):
			return true
		}
	}
	return false
}

// impossible refuses what cannot be held in front of its commit.
func (p *plan) impossible(st *parser.Statement) policy.Decision {
	why, several := "", len(p.statements) > 1
	switch {
	case !p.own.summary.Parsed:
		why = "the text is not understood"
	case st.Boundary == parser.AtCommit && p.g.transaction.bounds != nil:
		why = holdable
	case several && !p.readable():
		why = "the statements of the string cannot be told apart in this encoding"
	case several && !p.open && (st.Boundary == parser.Marks || st.Boundary == parser.Alone):
		why = st.Kind + " does not run in the transaction that the statements of a string are"
	default:
		return policy.Decision{}
	}
	return p.g.unaccountable(p.own, p.run, why)
}

const holdable = "the query of a cursor WITH HOLD runs when the transaction commits"

// unaccountable is the decision on what cannot be held in front of its commit.
func (g *Guard) unaccountable(own, run *judged, why string) policy.Decision {
	if run.limit != nil {
		return run.limit.Uncountable(why)
	}
	return g.transaction.bounds.Unaccountable(own.firstAct(), why)
}

func (j *judged) firstAct() parser.Act {
	if j.summary != nil {
		for i := range j.summary.Statements {
			if acts := j.summary.Statements[i].Acts; len(acts) > 0 {
				return acts[0]
			}
		}
	}
	return parser.Act{Effect: parser.Unknown}
}

// readable tells whether places in the text are places in what the client sent.
func (p *plan) readable() bool {
	o := p.g.options()
	return !o.NonConforming && (parser.IsASCII([]byte(p.sql)) || p.g.encoding() == "UTF8")
}

// add plans one statement.
func (p *plan) add(i int) {
	st := &p.statements[i]
	switch st.Boundary {
	case parser.Begins:
		p.then(p.piece(i, nil, nil))
		p.open, p.block = true, false
	case parser.Commits:
		p.then(p.g.account(p.sql)...)
		p.closes(i, "COMMIT")
	case parser.RollsBack:
		p.closes(i, "ROLLBACK")
	default:
		if !p.open && !p.block && (len(p.statements) > 1 || mayCommit(st)) {
			p.block = true
			p.then(func(g *Guard, _ *script, ops *Ops) bool {
				g.opens(ops)
				return true
			})
		}
		p.within(i)
	}
}

// mayCommit tells whether a statement can commit by itself, outside of a block.
func mayCommit(st *parser.Statement) bool { return st.Kind == "CALL" || st.Kind == "DO" }

// opens opens a block of the guard's own.
func (g *Guard) opens(ops *Ops) {
	g.transaction.own = true
	g.command("BEGIN", ops)
}

// closes plans the end of a transaction: of the client's own, or of the one that its
// statements make without a block, of which the server warns.
func (p *plan) closes(i int, how string) {
	block, open, run := p.block, p.open && p.statements[i].Chains, p.piece(i, nil, nil)
	p.then(func(g *Guard, s *script, ops *Ops) bool {
		if block {
			g.command(how, ops)
		}
		g.transaction.begin(open)
		return run(g, s, ops)
	})
	p.block, p.open = false, open
}

// within plans a statement inside a transaction, and the count of its rows.
func (p *plan) within(i int) {
	st := &p.statements[i]
	if st.Boundary != parser.Within {
		p.then(p.piece(i, nil, nil))
		return
	}
	p.then(func(g *Guard, _ *script, ops *Ops) bool {
		g.touches(p.own, ops)
		return true
	})
	limit, byTag := p.g.limitOf(p.own, p.run, []byte(p.sql), i)
	r := p.receipt()
	if limit == nil && r == nil {
		p.then(p.piece(i, nil, nil))
		if st.Kind == "COPY" { // the client has its turn before anything else is sent
			p.then(until(p.g.replies.idle))
		}
		return
	}
	var c *tally
	if limit != nil {
		c = &tally{limit: limit, judged: p.run, byTag: byTag}
		if limit.ByPlan() && st.Counted {
			text, shift := p.excerpt(i)
			p.then(c.estimate(text, shift)...)
		}
	}
	if r != nil {
		p.then(r.before()...)
	}
	if c != nil {
		p.then(func(g *Guard, _ *script, ops *Ops) bool {
			c.mark(g, ops)
			return true
		})
	}
	p.then(p.piece(i, c, r))
	if c != nil {
		p.then(c.steps()...)
	}
	if r != nil {
		p.then(r.after()...)
	}
}

// receipt returns what is to be written down of the string; nil for nothing.
func (p *plan) receipt() *receipt {
	if !p.receiptable() {
		return nil
	}
	return p.g.newReceipt(p.run, p.sql)
}

func (p *plan) receiptable() bool { return p.run.receipt() != nil && unreceiptable(p.own) == "" }

// excerpt returns a statement as the client wrote it, which is the whole string where it is
// the only one, and how many characters stand in front of it.
func (p *plan) excerpt(i int) (text string, before int) {
	if len(p.statements) == 1 {
		return p.sql, 0
	}
	st := &p.statements[i]
	return p.sql[st.Start:st.End], utf8.RuneCountInString(p.sql[:st.Start])
}

// piece runs one statement.
func (p *plan) piece(i int, c *tally, r *receipt) step {
	text, before := p.excerpt(i)
	boundary, last := p.statements[i].Boundary, i == len(p.statements)-1
	return func(g *Guard, s *script, ops *Ops) bool {
		part := &part{script: s, piece: true, statement: i, last: last, shift: before, tally: c, receipt: r}
		if t := g.transaction; boundary == parser.Begins {
			part.calm = t.own
			t.open, t.own = true, false
		} else if boundary == parser.Marks {
			t.failed = false // a ROLLBACK TO
		}
		for _, kind := range [...]byte{wire.Parse, wire.Bind, wire.Describe, wire.Execute} {
			g.replies.sent(request{kind: kind, part: part, judged: p.run})
		}
		at := len(g.toServer)
		g.toServer = wire.AppendParse(g.toServer, nil, text)
		g.toServer = wire.AppendBind(g.toServer, "", "")
		g.toServer = wire.AppendDescribePortal(g.toServer, "")
		g.toServer = wire.AppendExecute(g.toServer, "")
		ops.send(g.toServer[at:])
		return true
	}
}
