package operations

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// ledger has a column of each type whose values are read, and a hundred rows.
const ledger = `
CREATE TABLE ledger (id int PRIMARY KEY, small smallint, big bigint, price numeric, ratio float8, flag boolean, name varchar(40),
	pad char(8), day date, at timestamptz, stamp timestamp, uid uuid);
INSERT INTO ledger SELECT n, n, n, n + 0.5, n + 0.25, n % 2 = 0, 'name ' || n, 'pad ' || n, date '2026-01-01' + n,
	timestamptz '2026-01-01 00:00+00' + n * interval '1 day', timestamp '2026-01-01' + n * interval '1 day',
	('00000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid FROM generate_series(1, 100) n`

// parameterized are statements whose reach depends on the values. A set of values that
// makes one reach all rows is to be refused, any other to do what it does directly.
var parameterized = []struct {
	sql    string
	values [][]any
}{
	{"DELETE FROM ledger WHERE $1::int IS NULL OR id = $1", [][]any{{nil}, {7}}},
	{"DELETE FROM ledger WHERE id = $1 OR $1 IS NULL", [][]any{{nil}, {7}}},
	{"DELETE FROM ledger WHERE ($1::text IS NULL OR name = $1) AND ($2::date IS NULL OR day = $2)", [][]any{
		{nil, nil}, {"name 7", nil}, {nil, date(8)}, {"name 7", date(8)},
	}},
	{"DELETE FROM ledger WHERE name = COALESCE($1, name)", [][]any{{nil}, {"name 7"}, {""}}},
	{"DELETE FROM ledger WHERE $1 = '' OR name = $1", [][]any{{""}, {"name 7"}}},
	{"DELETE FROM ledger WHERE NULLIF($1, '') IS NULL OR name = $1", [][]any{{""}, {nil}, {"name 7"}}},
	{"DELETE FROM ledger WHERE name LIKE $1", [][]any{{"%"}, {"%%"}, {"name 7%"}, {"name 7"}, {nil}}},
	{"UPDATE ledger SET small = 0 WHERE $1 OR id = $2", [][]any{{true, 7}, {false, 7}, {nil, 7}}},
	{"UPDATE ledger SET small = 0 WHERE id = $1 OR $2 = 1", [][]any{{7, 1}, {7, 2}}},
	{"DELETE FROM ledger WHERE id = ANY ($1)", [][]any{{[]int32{1, 2}}, {[]int32{}}, {everyID()}, {nil}}},
	{"DELETE FROM ledger WHERE name = ANY ($1)", [][]any{{[]string{"name 1", `a "b", {c}`}}}},
	{"DELETE FROM ledger WHERE id <> ALL ($1)", [][]any{{[]int32{}}}},
	{"DELETE FROM ledger WHERE id IN (SELECT id FROM ledger ORDER BY id LIMIT $1)", [][]any{{5}, {nil}, {1000}}},
	{"DELETE FROM ledger WHERE id BETWEEN $1 AND $2", [][]any{{3, 5}, {-2147483648, 2147483647}}},
	{"DELETE FROM ledger WHERE big BETWEEN $1 AND $2", [][]any{{int64(3), int64(5)}, {int64(-1 << 63), int64(1<<63 - 1)}}},
	{"DELETE FROM ledger WHERE small BETWEEN $1 AND $2", [][]any{{int16(3), int16(5)}, {int16(-32768), int16(32767)}}},
	{"DELETE FROM ledger WHERE day BETWEEN $1 AND $2", [][]any{{date(1), date(3)}, {date(-100_000), date(100_000)}}},
	{"DELETE FROM ledger WHERE at >= $1 AND at < $2", [][]any{{date(1), date(3)}, {date(-100_000), date(100_000)}}},
	{"DELETE FROM ledger WHERE stamp >= $1 AND stamp < $2", [][]any{{date(1), date(3)}, {date(-100_000), date(100_000)}}},
	{"DELETE FROM ledger WHERE price = $1 OR $1 IS NULL", [][]any{{"7.5"}, {nil}}},
	{"DELETE FROM ledger WHERE ratio = $1 OR $1 IS NULL", [][]any{{7.25}, {nil}}},
	{"DELETE FROM ledger WHERE uid = $1 OR $1 IS NULL", [][]any{{"00000000-0000-0000-0000-000000000007"}, {nil}}},
	{"DELETE FROM ledger WHERE pad = $1 OR $1 IS NULL", [][]any{{"pad 7"}, {nil}}},
	{"DELETE FROM ledger WHERE flag = $1 AND id = $2 OR $2 IS NULL", [][]any{{true, 8}, {false, nil}}},
}

func date(n int) time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n) }

func everyID() (ids []int32) {
	for n := range int32(100) {
		ids = append(ids, n+1)
	}
	return ids
}

// shortLists makes a hundred rows more than a list may have.
const shortLists = "limits: {max_list: 50, max_limit: 50}"

func TestValuesThatReachEveryRowAreRefused(t *testing.T) {
	t.Parallel()
	eachMajor(t, shortLists, func(t *testing.T, s stage) {
		s.server.Exec(t, s.database, ledger)
		direct, err := pgx.Connect(deadline(t), s.server.AdminDSN(s.database))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = direct.Close(context.Background()) })
		for _, mode := range []pgx.QueryExecMode{
			pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheDescribe, pgx.QueryExecModeDescribeExec,
			pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol,
		} {
			t.Run(mode.String(), func(t *testing.T) {
				guarded := s.connect(t, production, inMode(mode))
				for _, p := range parameterized {
					for _, values := range p.values {
						want, whole := reached(t, direct, mode, p.sql, values)
						got, refused := reached(t, guarded, mode, p.sql, values)
						if refused != whole || !refused && got != want {
							t.Errorf("%s with %v: %d rows, refused %v; directly %d", p.sql, values, got, refused, want)
						}
					}
				}
			})
		}
	})
}

// reached runs a statement in a transaction that it rolls back, and returns how many
// rows it reached. The second result is true where it reached all rows, or was refused;
// false for -1, where the server does not take the values.
func reached(t *testing.T, conn *pgx.Conn, mode pgx.QueryExecMode, sql string, values []any) (int64, bool) {
	t.Helper()
	tx, err := conn.Begin(deadline(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(deadline(t)) }()
	tag, err := tx.Exec(deadline(t), sql, append([]any{mode}, values...)...)
	var e *pgconn.PgError
	switch {
	case errors.As(err, &e):
		return -1, e.Code == "42501"
	case err != nil:
		t.Fatalf("%s with %v: %v", sql, values, err)
	}
	return tag.RowsAffected(), tag.RowsAffected() == 100
}

// Clients that leave the types to the server and send text, as node-postgres does.
func TestUntypedValuesThatReachEveryRowAreRefused(t *testing.T) {
	t.Parallel()
	eachMajor(t, shortLists, func(t *testing.T, s stage) {
		s.server.Exec(t, s.database, ledger)
		conn := s.connect(t, production)
		for _, c := range []struct {
			sql     string
			values  [][]byte
			refused bool
		}{
			{"DELETE FROM ledger WHERE $1::int IS NULL OR id = $1::int", [][]byte{nil}, true},
			{"DELETE FROM ledger WHERE $1::int IS NULL OR id = $1::int", [][]byte{[]byte("7")}, false},
			{"DELETE FROM ledger WHERE name = COALESCE($1, name)", [][]byte{nil}, true},
			{"DELETE FROM ledger WHERE name = COALESCE($1, name)", [][]byte{[]byte("name 8")}, false},
			{"DELETE FROM ledger WHERE $1 OR id = $2", [][]byte{[]byte("yes"), []byte("9")}, true},
			{"DELETE FROM ledger WHERE $1 OR id = $2", [][]byte{[]byte("f"), []byte("9")}, false},
			{"DELETE FROM ledger WHERE name LIKE $1", [][]byte{[]byte("%")}, true},
			{"DELETE FROM ledger WHERE name LIKE $1", [][]byte{[]byte("name 1_")}, false},
			{"DELETE FROM ledger WHERE id = ANY ($1)", [][]byte{[]byte("{20,21}")}, false},
			{"DELETE FROM ledger WHERE id IN (SELECT id FROM ledger ORDER BY id LIMIT $1)", [][]byte{[]byte("5")}, false},
			{"DELETE FROM ledger WHERE id IN (SELECT id FROM ledger ORDER BY id LIMIT $1)", [][]byte{nil}, true},
			{"DELETE FROM ledger WHERE day BETWEEN $1 AND $2", [][]byte{[]byte("2026-02-10"), []byte("2026-02-12")}, false},
			{"DELETE FROM ledger WHERE day BETWEEN $1 AND $2", [][]byte{[]byte("-infinity"), []byte("infinity")}, true},
		} {
			result := conn.PgConn().ExecParams(deadline(t), c.sql, c.values, nil, nil, nil).Read()
			var e *pgconn.PgError
			if refused := errors.As(result.Err, &e) && e.Code == "42501"; refused != c.refused || result.Err != nil && !refused {
				t.Errorf("%s with %q: %v", c.sql, c.values, result.Err)
			}
		}
	})
}

// Nothing that a value decides is decided when PREPARE runs; EXECUTE decides it.
func TestArgumentsOfEXECUTEThatReachEveryRowAreRefused(t *testing.T) {
	t.Parallel()
	eachMajor(t, shortLists, func(t *testing.T, s stage) {
		s.server.Exec(t, s.database, ledger)
		conn := s.connect(t, production, inMode(pgx.QueryExecModeSimpleProtocol))
		for prepare, executions := range map[string]map[string]bool{
			"PREPARE one (int) AS DELETE FROM ledger WHERE $1 IS NULL OR id = $1": {
				"EXECUTE one (NULL)": true, "EXECUTE one (7)": false, "EXECUTE one ('8')": false, "EXECUTE one (NULL::int)": true,
			},
			"PREPARE two (text) AS DELETE FROM ledger WHERE name LIKE $1": {
				"EXECUTE two ('%')": true, "EXECUTE two ('name 9%')": false, "EXECUTE two (chr(37))": true,
			},
			"PREPARE three (int[]) AS DELETE FROM ledger WHERE id = ANY ($1)": {
				"EXECUTE three ('{1,2}')": false, "EXECUTE three (ARRAY[3,4])": false,
				"EXECUTE three ((SELECT array_agg(id) FROM ledger))": true,
			},
		} {
			if _, err := conn.Exec(deadline(t), prepare); err != nil {
				t.Fatalf("%s: %v", prepare, err)
			}
			for execute, refused := range executions {
				_, err := conn.Exec(deadline(t), execute)
				var e *pgconn.PgError
				if got := errors.As(err, &e) && e.Code == "42501"; got != refused {
					t.Errorf("%s: %v", execute, err)
				}
			}
		}
		if n := s.server.Query(t, s.database, "SELECT count(*) FROM ledger"); n == "0" {
			t.Error("no row is left")
		}
	})
}
