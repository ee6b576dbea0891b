package guard

import (
	"strconv"
	"strings"

	"github.com/pgcordon/pgcordon/parser"
	"github.com/pgcordon/pgcordon/policy"
)

// What a transaction has done is asked of the server before it is committed. Whatever changes
// a table's rows, truncates it or alters it holds a lock on it until the transaction ends
// (https://www.postgresql.org/docs/current/explicit-locking.html), be it a function, a trigger or a cascade; and the
// server counts rows a relation at a time (src/backend/utils/activity/pgstat_relation.c). A transaction without an
// id has changed nothing.
//
// Everything is written with its schema: a client may have hidden pg_catalog behind
// another one.

// written turns the short forms of the queries below into what the server is sent.
var written = strings.NewReplacer(
	"=", "OPERATOR(pg_catalog.=)", "<>", "OPERATOR(pg_catalog.<>)", ">=", "OPERATOR(pg_catalog.>=)", "<=", "OPERATOR(pg_catalog.<=)",
	" - ", " OPERATOR(pg_catalog.-) ", "@", "pg_catalog.",
)

// probe asks for every relation that the transaction may have changed. One that it has
// itself created is left out, which the row of a system column tells that no ALTER TABLE touches,
// and so are temporary ones. Of a relation that is gone the name is not known any more.
//
// TRUNCATE gives a relation new storage and forgets its statistics (RelationSetNewRelfilenumber
// in src/backend/utils/cache/relcache.c).
var probe = written.Replace(`
SELECT l.oid, n.nspname, c.relname,
	@pg_stat_get_xact_tuples_inserted(l.oid), @pg_stat_get_xact_tuples_updated(l.oid), @pg_stat_get_xact_tuples_deleted(l.oid),
	l.exclusive AND c.relkind = 'r' AND c.reltuples = '-1' AND ` + ofThisTransaction("c.xmin") + `,
	l.exclusive AND (c.oid IS NULL OR ` + ofThisTransaction("c.xmin") + ` OR EXISTS (
		SELECT FROM @pg_attribute a WHERE a.attrelid = l.oid AND ` + ofThisTransaction("a.xmin") + `)),
	CASE WHEN c.reltuples >= '0' THEN c.reltuples ELSE @pg_stat_get_live_tuples(l.oid) END
FROM (
	SELECT k.relation AS oid, @bool_or(k.mode = 'AccessExclusiveLock') AS exclusive
	FROM @pg_locks k
	WHERE k.pid = @pg_backend_pid() AND k.locktype = 'relation' AND (k.relation >= '16384' OR k.relation = '2613')
		AND k.mode = ANY ('{RowExclusiveLock,ShareRowExclusiveLock,ExclusiveLock,AccessExclusiveLock}')
	GROUP BY k.relation
) l
LEFT JOIN @pg_class c ON c.oid = l.oid
LEFT JOIN @pg_namespace n ON n.oid = c.relnamespace
WHERE @pg_current_xact_id_if_assigned() IS NOT NULL
	AND (c.oid IS NULL OR c.relkind = ANY ('{r,p,m}') AND c.relpersistence <> 't' AND NOT EXISTS (
		SELECT FROM @pg_attribute a WHERE a.attrelid = l.oid AND a.attnum = '-6' AND ` + ofThisTransaction("a.xmin") + `))`)

// ofThisTransaction is true of a row that the transaction, or a part of it, has written: it is
// visible, and no other transaction in progress wrote it. Ids older than the
// transaction's are not looked up: what is frozen has none.
func ofThisTransaction(xmin string) string {
	return "CASE WHEN @age(" + xmin + ") <= '0' THEN @pg_xact_status(" +
		"(@pg_current_xact_id_if_assigned()::@text::@int8 - @age(" + xmin + ")::@int8)::@text::@xid8) = 'in progress' ELSE false END"
}

// The basis of a transaction: the counters of some relations, or of all that have any, which
// hold what earlier transactions left pending; the newest relation that there is; and the session's
// temporary ones, whose names nobody can tell when they are gone.
var (
	basisOf = written.Replace(`
SELECT 'counters', o.oid, @pg_stat_get_xact_tuples_inserted(o.oid), @pg_stat_get_xact_tuples_updated(o.oid), @pg_stat_get_xact_tuples_deleted(o.oid)
FROM @unnest($1::@oid[]) o (oid)`) + alsoThere
	basisOfAll = written.Replace(`
SELECT 'counters', s.* FROM (
	SELECT c.oid, @pg_stat_get_xact_tuples_inserted(c.oid) i, @pg_stat_get_xact_tuples_updated(c.oid) u, @pg_stat_get_xact_tuples_deleted(c.oid) d
	FROM @pg_class c WHERE (c.oid >= '16384' OR c.oid = '2613') AND c.relkind = ANY ('{r,p,m}')
) s WHERE i <> '0' OR u <> '0' OR d <> '0'`) + alsoThere
	alsoThere = written.Replace(`
UNION ALL SELECT 'newest', @max(c.oid), 0, 0, 0 FROM @pg_class c
UNION ALL SELECT 'blind', NULL, 0, 0, 0 WHERE @current_setting('track_counts') <> 'on'
UNION ALL SELECT 'temporary', c.oid, 0, 0, 0 FROM @pg_class c WHERE @pg_my_temp_schema() <> '0' AND c.relnamespace = @pg_my_temp_schema()`)
)

// basis is what was there before a transaction changed anything.
type basis struct {
	counters  map[string]counters
	newest    int64
	temporary map[string]bool
	emptied   map[string]bool // what the transaction had truncated already
	blind     bool            // the server does not count (track_counts)
}

func basisIn(rows [][]string) *basis {
	b := &basis{counters: map[string]counters{}, temporary: map[string]bool{}}
	for _, row := range rows {
		switch {
		case len(row) != 5:
		case row[0] == "counters":
			b.counters[row[1]] = countersIn(row[2:])
		case row[0] == "newest":
			b.newest = count(row[1])
		case row[0] == "blind":
			b.blind = true
		case row[0] == "temporary":
			b.temporary[row[1]] = true
		}
	}
	return b
}

// emptiedIn returns what a probe says to be truncated.
func emptiedIn(rows [][]string) map[string]bool {
	emptied := map[string]bool{}
	for _, row := range rows {
		if len(row) == 9 && row[6] == "t" {
			emptied[row[0]] = true
		}
	}
	return emptied
}

// ownAffair tells whether a relation that is gone was the session's own: a temporary one,
// or one that the transaction has made itself.
func (b *basis) ownAffair(oid string) bool { return b.temporary[oid] || count(oid) > b.newest }

// counters are those of a relation.
type counters struct{ inserted, updated, deleted int64 }

// countersIn reads three counters from a row.
func countersIn(row []string) counters {
	return counters{count(row[0]), count(row[1]), count(row[2])}
}

func count(text string) int64 {
	n, _ := strconv.ParseInt(text, 10, 64)
	return n
}

// changes reads what a probe answered, less what was there before.
func changes(rows [][]string, before *basis) []policy.Changes {
	var all []policy.Changes
	for _, row := range rows {
		if len(row) != 9 || row[2] == "" && before.ownAffair(row[0]) {
			continue
		}
		now, then := countersIn(row[3:]), before.counters[row[0]]
		c := policy.Changes{
			Relation: parser.Relation{Schema: row[1], Name: row[2]},
			Inserted: max(0, now.inserted-then.inserted), Updated: max(0, now.updated-then.updated), Deleted: max(0, now.deleted-then.deleted),
			Truncated: row[6] == "t" && !before.emptied[row[0]], Altered: row[7] == "t", Rows: -1,
		}
		if c.Relation.Name == "" {
			c.Relation.Name = parser.AnyName
		}
		if rows, err := strconv.ParseFloat(row[8], 64); err == nil {
			c.Rows = rows
		}
		all = append(all, c)
	}
	return all
}
