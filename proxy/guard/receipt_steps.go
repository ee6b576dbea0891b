package guard

import (
	"cmp"
	"encoding/json"

	"github.com/pgcordon/pgcordon/parser"
	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/wire"
)

// The way of a receipt: what can be had is asked for, rows are copied, the moment is
// asked for, the statement runs, its transaction is asked for, and the event goes to
// disk. Only then may the client, whose Sync or COMMIT ends the transaction, go on.

// receipt returns what is to be written down of a statement that may run; nil for nothing.
func (j *judged) receipt() *policy.Receipt {
	if j.verdict == nil || j.denied() {
		return nil
	}
	return j.verdict.decision.Receipt
}

// newReceipt returns the receipt of a statement, sql being its text alone; nil where none is
// wanted, or where the server would answer nothing now. values are those of its parameters; nil
// where they are not known.
func (g *Guard) newReceipt(run *judged, sql string, values *boundValues) *receipt {
	wanted := run.receipt()
	if wanted == nil || !g.cfg.Receipts || g.replies.skipping || g.transaction == nil || g.transaction.failed {
		return nil
	}
	id, _ := g.cfg.NewRefusal()
	r := &receipt{wanted: wanted, id: cmp.Or(run.event, id), judged: run}
	if !parser.IsASCII([]byte(sql)) && g.encoding() != "UTF8" || g.options().NonConforming {
		r.leaves("the text is not read as the server reads it")
		return r
	}
	if len(run.summary.Statements) > 1 && wanted.CopyRows > 0 {
		r.leaves(several)
		return r
	}
	r.plan(sql, values)
	return r
}

// unreceiptable says why the server cannot be asked around a string; empty where it can.
func unreceiptable(own *judged) string {
	switch st := own.summary.Statements; {
	case !own.summary.Parsed:
		return "the text is not understood"
	case len(st) != 1:
		return several
	case own.adopted:
		return bySQL
	case st[0].Prepares != "":
		return "it runs when it is executed"
	case st[0].Boundary != parser.Within:
		return st[0].Kind + " does not run in a transaction that can be held"
	}
	return ""
}

// unasked says why a receipt holds nothing, which is so unless the server is asked.
func unasked(j *judged) string {
	const silent = "the server could not be asked around the statement"
	if why := unreceiptable(j); why != "" && !j.adopted {
		return silent + ", for " + why
	}
	return silent
}

// prepares tells whether a string does nothing but PREPARE.
func (j *judged) prepares() bool {
	return len(j.summary.Statements) == 1 && j.summary.Statements[0].Prepares != ""
}

// needsCopy is the decision on a string that is to be copied and of which the server cannot
// be asked.
func (g *Guard) needsCopy(own, run *judged) policy.Decision {
	wanted := run.receipt()
	if wanted == nil || wanted.CopyRows == 0 || !g.cfg.Receipts || own.prepares() && !own.adopted {
		return policy.Decision{}
	}
	if why := unreceiptable(own); why != "" {
		return wanted.Uncopied(why)
	}
	if g.transaction == nil {
		return wanted.Uncopied("on a replication connection no statement is held")
	}
	return policy.Decision{}
}

// before are the steps in front of the statement.
func (r *receipt) before() []step {
	asked := false
	return []step{
		func(g *Guard, s *script, ops *Ops) bool {
			if s.event == nil { // the last decision was another's, which records nothing
				s.event = g.record(r.judged, ops)
				s.event.pending = 0
			}
			s.event.ID = r.id
			g.inquire(meansQuery(r.copies, r.wanted.CopySchema), ops, func(rows [][]string, ops *Ops) {
				var m means
				if len(rows) == 1 && len(rows[0]) == 1 {
					_ = json.Unmarshal([]byte(g.text(rows[0][0])), &m) // else nothing can be had
				}
				r.able(m)
				asked = true
			})
			return true
		},
		until(func() bool { return asked }),
		r.takeCopies,
		r.follow(),
		r.takeMoment,
		until(func() bool { return r.Time != "" }),
	}
}

// takeCopies copies the rows, where they can be.
func (r *receipt) takeCopies(g *Guard, s *script, ops *Ops) bool {
	if r.refuses(g, s, ops) {
		return true
	}
	for i := range r.copies {
		if lock := r.copies[i].Lock; lock != "" {
			g.inquire(lock, ops, nil)
		}
		r.copy(g, i, ops)
	}
	return true
}

// copy makes the i-th copy.
func (r *receipt) copy(g *Guard, i int, ops *Ops) {
	types, values := r.values.of(r.copies[i].Parameters)
	a := &aside{failing: notCopied, types: types}
	a.then = func(*Ops) { r.copied(i, a.tagged) }
	g.ask(a, r.copyStatement(i), ops, values...)
}

// takeMoment marks the place in WAL and asks where it is.
func (r *receipt) takeMoment(g *Guard, s *script, ops *Ops) bool {
	if r.refuses(g, s, ops) {
		return true
	}
	if r.wanted.RestorePoint && r.means.Mark {
		g.inquire(restorePointQuery(r.id), ops, func([][]string, *Ops) { r.RestorePoint = r.id })
	}
	g.inquire(momentQuery(r.means.Position), ops, func(rows [][]string, _ *Ops) { r.moment(rows) })
	return true
}

// after are the steps behind the statement.
func (r *receipt) after() []step {
	known := false
	return []step{
		until(func() bool { return r.ran }),
		func(g *Guard, _ *script, ops *Ops) bool {
			g.inquire(transactionQuery, ops, func(rows [][]string, _ *Ops) {
				if known = true; len(rows) == 1 {
					r.TransactionID = rows[0][0]
				}
			})
			return true
		},
		until(func() bool { return known }),
		func(g *Guard, s *script, ops *Ops) bool {
			if s.state != running || s.event == nil {
				return true
			}
			s.event.SQLSTATE, s.event.Receipt = wire.SuccessfulCompletion, &r.Receipt
			ops.finish(s.event)
			s.event = nil
			g.transaction.receives(r)
			return true
		},
	}
}

// refuses refuses the statement where its rows must be copied and are not. It tells
// whether it does.
func (r *receipt) refuses(g *Guard, s *script, ops *Ops) bool {
	if r.uncopied == "" {
		return false
	}
	d := r.wanted.Uncopied(r.uncopied)
	if d.Deny {
		s.event = nil
		s.refusal = g.refuse(r.judged.refusedBy(d, []byte(r.judged.text())).barred(uncopied), ops)
	}
	return d.Deny
}

// receiptTagged handles the tag of the statement. It returns true where the client is not
// to receive it.
func (g *Guard) receiptTagged(p *part, message []byte, ops *Ops) bool {
	r, body := p.receipt, message[wire.HeaderSize:]
	rows, known := wire.RowsOf(body)
	if !known {
		rows = -1
	}
	r.counted(rows)
	if r.refuses(g, p.script, ops) {
		return true
	}
	if e := p.script.event; p.chunk == nil && e != nil {
		e.completed(body)
	}
	return false
}

// executeReceipted carries out an Execute of which a receipt is wanted; limits on its rows
// come with c, which may be nil.
func (g *Guard) executeReceipted(r *receipt, run *judged, body []byte, c *tally, ops *Ops) {
	message := wire.AppendMessage(nil, wire.Execute, body)
	s := &script{end: reported, event: g.record(run, ops)}
	if rows, _ := wire.ExecuteRows(body); rows != 0 && r.returns() {
		r.leaves("its rows are fetched in pieces")
	}
	s.event.pending = 0
	s.steps = append(r.before(), func(g *Guard, s *script, ops *Ops) bool {
		if c != nil {
			c.mark(g, ops)
		}
		g.replies.sent(request{kind: wire.Execute, part: &part{script: s, receipt: r, tally: c}})
		ops.send(message)
		return true
	})
	if c != nil {
		s.steps = append(s.steps, c.steps()...)
	}
	s.steps = append(s.steps, r.after()...)
	g.begins(s, ops)
}

// reported finishes the event of a statement that failed.
func reported(_ *Guard, s *script, ops *Ops) bool {
	if s.event != nil {
		ops.finish(s.event)
		s.event = nil
	}
	return true
}

// notReceived and notCopied are what a client reads where the server does not answer, or
// does not copy, although it had said that it can.
const (
	notReceived = "pgcordon could not make the receipt that the statement needs"
	notCopied   = "pgcordon could not copy the rows of the statement"
)

// inquire asks the server something for a receipt; then may be nil.
func (g *Guard) inquire(sql string, ops *Ops, then func(rows [][]string, ops *Ops)) {
	a := &aside{failing: notReceived}
	if then != nil {
		a.then = func(ops *Ops) { then(a.rows, ops) }
	}
	g.ask(a, sql, ops)
}

// text is what the server answered, in UTF-8.
func (g *Guard) text(answer string) string {
	text, _ := parser.ToUTF8([]byte(answer), g.encoding())
	return string(text)
}
