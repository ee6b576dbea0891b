package functions

import (
	"context"
	_ "embed"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/pgcordon/pgcordon/parser"
	"github.com/pgcordon/pgcordon/test/pgtest"
)

//go:embed harmless.txt
var harmlessList string

func harmless() map[string]bool {
	names := make(map[string]bool)
	for line := range strings.Lines(harmlessList) {
		if !strings.HasPrefix(line, "#") {
			for _, name := range strings.Fields(line) {
				names[name] = true
			}
		}
	}
	return names
}

// function is one of a server's functions.
type function struct {
	OID      uint32
	Name     string
	Volatile bool
	Builtin  bool   // in pg_catalog, with an OID that is the same everywhere
	Symbol   string // its name in C, if it is part of the server
}

// extensions are those that need no other language's library.
const extensions = `SELECT name FROM pg_available_extensions WHERE name !~ 'plp|plperl|pltcl' ORDER BY name`

// functionsOf creates every extension in a server and lists its functions.
func functionsOf(t *testing.T, major int) []function {
	t.Helper()
	ctx := context.Background()
	server := pgtest.Start(t, pgtest.Config{Major: major})
	conn, err := pgx.Connect(ctx, server.AdminDSN("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	for _, name := range collect(t, conn, extensions, pgx.RowTo[string]) {
		if _, err := conn.Exec(ctx, fmt.Sprintf("CREATE EXTENSION IF NOT EXISTS %q CASCADE", name)); err != nil {
			t.Fatal(err)
		}
	}
	return collect(t, conn, `
		SELECT oid, proname AS name, provolatile = 'v' AS volatile, pronamespace = 'pg_catalog'::regnamespace AND oid < 16384 AS builtin,
			CASE (SELECT lanname FROM pg_language WHERE oid = prolang) WHEN 'internal' THEN prosrc ELSE '' END AS symbol
		FROM pg_proc WHERE pronamespace IN ('pg_catalog'::regnamespace, 'public'::regnamespace) AND prokind IN ('f', 'p')`,
		pgx.RowToStructByName[function])
}

func collect[T any](t *testing.T, conn *pgx.Conn, sql string, row pgx.RowToFunc[T]) []T {
	t.Helper()
	rows, err := conn.Query(context.Background(), sql)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, row)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// elsewhere are functions of the table that no extension of these servers has: of
// extensions that do not come with PostgreSQL.
var elsewhere = strings.Fields(`query_export_to_s3 table_import_from_s3 undistribute_table drop_chunks
	run_command_on_workers run_command_on_shards run_command_on_placements master_run_on_worker`)

func TestEveryVolatileFunctionIsKnown(t *testing.T) {
	known, benign := parser.SideEffects(), harmless()
	seen := make(map[string]bool)
	var mu sync.Mutex
	t.Run("majors", func(t *testing.T) {
		for _, major := range pgtest.Majors {
			t.Run(fmt.Sprint(major), func(t *testing.T) {
				t.Parallel()
				for _, f := range functionsOf(t, major) {
					if f.Volatile && known[f.Name] == 0 && !benign[f.Name] {
						t.Errorf("%s (%d) is volatile; does it do anything beside its result?", f.Name, f.OID)
					}
					checkOID(t, f, known[f.Name])
					checkSymbol(t, f, known[f.Name])
					mu.Lock()
					seen[f.Name] = true
					mu.Unlock()
				}
			})
		}
	})
	for _, name := range elsewhere {
		seen[name] = true
	}
	for name := range known {
		if !seen[name] {
			t.Errorf("no server has %s", name)
		}
		if benign[name] {
			t.Errorf("%s is harmless and has side effects", name)
		}
	}
	for name := range benign {
		if !seen[name] {
			t.Errorf("no server has the harmless %s", name)
		}
	}
}

// reused are OIDs that a later major gave to a harmless function; what a function of an
// earlier one did counts.
var reused = map[uint32]string{4099: "pg_rotate_logfile_old", 4100: "pg_read_file_old"}

// A FunctionCall message names a function by its OID. ts_rewrite runs a query in one of
// its forms only; a function that was renamed goes by either name.
func checkOID(t *testing.T, f function, effects parser.EffectSet) {
	t.Helper()
	name, acts := parser.FunctionByOID(f.OID)
	switch {
	case !f.Builtin || f.Name == "ts_rewrite":
	case effects == 0 && name != reused[f.OID]:
		t.Errorf("OID %d is %s, not %q", f.OID, f.Name, name)
	case effects != 0 && len(acts) == 0:
		t.Errorf("%s has OID %d, which is taken for %q", f.Name, f.OID, name)
	}
}

// A function of LANGUAGE internal is one of the server's under another name.
func checkSymbol(t *testing.T, f function, effects parser.EffectSet) {
	t.Helper()
	if f.Symbol == "" || effects == 0 {
		return
	}
	sql := "CREATE FUNCTION f() RETURNS int LANGUAGE internal AS '" + f.Symbol + "'"
	if got := parser.Summarize(sql, parser.Options{}).Effects; got&effects != effects {
		t.Errorf("%s: %v, but %s is %v", sql, got, f.Name, effects)
	}
}
