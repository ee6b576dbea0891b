package parity

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pgcordon/pgcordon/test/pgtest"
)

var (
	conversations = flag.Int("conversations", 60, "how many conversations are made up for each limit and major")
	firstSeed     = flag.Uint64("seed", 1, "of the first conversation")
)

// left is what each conversation finds, and what may be left of the one before.
const left = `
GRANT ALL ON SCHEMA public TO parity;
SET ROLE parity;
CREATE TABLE IF NOT EXISTS kept (id int PRIMARY KEY, n int, parent int REFERENCES kept DEFERRABLE INITIALLY DEFERRED);
TRUNCATE kept;
INSERT INTO kept SELECT g, g, CASE WHEN g > 1 THEN 1 END FROM generate_series(1, 5) g;
CREATE OR REPLACE FUNCTION changes(upto int) RETURNS int LANGUAGE plpgsql AS
	'BEGIN UPDATE kept SET n = n + 1 WHERE id <= upto; RAISE NOTICE ''changed''; RETURN upto; END';
CREATE OR REPLACE PROCEDURE adds(id int) LANGUAGE sql AS 'INSERT INTO kept VALUES (id, 0)';
DROP TABLE IF EXISTS made`

// single are statements that stand in no string of several: outside of a block they are refused there.
var single = []string{"SAVEPOINT a", "SAVEPOINT a", "ROLLBACK TO a", "RELEASE a", "SAVEPOINT b", "ROLLBACK TO SAVEPOINT b"}

// lonely are statements that are no part of sections either: PostgreSQL has other words for these than
// for blocks; or their COMMIT fails in front of its own warning.
var lonely = []string{
	"VACUUM kept", "DISCARD ALL", "INSERT INTO kept VALUES (20, 1, 99)", "UPDATE kept SET parent = 99 WHERE id = 3", "DELETE FROM kept WHERE id = 1",
}

// anywhere are statements that may stand in strings of several, too.
var anywhere = []string{
	"BEGIN", "BEGIN", "BEGIN", "START TRANSACTION READ ONLY", "BEGIN ISOLATION LEVEL SERIALIZABLE", "COMMIT", "COMMIT", "COMMIT", "END",
	"ROLLBACK", "ROLLBACK", "ABORT", "COMMIT AND CHAIN", "ROLLBACK AND CHAIN",
	"INSERT INTO kept VALUES (10, 1)", "INSERT INTO kept VALUES (1, 1)", "INSERT INTO kept VALUES (11, 2) ON CONFLICT (id) DO UPDATE SET n = 7 RETURNING n",
	"UPDATE kept SET n = n + 1", "UPDATE kept SET n = 0 WHERE id = 2 RETURNING *", "UPDATE kept SET n = 1 / (id - 3)",
	"DELETE FROM kept WHERE id = 4", "DELETE FROM kept WHERE id > 3 RETURNING id", "DELETE FROM kept WHERE false",
	"WITH gone AS (DELETE FROM kept WHERE id = 5 RETURNING id) SELECT count(*) FROM gone", "TRUNCATE kept",
	"DO $$ BEGIN UPDATE kept SET n = 3; RAISE NOTICE 'done'; END $$", "DO $$ BEGIN RAISE EXCEPTION 'no'; END $$", "DO $$ BEGIN NULL; END $$",
	"CALL adds(30)", "CALL adds(1)", "SELECT changes(2)", "SELECT changes(id) FROM kept WHERE id = 3",
	"SELECT 1", "SELECT * FROM kept ORDER BY id", "SELECT 1 / 0", "SELECT FROM nowhere", "SELEC 1", "", "  ", "TABLE kept ORDER BY id LIMIT 1",
	"SET LOCAL enable_seqscan = off", "SET application_name = 'b'", "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
	"SHOW transaction_isolation", "RESET application_name", "SET nothing.such = 'x'", "SET CONSTRAINTS ALL IMMEDIATE", "SET client_min_messages = warning", "RESET ALL",
	"LOCK TABLE kept", "DECLARE c CURSOR FOR SELECT id FROM kept ORDER BY id", "FETCH 2 FROM c", "MOVE 1 IN c", "CLOSE c", "CLOSE ALL",
	"DELETE FROM kept WHERE CURRENT OF c", "PREPARE p AS DELETE FROM kept WHERE id = 3", "EXECUTE p", "DEALLOCATE p", "DEALLOCATE ALL",
	"COPY kept TO STDOUT", "COPY (DELETE FROM kept WHERE id = 2 RETURNING id) TO STDOUT", "LISTEN n", "NOTIFY n, 'x'", "UNLISTEN *",
	"CREATE TABLE made (a int)", "DROP TABLE made", "CREATE TEMP TABLE own (a int)", "INSERT INTO own VALUES (1), (2)", "DROP TABLE own",
	"ALTER TABLE kept ALTER n SET DEFAULT 1", "COMMENT ON TABLE kept IS 'x'", "ANALYZE kept", "EXPLAIN (COSTS off) DELETE FROM kept",
	"EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off, BUFFERS off) DELETE FROM kept WHERE id = 2", "REFRESH MATERIALIZED VIEW nowhere",
	"SELECT id FROM kept WHERE id = 1 FOR UPDATE", "SELECT n INTO made FROM kept", "CREATE TABLE made AS SELECT 1 AS a", "LOAD 'nothing'", "CHECKPOINT",
}

// core are the statements of conversations that are about little else than how transactions end.
var core = []string{
	"BEGIN", "BEGIN", "COMMIT", "COMMIT", "ROLLBACK", "ROLLBACK AND CHAIN", "SELECT changes(2)", "DELETE FROM kept WHERE id = 4", "SELECT 1 / 0", "SELEC 1", "SELECT 1",
}

// values are statements with parameters, and their values.
var values = [][]string{
	{"DELETE FROM kept WHERE id = $1", "3"}, {"INSERT INTO kept VALUES ($1, $2)", "40", "null"}, {"SELECT changes($1)", "1"},
	{"UPDATE kept SET n = $1 WHERE id = $2 RETURNING n", "8", "2"}, {"SELECT $1::int + $2::int", "1", "x"},
}

// talk makes a conversation up.
type talk struct {
	*rand.Rand
	commands []command
	answers  int  // ReadyForQuery that is still to come
	terse    bool // of core statements only
}

func converse(seed uint64) []command {
	t := talk{Rand: rand.New(rand.NewPCG(seed, seed))}
	t.terse = t.IntN(2) == 0
	t.say("answered-by-guard")
	for range 4 + t.IntN(12) {
		switch n := t.IntN(20); {
		case n < 2:
			t.say("query", t.pick(lonely))
		case n < 7:
			t.say("query", t.one())
		case n < 11:
			t.say("query", t.several())
		case n < 12:
			t.copies()
		default:
			t.section()
		}
		if t.answers++; t.IntN(3) > 0 {
			t.listen()
		}
	}
	t.say("query", "COMMIT")
	t.answers++
	t.say("query", "TABLE kept ORDER BY id")
	t.answers++
	t.listen()
	return t.commands
}

func (t *talk) say(verb string, args ...string) {
	t.commands = append(t.commands, command{line: len(t.commands) + 1, verb: verb, args: args})
}

func (t *talk) listen() {
	if t.answers > 0 {
		t.say("until", "Z", strconv.Itoa(t.answers))
		t.answers = 0
	}
}

func (t *talk) pick(from []string) string { return from[t.IntN(len(from))] }

func (t *talk) one() string {
	if t.IntN(5) == 0 {
		return t.pick(single)
	}
	return t.any()
}

func (t *talk) any() string {
	if t.terse {
		return t.pick(core)
	}
	return t.pick(anywhere)
}

func (t *talk) several() string {
	var all []string
	for range 2 + t.IntN(3) {
		all = append(all, t.any())
	}
	return strings.Join(all, "; ")
}

func (t *talk) copies() {
	if t.IntN(2) == 0 {
		t.say("query", "COPY kept (id, n) FROM STDIN")
	} else {
		t.say("query", "INSERT INTO kept VALUES (50, 1); COPY kept (id, n) FROM STDIN; SELECT 5")
	}
	t.say("copydata", t.pick([]string{"60\t1\n61\t2\n", "1\t1\n", "x\n", ""}))
	if t.IntN(4) == 0 {
		t.say("copyfail", "no more")
	} else {
		t.say("copydone")
	}
}

// section is a run of messages of the extended protocol, to its Sync.
func (t *talk) section() {
	for range 1 + t.IntN(4) {
		statement, portal := t.pick([]string{"", "", "s"}), t.pick([]string{"", "", "q"})
		var sql string
		if t.IntN(6) > 0 {
			sql = t.prepares(statement, portal)
		} else {
			t.say("bind", portal, statement)
		}
		if t.IntN(3) == 0 {
			t.say("describe", "P", portal)
		}
		t.say("execute", portal, t.pick([]string{"0", "0", "0", "0", "1"}))
		if t.IntN(6) == 0 {
			t.say("execute", portal, "0")
		}
		if t.IntN(4) == 0 {
			t.say("flush")
		}
		if statement != "" && t.IntN(2) == 0 {
			t.say("close", "S", statement)
		}
		if strings.HasPrefix(sql, "DO ") || strings.HasPrefix(sql, "CALL ") { // LOCK and the like would find themselves in a block
			break
		}
	}
	t.say("sync")
}

func (t *talk) prepares(statement, portal string) (sql string) {
	if t.IntN(4) == 0 {
		chosen := values[t.IntN(len(values))]
		t.say("parse", statement, chosen[0])
		t.say("bind", append([]string{portal, statement}, chosen[1:]...)...)
		return chosen[0]
	}
	sql = t.one()
	t.say("parse", statement, sql)
	t.say("bind", portal, statement)
	return sql
}

// TestGuardDoesNotShowInRandomConversations holds with conversations what scripts hold.
func TestGuardDoesNotShowInRandomConversations(t *testing.T) {
	for name, rules := range map[string]string{
		"no limits": guarded, "rows": limits["rows"].rules, "effects": limits["effects"].rules,
		"both": limits["rows"].rules + "\n" + limits["effects"].rules,
	} {
		for _, major := range []int{slices.Min(pgtest.Majors), slices.Max(pgtest.Majors)} {
			t.Run(name+" "+strconv.Itoa(major), func(t *testing.T) {
				server := pgtest.Shared(t, major)
				guard := pgtest.StartGuard(t, limiting(rules, server.Addr()))
				prepare(t, server)
				activity := watch(t, server)
				for seed := *firstSeed; seed < *firstSeed+uint64(*conversations); seed++ {
					commands := converse(seed)
					var heard [2]transcript
					for i, addr := range []string{server.Addr(), guard.Addr} {
						server.Exec(t, Database, left)
						var err error
						if heard[i], err = run(commands, addr, inRandomPieces(strconv.FormatUint(seed, 10)), activity); err != nil {
							t.Fatalf("seed %d, %s: %v\n%s", seed, addr, err, written(commands))
						}
					}
					if d := difference(heard[0], heard[1]); d != "" {
						t.Errorf("seed %d: %s\n%s", seed, d, written(commands))
					}
				}
			})
		}
	}
}

// nothing may be done to a table, in whatever way.
const nothing = `transactions: [{name: nothing, max_effects: {deleted: 0, updated: 0, inserted: 0, truncated: 0, altered: 0}}]`

// TestNoRandomConversationGetsAroundBounds looks at what is left where nothing may be changed.
func TestNoRandomConversationGetsAroundBounds(t *testing.T) {
	for _, major := range []int{slices.Min(pgtest.Majors), slices.Max(pgtest.Majors)} {
		t.Run(strconv.Itoa(major), func(t *testing.T) {
			server := pgtest.Shared(t, major)
			guard := pgtest.StartGuard(t, limiting(nothing, server.Addr()))
			prepare(t, server)
			activity := watch(t, server)
			const rows = "SELECT string_agg(k::text, ' ' ORDER BY id) FROM kept k"
			for seed := *firstSeed; seed < *firstSeed+uint64(*conversations); seed++ {
				commands := converse(seed)
				server.Exec(t, Database, left)
				before := server.Query(t, Database, rows)
				if _, err := run(commands, guard.Addr, inRandomPieces(strconv.FormatUint(seed, 10)), activity); err != nil {
					t.Fatalf("seed %d: %v\n%s", seed, err, written(commands))
				}
				if after := server.Query(t, Database, rows); after != before {
					t.Errorf("seed %d: %s became %s\n%s", seed, before, after, written(commands))
				}
			}
		})
	}
}

// written is a conversation in the language of the scripts.
func written(commands []command) string {
	var b strings.Builder
	for _, c := range commands {
		b.WriteString(c.verb)
		for _, a := range c.args {
			fmt.Fprintf(&b, " %q", a)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
