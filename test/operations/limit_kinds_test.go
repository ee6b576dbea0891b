package operations

import (
	"strconv"
	"testing"
)

// manyBounds bounds the rows of statements, of transactions and of tables, in rules of
// their own.
const manyBounds = `statements:
  - {name: coupons, action: allow, max_rows: {transaction: 6}, when: {effect: [update, delete], relation: coupons}}
  - {name: half, action: allow, max_rows: {share: 50%}, when: {effect: [update, delete], relation: "*_half"}}
  - {name: planned, action: allow, max_rows: {estimate: 1000}, when: {effect: [update, delete], relation: "*_planned"}}
  - {name: others, action: allow, max_rows: 3, when: {effect: [insert, update, delete, merge]}}`

var bounded = []struct {
	name string
	send []any
	want string
	rule string // that refuses; empty for none
	from int    // the oldest major that has it
}{
	{"a transaction", []any{query("BEGIN"), query("DELETE FROM coupons WHERE id <= 4"), query("UPDATE coupons SET code = 'x' WHERE id <= 7"), query("COMMIT")},
		"C BEGIN | Z T | C DELETE 4 | Z T | E 42501 | Z E | C ROLLBACK | Z I", "coupons", 14},
	{"a transaction within its bound", []any{query("BEGIN"), query("DELETE FROM coupons WHERE id <= 4"), query("UPDATE coupons SET code = 'x' WHERE id <= 6"), query("COMMIT"), query("DELETE FROM coupons WHERE id <= 10")},
		"C BEGIN | Z T | C DELETE 4 | Z T | C UPDATE 2 | Z T | C COMMIT | Z I | C DELETE 6 | Z I", "", 14},
	{"a transaction in one section", []any{run("DELETE FROM coupons WHERE id <= 4"), run("DELETE FROM coupons"), syncs()}, "1 | 2 | C DELETE 4 | 1 | 2 | E 42501 | Z I", "coupons", 14},
	{"a transaction in a string", []any{query("DELETE FROM coupons WHERE id <= 4; DELETE FROM coupons WHERE id <= 8")}, "C DELETE 4 | E 42501 | Z I", "coupons", 14},
	{"rows that a cursor stands on", []any{query("BEGIN; DECLARE c CURSOR FOR SELECT id FROM coupons FOR UPDATE"), query("FETCH 1 c; DELETE FROM coupons WHERE CURRENT OF c; DELETE FROM coupons WHERE id BETWEEN 10 AND 15")},
		"C BEGIN | C DECLARE CURSOR | Z T | T | D 1 | C FETCH 1 | C DELETE 1 | E 42501 | Z E", "coupons", 14},
	{"half of a table", []any{query("DELETE FROM rows_half WHERE id <= 50")}, "C DELETE 50 | Z I", "", 14},
	{"more than half of a table", []any{query("UPDATE rows_half SET id = -id WHERE id <= 51")}, "E 42501 | Z I", "half", 14},
	{"more than half of a table, extended", []any{run("DELETE FROM rows_half WHERE id <= 51"), syncs()}, "1 | 2 | E 42501 | Z I", "half", 14},
	{"few rows by the plan", []any{query("DELETE FROM rows_planned WHERE id = 1")}, "C DELETE 1 | Z I", "", 14},
	{"too many by the plan", []any{query("DELETE FROM rows_planned WHERE id > 0")}, "E 42501 | Z I", "planned", 14},
	{"what the planner rejects", []any{query("DELETE FROM rows_planned WHERE nothing = 1")}, "E 42703 | Z I", "", 14},
	{"what the planner rejects, in a string", []any{query("SELECT 1; DELETE FROM rows_planned WHERE nothing = 1")}, "T | D 1 | C SELECT 1 | E 42703 | Z I", "", 14},
	{"ON CONFLICT", []any{query("INSERT INTO categories SELECT n, 'x' FROM generate_series(1, 4) n ON CONFLICT (id) DO UPDATE SET name = 'x'")}, "E 42501 | Z I", "others", 14},
	{"ON CONFLICT with few rows", []any{query("INSERT INTO categories SELECT n, 'x' FROM generate_series(1, 3) n ON CONFLICT (id) DO UPDATE SET name = 'x'")}, "C INSERT 0 3 | Z I", "", 14},
	{"MERGE", []any{query("MERGE INTO categories c USING generate_series(1, 4) n ON c.id = n WHEN MATCHED THEN DELETE")}, "E 42501 | Z I", "others", 15},
	{"MERGE with few rows", []any{query("MERGE INTO categories c USING generate_series(1, 3) n ON c.id = n WHEN MATCHED THEN DELETE")}, "C MERGE 3 | Z I", "", 15},
}

func TestEveryKindOfBoundOnRowsHolds(t *testing.T) {
	t.Parallel()
	eachMajor(t, manyBounds, func(t *testing.T, s stage) {
		major, err := strconv.Atoi(s.server.Query(t, s.database, "SELECT current_setting('server_version_num')::int / 10000"))
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range bounded {
			if major < b.from {
				continue
			}
			t.Run(b.name, func(t *testing.T) {
				s.server.Exec(t, s.database, `
					DROP TABLE IF EXISTS rows_half, rows_planned;
					CREATE TABLE rows_half (id int);
					CREATE TABLE rows_planned (id int PRIMARY KEY);
					INSERT INTO rows_half SELECT generate_series(1, 100);
					INSERT INTO rows_planned SELECT generate_series(1, 5000);
					TRUNCATE coupons, categories;
					INSERT INTO coupons SELECT n, 'x' FROM generate_series(1, 20) n;
					INSERT INTO categories SELECT n, 'x' FROM generate_series(1, 20) n`)
				s.server.Exec(t, s.database, "ANALYZE rows_half, rows_planned")
				c := s.raw(t, production)
				c.send(messages(b.send...)...)
				c.want(b.want)
				if b.rule != "" {
					s.recorded(t, c, b.rule)
				}
			})
		}
	})
}
