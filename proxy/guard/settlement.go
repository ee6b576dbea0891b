package guard

import (
	"bytes"

	"github.com/pgcordon/pgcordon/proxy/wire"
)

// Ending is what became of a transaction with receipts.
type Ending struct {
	Receipts     []string // the events of its statements
	Outcome      Outcome
	PartlyUndone bool   // it went back to a savepoint behind one of them
	After        string // where WAL was afterwards; empty where the server did not say
}

// Outcome is how a transaction ended.
type Outcome uint8

// The outcomes.
const (
	Unknown Outcome = iota // the server has not said
	Committed
	RolledBack
	Prepared // for two-phase commit
)

// unsettled are the receipts of the transaction that is open, or that has just ended.
type unsettled struct {
	Ending
	position bool // the server tells where its WAL is
	failed   bool // there was an error
	back     bool // and a ROLLBACK, perhaps to a savepoint
}

// receives notes a receipt of the open transaction.
func (t *transaction) receives(r *receipt) {
	if t.unsettled == nil {
		t.unsettled = &unsettled{position: r.means.Position}
	}
	t.unsettled.Receipts = append(t.unsettled.Receipts, r.id)
}

// sees takes note of a message of the server's that may tell how the transaction ended.
// The tags of COMMIT and PREPARE TRANSACTION come when they are done (exec_simple_query and
// exec_execute_message in src/backend/tcop/postgres.c).
func (u *unsettled) sees(message []byte) {
	body := message[wire.HeaderSize:]
	switch {
	case u.Outcome != Unknown:
	case message[0] == wire.ErrorResponse:
		u.failed = true
	case message[0] == wire.CommandComplete:
		switch tag, _, _ := bytes.Cut(body, []byte{0}); string(tag) {
		case "COMMIT":
			u.Outcome = Committed
		case "PREPARE TRANSACTION":
			u.Outcome = Prepared
		case "ROLLBACK":
			u.back = true
		}
	case message[0] == wire.ReadyForQuery:
		switch status, _ := wire.TransactionStatus(body); {
		case status != 'I':
			u.PartlyUndone, u.back = u.PartlyUndone || u.back, false
		case u.failed || u.back:
			u.Outcome = RolledBack
		default:
			u.Outcome = Committed
		}
	}
}

// settlement returns the script that waits for the end of a transaction with receipts and
// has it recorded; nil where there is none, or nothing under way that could end it.
func (g *Guard) settlement() *script {
	if g.transaction == nil || g.transaction.unsettled == nil {
		return nil
	}
	u := g.transaction.unsettled
	if u.Outcome == Unknown && !g.replies.awaitReady() {
		return nil
	}
	asked := &part{unheard: true, over: true}
	return &script{steps: []step{
		func(g *Guard, _ *script, _ *Ops) bool { return !g.replies.awaitReady() },
		func(g *Guard, _ *script, ops *Ops) bool {
			if u.Outcome == Committed && u.position && g.status == 'I' {
				u.position = false // not asked again, whatever comes of it
				asked.over = false
				g.askAfterwards(u, asked, ops)
			}
			return true
		},
		asked.answered(),
		func(g *Guard, _ *script, ops *Ops) bool {
			if u.Outcome != Unknown { // else the transaction is still open
				ops.finish(u.event())
				g.transaction.unsettled = nil
			}
			return true
		},
	}}
}

func (u *unsettled) event() *Event {
	return &Event{Kind: TransactionEnded, Ending: &u.Ending, Rows: -1}
}

// askAfterwards asks for the position between two of the client's transactions.
func (g *Guard) askAfterwards(u *unsettled, p *part, ops *Ops) {
	a := &aside{silent: true}
	a.then = func(*Ops) {
		if len(a.rows) == 1 && len(a.rows[0]) == 3 {
			u.After = a.rows[0][1]
		}
	}
	g.ask(a, momentQuery(true), ops)
	g.sync(p, ops)
}
