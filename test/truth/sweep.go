package truth

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pgcordon/pgcordon/parser"
	"github.com/pgcordon/pgcordon/policy"
)

// observation is one statement of the suite: what the guard said, what the server did.
type observation struct {
	file    string
	line    int
	sql     string
	parsed  bool
	refused *policy.Decision // nil where the guard lets it pass
	failed  string           // SQLSTATE of the server's refusal; empty where it ran
	why     string           // of what is refused and destroyed nothing
	deed
}

// sweeper runs scripts of the suite in one database.
type sweeper struct {
	connect func() (*session, error)
	judge   *judge
	meter   meter
	session *session
	seen    []observation
}

// unwrappable are the errors of statements that run in no transaction block.
var unwrappable = []string{
	"25001", // active_sql_transaction: VACUUM, CREATE DATABASE
	"2D000", // invalid_transaction_termination: COMMIT in a procedure
}

// quick are the command tags that cannot have changed what is there. What comes
// before SET TRANSACTION must not be a query.
var quick = []string{"BEGIN", "START TRANSACTION", "SET", "SHOW", "SAVEPOINT", "RELEASE", "DECLARE CURSOR", "CLOSE CURSOR", "LISTEN"}

// script runs a file statement by statement.
func (w *sweeper) script(name, text string, variables map[string]string) error {
	var err error
	if w.session, err = w.connect(); err != nil {
		return err
	}
	defer func() { w.session.close() }()
	script := NewScript(text, variables)
	for q, ok := script.Next(); ok; q, ok = script.Next() {
		o := observation{file: name, line: q.Line, sql: q.SQL}
		if err := w.step(q, script, &o); err != nil {
			return fmt.Errorf("%s:%d: %s: %w", name, q.Line, abridged(q.SQL), err)
		}
		w.seen = append(w.seen, o)
		script.conforming = w.session.conforming
	}
	return nil
}

// step runs one statement, in a transaction if it can, and measures it.
func (w *sweeper) step(q Query, script *Script, o *observation) error {
	summary := parser.Summarize(q.SQL, parser.Options{NonConforming: !w.session.conforming})
	o.parsed = summary.Parsed
	wrapped := w.session.state == 'I' && !summary.Effects.Has(parser.Transaction)
	if w.session.state == 'I' {
		w.meter.begin()
	}
	if wrapped {
		if _, err := w.session.must("BEGIN"); err != nil {
			return err
		}
	}
	w.judge.refusals()
	r, err := w.session.run(q, script.CopyData)
	if err != nil {
		return err
	}
	w.verdict(o)
	if r.err != nil && wrapped && slices.Contains(unwrappable, r.err.Code) {
		return w.unwrapped(q, script, o)
	}
	if q.GSet && len(r.rows) == 1 {
		for i, column := range r.columns {
			script.Set(q.Prefix+column, r.rows[0][i])
		}
	}
	return w.conclude(r, wrapped, o)
}

func (w *sweeper) verdict(o *observation) {
	if against := w.judge.refusals(); len(against) > 0 {
		o.refused = &against[0]
	}
}

// conclude measures what ran and ends the transaction that step began.
func (w *sweeper) conclude(r *result, wrapped bool, o *observation) error {
	if r.err != nil {
		o.failed = r.err.Code
	} else if w.session.state == 'T' && !onlyQuick(r.tags) {
		var err error
		if o.deed, err = w.meter.measure(w.session); err != nil {
			return err
		}
	}
	if err := w.account(o, r); err != nil {
		return err
	}
	if wrapped && w.session.state != 'I' {
		end, err := w.session.exec("COMMIT")
		if err != nil {
			return err
		}
		if end.err != nil {
			o.failed, o.deed = end.err.Code, deed{}
		}
	}
	return w.flush()
}

// account explains a refusal of what destroyed nothing, while it can still be seen.
func (w *sweeper) account(o *observation, r *result) error {
	if o.refused == nil || r.err != nil || len(o.lost)+len(o.small) > 0 {
		return nil
	}
	return w.explain(o, r)
}

// flush makes the server count anew: it does so between transactions only
// (PostgreSQL's src/backend/utils/activity/pgstat.c, pgstat_report_stat).
func (w *sweeper) flush() error {
	if w.session.state != 'I' {
		return nil
	}
	_, err := w.session.exec("SELECT pg_stat_force_next_flush()")
	return err
}

// unwrapped runs a statement that no transaction block may hold, and compares what
// there is before and after.
func (w *sweeper) unwrapped(q Query, script *Script, o *observation) error {
	if _, err := w.session.must("ROLLBACK"); err != nil {
		return err
	}
	before, err := w.meter.everything()
	if err != nil {
		return err
	}
	r, err := w.session.run(q, script.CopyData)
	if err != nil {
		return err
	}
	w.verdict(o)
	if r.err != nil {
		o.failed = r.err.Code
	}
	if err := w.flush(); err != nil {
		return err
	}
	after, err := w.meter.everything()
	if err != nil {
		return err
	}
	w.meter.missing(&o.deed, before, after)
	return w.account(o, r)
}

func onlyQuick(tags []string) bool {
	for _, tag := range tags {
		if !slices.ContainsFunc(quick, func(q string) bool { return tag == q || strings.HasPrefix(tag, q+" ") }) {
			return false
		}
	}
	return true
}
