package recovery

import (
	"cmp"
	"errors"

	"github.com/pgcordon/pgcordon/audit"
)

// ErrNoReceipt is returned for an event without one.
var ErrNoReceipt = errors.New("the event has no receipt: no rule with receipt let the statement pass")

// Plan is what can be done about one statement.
type Plan struct {
	Event   audit.Event        `json:"event"`
	End     *audit.Transaction `json:"transaction,omitempty"` // nil where the log does not tell
	Targets []Target           `json:"targets,omitempty"`
	Rows    []Rows             `json:"rows,omitempty"`
}

// New plans from the event of a statement and the end of its transaction, which may be
// nil. There is nothing to undo, hence neither targets nor rows, where that was rolled back.
func New(statement audit.Event, end *audit.Transaction) (*Plan, error) {
	if statement.Receipt == nil {
		return nil, ErrNoReceipt
	}
	p := &Plan{Event: statement, End: end}
	if p.Outcome() == audit.RolledBack {
		return p, nil
	}
	p.Targets = p.targets()
	for _, c := range statement.Receipt.Copies {
		p.Rows = append(p.Rows, putBack(c))
	}
	return p, nil
}

// Began is when the statement began: by the server's clock, or by pgcordon's where the server was not
// asked. It is written as PostgreSQL writes it.
func (p *Plan) Began() string {
	return cmp.Or(p.Event.Receipt.Time, p.Event.Time.UTC().Format("2006-01-02 15:04:05.000000+00"))
}

// Outcome is what became of the statement, as far as the log tells.
func (p *Plan) Outcome() string {
	if p.End == nil {
		return audit.Unknown
	}
	return p.End.Outcome
}
