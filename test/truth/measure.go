package truth

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
)

//go:embed testdata/measure.sql
var measureSQL string

// few is how many rows a table must have before it counts for what share of them
// a statement hit: the predicate that is true for one of two rows may be narrow.
const few = 10

// deed is what a statement did to what was there before its transaction.
type deed struct {
	lost  []string // objects, columns, large objects, settings; at least half of a table
	small []string // rows of a table, less than half of it, or of a table that has few
}

func (d *deed) String() string { return strings.Join(append(d.lost, d.small...), ", ") }

// meter measures what statements do. It looks at the transaction from inside, and
// from outside at what was committed before it began. The server counts rows per
// transaction and per session (PostgreSQL's documentation, 28.2.24, pg_stat_get_xact_*).
type meter struct {
	outside *session
	seen    map[string]counters // by relation: what was told of this transaction before
	told    map[string]bool     // losses that were told of this transaction
}

type counters struct{ inserted, gone int }

// begin forgets the transaction before. The server must have flushed its counters.
func (m *meter) begin() { m.seen, m.told = map[string]counters{}, map[string]bool{} }

// measure tells what the session's transaction has done since the last call.
func (m *meter) measure(s *session) (deed, error) {
	var d deed
	r, err := s.must("SELECT * FROM truth.touched()")
	if err != nil {
		return d, fmt.Errorf("measure: %w", err)
	}
	for _, row := range r.rows {
		kind, id, name := row[0], row[1], row[2]
		now := counters{atoi(row[3]), atoi(row[4])}
		was := m.seen[id]
		m.seen[id] = now
		if kind == "table" {
			err = m.table(s, &d, id, name, row[5], counters{now.inserted - was.inserted, max(now.gone-was.gone, 0)})
		} else if now != was {
			err = m.catalog(s, &d, name)
		}
		if err != nil {
			return d, err
		}
	}
	return d, nil
}

// table judges a table by its counters, and one with a new file by its being empty:
// TRUNCATE counts no rows.
func (m *meter) table(s *session, d *deed, id, name, filenode string, change counters) error {
	before, err := m.outside.must("SELECT relfilenode, pg_stat_get_live_tuples(oid) FROM pg_class WHERE oid = " + id)
	if err != nil || len(before.rows) == 0 { // this transaction made it
		return err
	}
	if change.gone == 0 && before.rows[0][0] == filenode {
		return nil
	}
	left, err := s.must("SELECT truth.rows(" + id + ")")
	if err != nil {
		return err
	}
	total := atoi(left.rows[0][0]) + change.gone - change.inserted
	if live := atoi(before.rows[0][1]); change.gone == 0 && left.rows[0][0] == "0" && live > 0 {
		change.gone, total = live, live
	}
	what := fmt.Sprintf("%d of %d rows of %s", change.gone, max(total, change.gone), name)
	switch {
	case change.gone == 0:
	case 2*change.gone >= total && change.gone >= few:
		m.tell(d, what)
	default:
		d.small = append(d.small, what)
	}
	return nil
}

// catalog tells what a catalog held and holds no more.
func (m *meter) catalog(s *session, d *deed, name string) error {
	list := "SELECT * FROM truth.held('" + name + "')"
	before, err := m.outside.must(list)
	if err != nil {
		return err
	}
	after, err := s.must(list)
	if err != nil {
		return err
	}
	// Some catalogs are of all databases, and other sessions of the sweep change them
	// meanwhile: what is lost to this transaction is still there for everybody else.
	again, err := m.outside.must(list)
	if err != nil {
		return err
	}
	m.missing(d, both(before.rows, again.rows), after.rows)
	if name == "pg_db_role_setting" { // one that comes is as one that goes
		m.missing(d, after.rows, append(before.rows, again.rows...))
	}
	return nil
}

// both returns the rows of the first list that are in the second.
func both(first, second [][]string) (rows [][]string) {
	there := map[string]bool{}
	for _, row := range second {
		there[row[0]] = true
	}
	for _, row := range first {
		if there[row[0]] {
			rows = append(rows, row)
		}
	}
	return rows
}

// missing tells what the first list has and the second has not.
func (m *meter) missing(d *deed, before, after [][]string) {
	there := map[string]bool{}
	for _, row := range after {
		there[row[0]] = true
		if row[2] == "t" {
			there[row[1]] = true
		}
	}
	for _, row := range before {
		if !there[row[0]] && !there[row[1]] {
			m.tell(d, row[1])
		}
	}
}

func (m *meter) tell(d *deed, what string) {
	if !m.told[what] {
		m.told[what] = true
		d.lost = append(d.lost, what)
	}
}

// everything lists what all catalogs hold and which tables hold rows, for statements
// that no transaction holds. Roles and their settings are not among them: other
// sessions of the sweep change them meanwhile.
func (m *meter) everything() ([][]string, error) {
	r, err := m.outside.must(`SELECT h.* FROM pg_class, truth.held(relname) h
		WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind = 'r' AND relname NOT IN ('pg_authid', 'pg_db_role_setting')
		UNION ALL SELECT 'rows ' || oid, 'rows of ' || relname, false FROM pg_class
		WHERE relkind = 'r' AND oid >= 16384 AND relpersistence <> 't' AND pg_stat_get_live_tuples(oid) > 0`)
	if err != nil {
		return nil, err
	}
	return r.rows, nil
}

func atoi(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}
