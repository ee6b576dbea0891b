package guard

import (
	"slices"

	"github.com/pgcordon/pgcordon/parser"
)

// A string has one event, and so one receipt. Of several statements it tells the moment in front of
// the first that may change something, and the transaction behind the last. No rows are copied: a
// later statement may take what an earlier one has made.

// several is why no rows are copied.
const several = "the string has several statements"

// receiptable tells whether the server can be asked around the string, where a receipt is wanted.
func (p *plan) receiptable() bool {
	return p.run.receipt() != nil && (unreceiptable(p.own) == "" || len(p.statements) > 1 && p.inOneTransaction())
}

func (p *plan) inOneTransaction() bool {
	return !slices.ContainsFunc(p.statements, func(st parser.Statement) bool {
		return st.Boundary != parser.Within && st.Boundary != parser.Quiet
	})
}

// receipt returns what is to be written down of the only statement; nil for nothing.
func (p *plan) receipt() *receipt {
	if len(p.statements) > 1 || !p.receiptable() {
		return nil
	}
	return p.g.newReceipt(p.run, p.sql, nil)
}

// beginReceipt plans what comes in front of the first of several statements.
func (p *plan) beginReceipt() {
	if p.whole != nil || len(p.statements) < 2 || !p.receiptable() {
		return
	}
	if p.whole = p.g.newReceipt(p.run, p.sql, nil); p.whole != nil {
		p.flush(false)
		p.then(p.whole.before()...)
	}
}

// endReceipt plans what comes behind the last of several statements.
func (p *plan) endReceipt() {
	if r := p.whole; r != nil {
		p.flush(false)
		p.then(func(*Guard, *script, *Ops) bool {
			r.ran = true
			return true
		})
		p.then(r.after()...)
	}
}
