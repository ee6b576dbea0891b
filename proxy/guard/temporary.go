package guard

import (
	"bytes"
	"slices"

	"github.com/pgcordon/pgcordon/parser"
	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/wire"
)

// maxTemporaries bounds the temporary tables that are known of a session.
const maxTemporaries = 256

// temporary follows which temporary tables a session has. Only what the server has
// confirmed counts, and only while nothing is under way that could change it: when in
// doubt a name is that of somebody else's table.
type temporary struct {
	tables *policy.Temporaries
	// announced is created by what is under way. It counts from ReadyForQuery on.
	announced string
	// open is set where a table was created in the transaction that is open.
	open bool
	// veiled is set once the session may have a temporary view, which CREATE TABLE IF NOT
	// EXISTS would leave in place.
	veiled bool
	// unsafe is set once the session has defined what may take tables away when it is used.
	unsafe bool
}

// certain returns the tables that exist whatever becomes of the requests in flight.
func (t *temporary) certain(r *replies) *policy.Temporaries {
	if t.tables == nil || t.unsafe || !r.quiet() {
		return nil
	}
	return t.tables
}

// few bounds the requests that are looked through.
const few = 8

// quiet tells whether the requests in flight execute nothing, and await no
// ReadyForQuery.
func (r *replies) quiet() bool {
	pending := r.pending()
	return len(pending) <= few && !slices.ContainsFunc(pending, func(q request) bool {
		return q.kind == wire.Execute || endsWithReady(q.kind)
	})
}

// sends takes note of a string that is about to run. quiet tells whether it is alone.
func (t *temporary) sends(s *parser.Summary, quiet bool) {
	if s == nil {
		return // without one of the watched words it takes no table away
	}
	if !s.Parsed {
		t.forget()
	}
	for i := range s.Statements {
		if s.Statements[i].Inherits { // DROP TABLE and ON COMMIT DROP take partitions and children along
			t.forget()
		}
		for j := range s.Statements[i].Acts {
			t.loses(&s.Statements[i].Acts[j], s.Statements[i].Kind)
		}
	}
	if len(s.Statements) != 1 || !quiet {
		return
	}
	if st := &s.Statements[0]; !st.Inherits && (!st.IfNotExists || !t.veiled) {
		t.announced = st.Temporary
	}
}

// loses forgets what an act may take away or give another name. A DROP may fail, or be
// rolled back: then the table is there and not known. Without CASCADE nothing but
// DROP OWNED takes a table away that it does not name.
func (t *temporary) loses(a *parser.Act, kind string) {
	drops := a.Effect == parser.Drop || a.Traits.Has(parser.Rename)
	switch {
	case a.Traits.Has(parser.Deferred):
		// A function of the session's own: nobody sees when it is called.
		t.unsafe = t.unsafe || drops || a.Effect == parser.Dynamic || a.Effect == parser.Unknown
		t.veiled = t.veiled || a.Effect == parser.Create
	case a.Traits.Has(parser.Rename), a.Effect == parser.Drop && (a.Traits.Has(parser.Cascade) || kind == "DROP OWNED"):
		t.forget()
	case a.Effect == parser.Drop && a.Object == "":
		t.tables = t.tables.Without(a.Relation.Name)
	}
}

func (t *temporary) forget() { t.tables, t.announced = nil, "" }

// done takes note of the tag of a command that has run. sends has seen what ALTER TABLE
// and DROP TABLE take away.
func (t *temporary) done(body []byte) {
	tag, _, _ := bytes.Cut(body, []byte{0})
	switch string(bytes.TrimRight(tag, " 0123456789")) { // src/include/tcop/cmdtaglist.h
	case "SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "COPY", "FETCH", "MOVE", "TRUNCATE TABLE", "LOCK TABLE",
		"CREATE TABLE", "CREATE TABLE AS", "CREATE INDEX", "CREATE SEQUENCE", "ALTER TABLE", "DROP TABLE", "ANALYZE",
		"VACUUM", "EXPLAIN", "COMMENT", "BEGIN", "START TRANSACTION", "COMMIT", "SAVEPOINT", "RELEASE", "SET", "RESET",
		"SHOW", "PREPARE", "DEALLOCATE", "DECLARE CURSOR", "CLOSE CURSOR", "LISTEN", "NOTIFY", "UNLISTEN",
		"CREATE FUNCTION", "CREATE PROCEDURE", "CREATE TYPE", "CREATE DOMAIN", "CREATE AGGREGATE", "CREATE ROLE", "GRANT",
		"REVOKE", "DROP VIEW", "DROP INDEX", "DROP SEQUENCE", "DROP FUNCTION", "DROP TRIGGER", "DROP RULE", "DROP TYPE",
		"DROP DOMAIN":
	case "ROLLBACK":
		t.failed()
	default:
		t.forget()
		t.veiled = true
	}
}

// failed takes note of an error or a rollback, which end the transaction that is open.
func (t *temporary) failed() {
	t.announced = ""
	if t.open {
		t.tables, t.open = nil, false
	}
}

// ready takes note of ReadyForQuery with the state of the transaction.
func (t *temporary) ready(state byte) {
	if t.announced != "" && t.tables.Len() < maxTemporaries {
		t.tables = t.tables.With(t.announced)
		t.open = true
	}
	t.announced = ""
	if state == 'I' {
		t.open = false
	}
}
