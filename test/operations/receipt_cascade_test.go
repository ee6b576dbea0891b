package operations

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pgcordon/pgcordon/audit"
)

// kin are tables whose rows go along with others.
const kin = `
	DROP SCHEMA IF EXISTS pgcordon_receipts, kin CASCADE;
	CREATE SCHEMA pgcordon_receipts;
	CREATE SCHEMA kin;
	CREATE TABLE kin.parent (id int PRIMARY KEY, "Name" text UNIQUE);
	CREATE TABLE kin.child (id int PRIMARY KEY, parent int REFERENCES kin.parent ON DELETE CASCADE, other int REFERENCES kin.parent ON DELETE CASCADE);
	CREATE TABLE kin.toy (id int PRIMARY KEY, owner int REFERENCES kin.child ON DELETE SET NULL);
	CREATE TABLE kin.tag (parent text REFERENCES kin.parent ("Name") ON DELETE CASCADE, n int) PARTITION BY LIST (n);
	CREATE TABLE kin.tag_1 PARTITION OF kin.tag FOR VALUES IN (1);
	CREATE TABLE kin.tag_2 PARTITION OF kin.tag FOR VALUES IN (2);
	CREATE TABLE kin.tree (id int PRIMARY KEY, up int REFERENCES kin.tree ON DELETE CASCADE);
	CREATE TABLE kin.keyless (a int REFERENCES kin.parent ON DELETE CASCADE, b int REFERENCES kin.parent ON DELETE CASCADE);
	CREATE TABLE kin.watched (id int);
	CREATE FUNCTION kin.watch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
	CREATE TRIGGER watch AFTER DELETE ON kin.watched FOR EACH ROW EXECUTE FUNCTION kin.watch();
	CREATE TRIGGER unmoved AFTER UPDATE ON kin.watched FOR EACH ROW EXECUTE FUNCTION kin.watch();
	INSERT INTO kin.parent SELECT n, 'parent ' || n FROM generate_series(1, 9) n;
	INSERT INTO kin.child SELECT n, n, n % 3 + 1 FROM generate_series(1, 6) n;
	INSERT INTO kin.toy SELECT n, n FROM generate_series(1, 6) n;
	INSERT INTO kin.tag SELECT 'parent ' || n, n % 2 + 1 FROM generate_series(1, 6) n;
	INSERT INTO kin.tree VALUES (1, NULL), (2, 1), (3, 2), (4, 3), (5, NULL), (6, 6);
	INSERT INTO kin.keyless VALUES (9, 8);
	INSERT INTO kin.watched VALUES (1)`

// everyRow is all that is in the tables.
const everyRow = `SELECT string_agg(row, E'\n' ORDER BY row) FROM (
	SELECT 'parent' || t AS row FROM kin.parent t UNION ALL SELECT 'child' || t FROM kin.child t UNION ALL SELECT 'toy' || t FROM kin.toy t
	UNION ALL SELECT 'tag' || t FROM kin.tag t UNION ALL SELECT 'tree' || t FROM kin.tree t UNION ALL SELECT 'keyless' || t FROM kin.keyless t
	UNION ALL SELECT 'watched' || t FROM kin.watched t) all_rows`

// TestRowsThatGoAlongAreCopied deletes rows to which others refer, and puts all of them back by the SQL
// of the plan.
func TestRowsThatGoAlongAreCopied(t *testing.T) {
	t.Parallel()
	const rules = `statements:
  - {name: perhaps, action: allow, receipt: {copy_rows: 8, without_copy: go_on}, when: {effect: delete, relation: watched}}
  - {name: kin, action: allow, receipt: {copy_rows: 8}, when: {effect: delete}}`
	eachMajor(t, rules, func(t *testing.T, s stage) {
		for _, rc := range []struct{ name, sql, want, copied string }{
			{"nothing goes along", "DELETE FROM kin.parent WHERE id = 7", "C DELETE 1 | Z I", "1 parent, 0 child, 0 child, 0 tag, 0 keyless, 0 keyless"},
			{"nothing goes", "DELETE FROM kin.parent WHERE id = 77", "C DELETE 0 | Z I", "0 parent"},
			{"over two keys to two tables, and on", "DELETE FROM kin.parent WHERE id = 1", "C DELETE 1 | Z I", "1 parent, 1 child, 2 child, 1 tag, 0 keyless, 0 keyless, 1 toy, 2 toy"},
			{"a tree", "DELETE FROM kin.tree WHERE id = 1", "C DELETE 1 | Z I", "1 tree, 1 tree, 1 tree, 1 tree, 0 tree"},
			{"a circle", "DELETE FROM kin.tree WHERE id = 6", "C DELETE 1 | Z I", "1 tree, 0 tree"},
			{"more rows than are copied", "DELETE FROM kin.parent WHERE id < 7 OR id > 6", "E 42501 | Z I", ""},
			{"a row goes in two ways and has no key", "DELETE FROM kin.parent WHERE id IN (8, 9)", "E 42501 | Z I", ""},
			{"a trigger", "DELETE FROM kin.watched", "C DELETE 1 | Z I", "1 watched, copy: what triggers of kin.watched change elsewhere is not copied: watch"},
		} {
			t.Run(rc.name, func(t *testing.T) {
				s.server.Exec(t, s.database, kin)
				was := s.server.Query(t, s.database, everyRow)
				c := s.raw(t, production, "application_name", rc.name)
				c.send(query(rc.sql))
				c.want(rc.want)
				c.leave()
				end := s.guard.AwaitEvent(t, "the end of "+rc.name, func(e audit.Event) bool { return e.Type == audit.SessionEnd && e.Application == rc.name })
				if rc.copied == "" {
					if is := s.server.Query(t, s.database, everyRow); is != was {
						t.Errorf("refused, and there is\n%s\nwant\n%s", is, was)
					}
					return
				}
				event := s.guard.AwaitEvent(t, "a receipt", func(e audit.Event) bool { return e.Receipt != nil && e.Session == end.Session })
				if got := copiedIn(event.Receipt); got != rc.copied {
					t.Errorf("copied %s, want %s", got, rc.copied)
				}
				for _, rows := range planOf(t, s.guard.AuditFile, event.ID).Rows {
					s.server.Exec(t, s.database, rows.SQL)
				}
				if is := s.server.Query(t, s.database, everyRow); is != was {
					t.Errorf("put back\n%s\nwant\n%s", is, was)
				}
			})
		}
	})
}

// copiedIn are the rows of copies by table, and what is missing.
func copiedIn(r *audit.Receipt) string {
	var words []string
	for _, c := range r.Copies {
		words = append(words, fmt.Sprint(c.Rows, " ", strings.TrimPrefix(c.Relation, "kin.")))
	}
	return strings.Join(append(words, r.Missing...), ", ")
}
