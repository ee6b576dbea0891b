package parity

import (
	"context"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/pgcordon/pgcordon/test/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// policy has every statement inspected and refuses none that a script sends.
const policy = `
targets:
  - {name: parity, environment: production, listen: ["$listen"], upstream: "UPSTREAM"}
sources:
  - {name: here, environment: production, cidr: [127.0.0.0/8]}
sessions:
  - {name: everyone, action: allow, when: {replication: false}}
  - {name: replicas, action: allow, when: {replication: true}}
` + guarded + `
builtin: false
audit: {file: "$audit"}
metrics: {listen: "$metrics"}
limits: {cancels_per_second: 1000}
`

const guarded = `statements: [{name: guarded, action: deny, when: {relation: ["never.mentioned"]}}]`

// tables are what scripts find. They leave them as they were.
const tables = `
CREATE TABLE item (id int PRIMARY KEY, name text);
INSERT INTO item SELECT g, CASE WHEN g % 3 > 0 THEN 'item ' || g END FROM generate_series(1, 9) g;
ALTER TABLE item OWNER TO parity;
`

func TestGuardCannotBeToldFromTheServer(t *testing.T) {
	for _, major := range pgtest.Majors {
		t.Run(strconv.Itoa(major), func(t *testing.T) {
			server := pgtest.Shared(t, major)
			guard := pgtest.StartGuard(t, strings.Replace(policy, "UPSTREAM", server.Addr(), 1))
			compareAll(t, server, guard.Addr)
		})
	}
}

// A script that gives two answers by itself would say nothing about the guard.
func TestServerCannotBeToldFromItself(t *testing.T) {
	for _, major := range pgtest.Majors {
		t.Run(strconv.Itoa(major), func(t *testing.T) {
			server := pgtest.Shared(t, major)
			compareAll(t, server, server.Addr())
		})
	}
}

func compareAll(t *testing.T, server *pgtest.Server, other string) {
	prepare(t, server)
	activity := watch(t, server)
	for name, commands := range scripts(t) {
		t.Run(name, func(t *testing.T) { compare(t, name, commands, server.Addr(), other, activity) })
	}
}

// compare plays a script directly once and through the guard once for each way to
// cut its bytes.
func compare(t *testing.T, name string, commands []command, server, guarded string, b backends) {
	want, err := run(commands, server, inOnePiece, b)
	if err != nil {
		t.Fatalf("direct: %v", err)
	}
	for _, s := range splitters(name, commands) {
		got, err := run(commands, guarded, s.split, b)
		if err != nil {
			t.Errorf("guarded, %s: %v", s.name, err)
			continue
		}
		if d := difference(want, got); d != "" {
			t.Errorf("guarded, %s: %s", s.name, d)
		}
	}
}

type namedSplitter struct {
	name  string
	split splitter
}

func splitters(name string, commands []command) []namedSplitter {
	const short = 8 << 10 // more would only take time, one byte a packet
	all := []namedSplitter{{"in one piece", inOnePiece}, {"in random pieces", inRandomPieces(name)}}
	if size(commands) <= short {
		all = append(all, namedSplitter{"byte by byte", byteByByte})
	}
	return all
}

func inOnePiece(bytes []byte) [][]byte { return [][]byte{bytes} }

func byteByByte(bytes []byte) [][]byte {
	var pieces [][]byte
	for i := range bytes {
		pieces = append(pieces, bytes[i:i+1])
	}
	return pieces
}

// inRandomPieces cuts small and large pieces, the same ones in every run of a script.
func inRandomPieces(script string) splitter {
	h := fnv.New64a()
	h.Write([]byte(script))
	random := rand.New(rand.NewPCG(h.Sum64(), 1))
	return func(bytes []byte) [][]byte {
		var pieces [][]byte
		for len(bytes) > 0 {
			n := min(1+random.IntN(1<<random.IntN(17)), len(bytes))
			pieces, bytes = append(pieces, bytes[:n]), bytes[n:]
		}
		return pieces
	}
}

func size(commands []command) int {
	total := 0
	for _, c := range commands {
		bytes, _, _ := c.encode()
		total += len(bytes)
	}
	return total
}

func scripts(t *testing.T) map[string][]command {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	all := map[string][]command{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		commands, err := parseScript(string(text))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all[strings.TrimSuffix(filepath.Base(file), ".txt")] = commands
	}
	return all
}

func prepare(t *testing.T, server *pgtest.Server) {
	t.Helper()
	server.Exec(t, "postgres", "CREATE ROLE parity LOGIN REPLICATION IN ROLE pg_signal_backend")
	t.Cleanup(func() { server.Exec(t, "postgres", "DROP ROLE parity") })
	server.NewDatabase(t, Database)
	server.Exec(t, Database, tables)
}

// watch keeps one connection to ask what a backend is doing.
func watch(t *testing.T, server *pgtest.Server) backends {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, server.AdminDSN("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(ctx) })
	return func(pid uint32) (state string, err error) {
		err = conn.QueryRow(ctx, "SELECT coalesce(max(CASE wait_event WHEN 'PgSleep' THEN 'asleep' ELSE state END), '') "+
			"FROM pg_stat_activity WHERE pid = $1", pid).Scan(&state)
		return state, err
	}
}
