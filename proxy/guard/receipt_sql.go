package guard

import (
	"fmt"
	"strings"

	"github.com/pgcordon/pgcordon/parser"
)

// What the server is asked for a receipt. Every name is qualified and every operator
// written out, for the session's search path may hide those of pg_catalog. Nothing here
// fails: what may not be done is found out first.

// means are the answers to meansQuery: what can be had in this session.
type means struct {
	Position bool     `json:"position"` // the server tells where its WAL is
	Mark     bool     `json:"mark"`     // a restore point can be made
	Space    bool     `json:"space"`    // a table can be made in the schema of the copies
	Volatile []string `json:"volatile"` // of the functions that the copies' predicates call
	Tables   []table  `json:"tables"`   // whose rows are to be copied
}

// table is one whose rows are to be copied. Names are quoted where SQL needs it.
type table struct {
	Name    string   `json:"name"`    // with its schema; empty where there is no such table
	Kind    string   `json:"kind"`    // pg_class.relkind
	Read    bool     `json:"read"`    // the role may SELECT
	Lock    bool     `json:"lock"`    // and SELECT FOR UPDATE
	Hidden  bool     `json:"hidden"`  // row-level security hides rows
	Heirs   bool     `json:"heirs"`   // it has children, and is not partitioned
	Columns []string `json:"columns"` // that can be written
	Key     []string `json:"key"`     // of the primary key
	// Triggers are those that are on, but for the server's own.
	Triggers []struct {
		Name   string `json:"name"`
		Events int    `json:"events"` // pg_trigger.tgtype
	} `json:"triggers"`
}

// meansQuery asks what a receipt can have, as one JSON object.
func meansQuery(copies []parser.Copy, schema string) string {
	var tables, functions []string
	for _, c := range copies {
		name := parser.QuoteName(c.Relation.Name)
		if c.Relation.Schema != "" {
			name = parser.QuoteName(c.Relation.Schema) + "." + name
		}
		tables = append(tables, parser.QuoteLiteral(name))
		for _, f := range c.Functions {
			functions = append(functions, parser.QuoteLiteral(f))
		}
	}
	return fmt.Sprintf(meansSQL, parser.QuoteLiteral(parser.QuoteName(schema)), textArray(functions), textArray(tables))
}

func textArray(literals []string) string {
	return "ARRAY[" + strings.Join(literals, ", ") + "]::pg_catalog.text[]"
}

// tableSQL is a table of the relation c in the schema n.
const tableSQL = `pg_catalog.json_build_object(
'name', CASE WHEN c.oid IS NOT NULL THEN pg_catalog.format('%%I.%%I', n.nspname, c.relname) END,
'kind', c.relkind,
'read', pg_catalog.has_table_privilege(c.oid, 'SELECT'),
'lock', pg_catalog.has_any_column_privilege(c.oid, 'UPDATE'),
'hidden', pg_catalog.row_security_active(c.oid),
'heirs', c.relhassubclass AND c.relkind OPERATOR(pg_catalog.=) 'r',
'columns', (SELECT pg_catalog.json_agg(pg_catalog.quote_ident(a.attname) ORDER BY a.attnum) FROM pg_catalog.pg_attribute a
	WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid AND a.attnum OPERATOR(pg_catalog.>) 0
		AND NOT a.attisdropped AND a.attgenerated OPERATOR(pg_catalog.=) ''),
'key', (SELECT pg_catalog.json_agg(pg_catalog.quote_ident(a.attname) ORDER BY a.attnum) FROM pg_catalog.pg_index i, pg_catalog.pg_attribute a
	WHERE i.indrelid OPERATOR(pg_catalog.=) c.oid AND i.indisprimary
		AND a.attrelid OPERATOR(pg_catalog.=) c.oid AND a.attnum OPERATOR(pg_catalog.=) ANY (i.indkey)),
'triggers', (SELECT pg_catalog.json_agg(pg_catalog.json_build_object('name', pg_catalog.quote_ident(r.tgname), 'events', r.tgtype) ORDER BY r.tgname)
	FROM pg_catalog.pg_trigger r WHERE r.tgrelid OPERATOR(pg_catalog.=) c.oid AND NOT r.tgisinternal AND r.tgenabled OPERATOR(pg_catalog.<>) 'D'))`

const meansSQL = `SELECT pg_catalog.json_build_object(
'position', NOT pg_catalog.pg_is_in_recovery()
	AND pg_catalog.has_function_privilege('pg_catalog.pg_current_wal_insert_lsn()', 'EXECUTE')
	AND pg_catalog.has_function_privilege('pg_catalog.pg_walfile_name(pg_lsn)', 'EXECUTE'),
'mark', NOT pg_catalog.pg_is_in_recovery()
	AND pg_catalog.has_function_privilege('pg_catalog.pg_create_restore_point(text)', 'EXECUTE')
	AND pg_catalog.current_setting('wal_level') OPERATOR(pg_catalog.<>) 'minimal',
'space', COALESCE((SELECT pg_catalog.has_schema_privilege(s.oid, 'USAGE') AND pg_catalog.has_schema_privilege(s.oid, 'CREATE')
	FROM pg_catalog.pg_namespace s WHERE s.oid OPERATOR(pg_catalog.=) pg_catalog.to_regnamespace(%s)::pg_catalog.oid), false)
	AND pg_catalog.current_setting('transaction_read_only') OPERATOR(pg_catalog.=) 'off',
'volatile', (SELECT pg_catalog.json_agg(DISTINCT p.proname::pg_catalog.text) FROM pg_catalog.pg_proc p
	WHERE p.provolatile OPERATOR(pg_catalog.=) 'v' AND p.proname::pg_catalog.text OPERATOR(pg_catalog.=) ANY (%s)),
'tables', (SELECT pg_catalog.json_agg(` + tableSQL + ` ORDER BY t.place)
	FROM ROWS FROM (pg_catalog.unnest(%s)) WITH ORDINALITY AS t (name, place)
	LEFT JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass(t.name)::pg_catalog.oid
	LEFT JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace)
)::pg_catalog.text`

// momentQuery asks when and where the server is: two values more where the server tells of
// its WAL. The name of a WAL file begins with the timeline.
// https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-ADMIN-BACKUP
func momentQuery(position bool) string {
	query := `SELECT pg_catalog.to_char(pg_catalog.timezone('UTC', pg_catalog.clock_timestamp()), 'YYYY-MM-DD HH24:MI:SS.US"+00"')`
	if position {
		query += `, w.lsn::pg_catalog.text, pg_catalog.pg_walfile_name(w.lsn) FROM pg_catalog.pg_current_wal_insert_lsn() AS w (lsn)`
	}
	return query
}

// transactionQuery asks for the id of the transaction, which is null where it has none.
const transactionQuery = `SELECT pg_catalog.pg_current_xact_id_if_assigned()::pg_catalog.text`

// restorePointQuery marks the place in WAL. The name has at most 63 bytes (MAXFNAMELEN
// in src/include/access/xlog_internal.h).
func restorePointQuery(name string) string {
	return "SELECT pg_catalog.pg_create_restore_point(" + parser.QuoteLiteral(name) + ")::pg_catalog.text"
}
