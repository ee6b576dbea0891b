package guard

import (
	"slices"
	"strings"

	"github.com/pgcordon/pgcordon/parser"
	"github.com/pgcordon/pgcordon/policy"
)

// A Query commits before anybody can ask what it did. Where rows or effects are bounded it
// runs in a block: the client's, or one of the guard's own, which then commits or not. What
// commits inside of the string is held back: the string is sent in chunks, each a Query of
// some of its statements, with what the guard has to do and to ask between them.
//
// What may not run in a block, or says something else there, is not put into one.
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
	based      bool // the basis has been laid
	chunk      *chunk
	whole      *receipt // of several statements together
}

// inChunks returns the script of a Query; nil where it may go as it is. Where it can not be
// held in front of its commit, it returns a decision that refuses it.
func (g *Guard) inChunks(own, run *judged, sql []byte) (*script, policy.Decision) {
	t := g.transaction
	p := plan{g: g, own: own, run: run, sql: string(sql), open: t.open, based: t.based, script: &script{end: ending, query: true}}
	p.split()
	if !p.needed() {
		return nil, policy.Decision{}
	}
	for i := range p.statements {
		if d := p.impossible(&p.statements[i]); d.Deny || d.WouldDeny {
			return nil, d
		}
		p.add(i)
	}
	p.endReceipt()
	p.flush(!p.block)
	if p.block {
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

// needed tells whether the string has to be held.
func (p *plan) needed() bool {
	t := p.g.transaction
	if len(p.statements) == 0 {
		return false
	}
	if t.failed && !slices.Contains([]parser.Boundary{parser.Commits, parser.RollsBack, parser.Marks}, p.statements[0].Boundary) {
		return false // the server rejects it
	}
	if (p.run.limit != nil || p.receiptable()) && (len(p.statements) > 1 || p.statements[0].Prepares == "") {
		return true
	}
	if t.bounds == nil {
		return false
	}
	switch {
	case p.has(parser.AtCommit), blinds(p.statements), p.has(parser.Within) && (!p.open || !p.based), p.has(parser.Commits) && p.open && !t.failed:
		return true
	}
	return len(p.statements) > 1 && p.has(parser.Begins, parser.Commits, parser.RollsBack)
}

func (p *plan) has(boundaries ...parser.Boundary) bool {
	return slices.ContainsFunc(p.statements, func(st parser.Statement) bool { return slices.Contains(boundaries, st.Boundary) })
}

// add plans one statement.
func (p *plan) add(i int) {
	switch st := &p.statements[i]; st.Boundary {
	case parser.Begins:
		if p.block {
			p.flush(false)
		}
		p.put(i).calm = p.block
		if p.open, p.block = true, false; p.chunk.calm {
			p.flush(false)
			p.then(func(g *Guard, _ *script, _ *Ops) bool {
				g.transaction.open, g.transaction.own = true, false
				return true
			})
		}
	case parser.Commits, parser.RollsBack:
		p.closes(i)
	default:
		p.within(i)
	}
}

// closes plans the end of a transaction: of the client's own, or of the one that its
// statements make without a block, of whose end the server warns.
func (p *plan) closes(i int) {
	how, block, open := "ROLLBACK", p.block, p.open && p.statements[i].Chains
	p.flush(false)
	if p.statements[i].Boundary == parser.Commits && !(block && p.statements[i].Chains) { // else it fails, without a block
		how = "COMMIT"
		p.then(p.g.account(p.sql)...)
	}
	if block {
		ended := &part{script: p.script, unheard: true}
		p.then(func(g *Guard, _ *script, ops *Ops) bool {
			g.command(how, ops)
			g.sync(ended, ops)
			return true
		}, ended.answered(), begins(false))
	}
	p.put(i)
	p.block, p.open, p.based = false, open, false
	p.flush(i+1 == len(p.statements))
	p.then(begins(open))
}

// begins notes that a transaction is over, behind what has ended it.
func begins(open bool) step {
	return func(g *Guard, _ *script, _ *Ops) bool {
		g.transaction.begin(open)
		return true
	}
}

// within plans a statement inside a transaction, and the count of its rows.
func (p *plan) within(i int) {
	st := &p.statements[i]
	p.opens(i)
	if st.Boundary != parser.Within {
		if p.put(i); st.Boundary == parser.Marks { // it may mend what has failed
			p.flush(false)
		}
		return
	}
	p.touches(st)
	p.beginReceipt()
	r := p.receipt()
	if r != nil {
		p.flush(false)
		p.then(r.before()...)
	}
	if limit, byTag := p.g.limitOf(p.own, p.run, []byte(p.sql), i); limit != nil {
		p.counts(i, &tally{limit: limit, judged: p.run, byTag: byTag}, r)
	} else {
		p.put(i).receipt = r
	}
	if r != nil {
		p.flush(false)
		p.then(r.after()...)
	}
}

// touches plans what has to come in front of a statement that may change something. The
// client gets to send COPY data when nothing is left to decide.
func (p *plan) touches(st *parser.Statement) {
	bounds := p.g.transaction.bounds != nil
	if bounds && !p.based && p.mustComeFirst() || st.Kind == "COPY" {
		p.flush(false)
	}
	if p.based = true; bounds {
		p.then(func(g *Guard, _ *script, ops *Ops) bool {
			g.touches(p.own, ops)
			return true
		})
	}
}

// mustComeFirst tells whether the chunk has what nothing may be asked in front of: BEGIN, and
// what sets the transaction's modes. Everything else stays in one piece, so that the client
// hears of all of it when the server would tell.
func (p *plan) mustComeFirst() bool {
	if p.chunk == nil {
		return false
	}
	for i := p.chunk.first; i < p.chunk.end; i++ {
		st := &p.statements[i]
		if st.Boundary != parser.Quiet || slices.ContainsFunc(st.Acts, func(a parser.Act) bool {
			return a.Effect == parser.Transaction || strings.HasPrefix(a.Object, "transaction_")
		}) {
			return true
		}
	}
	return false
}

// counts plans a statement whose rows are limited.
func (p *plan) counts(i int, c *tally, r *receipt) {
	plans := c.limit.ByPlan() && p.statements[i].Counted
	if plans || c.asks() {
		p.flush(false)
	}
	if plans {
		text, before := p.excerpt(i, i+1)
		p.then(c.estimate(text, before)...)
	}
	if !c.asks() {
		p.put(i).tallies[i], p.chunk.receipt = c, r
		return
	}
	p.then(func(g *Guard, _ *script, ops *Ops) bool {
		c.mark(g, ops)
		return true
	})
	p.put(i).tallies[i], p.chunk.receipt = c, r
	p.flush(false)
	p.then(c.weighs()...)
}

// opens plans a block of the guard's own where the statement needs one: what is quiet by
// itself may say that there is none.
func (p *plan) opens(i int) {
	if b := p.statements[i].Boundary; p.open || p.block || len(p.statements) == 1 && b != parser.Within {
		return
	}
	p.flush(false)
	p.block = true
	p.then(func(g *Guard, _ *script, ops *Ops) bool {
		g.opens(ops)
		return true
	})
}

// opens opens a block of the guard's own. Should that fail, the server skips what follows.
func (g *Guard) opens(ops *Ops) {
	g.transaction.own = true
	g.command("BEGIN", ops)
}

// mayCommit tells whether a statement can commit by itself, outside of a block.
func mayCommit(st *parser.Statement) bool { return st.Kind == "CALL" || st.Kind == "DO" }
