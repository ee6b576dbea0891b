package guard

import (
	"time"

	"github.com/pgcordon/pgcordon/parser"
	"github.com/pgcordon/pgcordon/policy"
)

// EventKind says what an Event reports.
type EventKind uint8

// The kinds.
const (
	Refused          EventKind = iota // a statement was refused; complete at once
	Executed                          // a statement that is to be recorded ran, or failed
	AuthFailed                        // the server refused the login
	LoggedIn                          // the server accepted the login
	NotReadOnly                       // a read-only session ends, because the server does not keep it so
	TransactionEnded                  // of which there are receipts
)

// Event is something that happened in a session and that people may want to know.
type Event struct {
	Kind     EventKind
	ID       string // empty: the driver names it
	PID      int32  // of LoggedIn: the server's process, as BackendKeyData tells it; 0 where none came
	Decision policy.Decision
	Summary  *parser.Summary // nil where no statement is the cause
	SQL      string
	SQLSTATE string // "00000" where the statement succeeded, empty where no reply came
	Rows     int64  // from the command tag; -1 where it names none
	Message  string // of AuthFailed: the server's message; of NotReadOnly: the client's
	// Appeal is what operators see of a Refused statement; nil where they have no say.
	Appeal *Appeal
	// Approval is set on what an operator let through. The Decision is the refusal then,
	// but for Deny.
	Approval *Approval
	Start    time.Time
	Receipt  *Receipt // of an Executed event that is to be on disk before the driver goes on; nil for none
	Ending   *Ending  // of TransactionEnded
	// pending counts the completions that are still to come before the one of the
	// statement that decided.
	pending int
}

// Observer is told of every statement, for metrics. Its methods are called from
// whichever goroutine drives the Guard and must not block.
type Observer interface {
	// Passed reports a statement in which the prefilter found nothing to judge.
	Passed()
	// Judged reports a statement that was looked into.
	Judged(effects parser.EffectSet, decision policy.Decision)
	// Working reports what the session is at. It is called on changes only.
	Working(Work)
}

// Work is what a session is at, as pg_stat_activity has it.
// https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-ACTIVITY-VIEW
type Work uint8

const (
	Idle              Work = iota // the server has answered everything
	IdleInTransaction             // so it has, and a transaction is open
	Active                        // the server has something to answer
)

// count tells the observer of a statement.
func (g *Guard) count(j *judged) {
	if j.summary == nil {
		g.cfg.Observer.Passed()
		return
	}
	d := policy.Decision{Rule: j.rule}
	if j.verdict != nil {
		d = j.verdict.decision
	}
	g.cfg.Observer.Judged(j.summary.Effects, d)
}

// record begins the event of a statement that is allowed but has to be recorded;
// nil where it has not.
func (g *Guard) record(j *judged, ops *Ops) *Event {
	if j.weight() < 2 && j.signs() == nil { // nothing, or a limit that may hold
		return nil
	}
	e := &Event{
		Kind: Executed, ID: j.event, Decision: j.verdict.decision, Summary: j.summary, SQL: j.verdict.sql,
		Approval: j.verdict.approval, Rows: -1, pending: j.verdict.decision.Statement,
	}
	if j.receipt() != nil && g.cfg.Receipts && (j.adopted || !j.prepares()) {
		e.Receipt = &Receipt{Missing: []string{"everything: " + unasked(j)}}
	}
	ops.begin(e)
	return e
}
