package hostile

import (
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/pgcordon/pgcordon/test/pgtest"
)

// startups are first bytes of a client that the guard answers as the server does.
// Each is followed by Terminate, so that a session that begins also ends.
var startups = []struct {
	name  string
	bytes []byte
}{
	{"plain", startup(protocol3, "user", "postgres")},
	{"protocol 2.0", startup(2<<16, "user", "postgres")},
	{"protocol 2.0 as clients of then sent it", packet(2<<16, make([]byte, 288)...)},
	{"protocol 3.2", startup(3<<16|2, "user", "postgres")},
	{"protocol 3.9999 with an option nobody knows",
		startup(3<<16|9999, "user", "postgres", "_pq_.test_protocol_negotiation", "")},
	{"protocol 4.0", startup(4<<16, "user", "postgres")},
	{"protocol 0.0", packet(0)},
	{"no terminator", packet(protocol3, []byte("user\x00postgres\x00xy")...)},
	{"no parameters", packet(protocol3)},
	{"only a terminator", packet(protocol3, 0)},
	{"name without a value", packet(protocol3, []byte("user\x00")...)},
	{"NUL inside a value", startup(protocol3, "user", "post\x00gres", "database", "postgres")},
	{"parameters behind the terminator", startup(protocol3, "user", "postgres", "", "database", "other")},
	{"empty user", startup(protocol3, "user", "", "database", "postgres")},
	{"no user", startup(protocol3, "database", "postgres")},
	{"empty database", startup(protocol3, "user", "postgres", "database", "")},
	{"database that is not there", startup(protocol3, "user", "postgres", "database", "nowhere")},
	{"parameter that nobody knows", startup(protocol3, "user", "postgres", "no_such_parameter", "1")},
	{"option without a value", startup(protocol3, "user", "postgres", "options", "-c")},
	{"option that nobody knows", startup(protocol3, "user", "postgres", "options", "--no-such=1")},
	{"invalid replication", startup(protocol3, "user", "postgres", "replication", "perhaps")},
	{"the longest packet", longest(10004)},
}

// longest is a startup packet of exactly size bytes.
func longest(size int) []byte {
	used := len(startup(protocol3, "user", "postgres", "application_name", ""))
	return startup(protocol3, "user", "postgres", "application_name", strings.Repeat("x", size-used))
}

func TestStartupIsAnsweredAsTheServerDoes(t *testing.T) {
	for _, major := range []int{14, 17, 18} {
		server := pgtest.Shared(t, major)
		guard := startGuard(t, server, "")
		for _, c := range startups {
			t.Run(c.name, func(t *testing.T) {
				bytes := join(c.bytes, terminate)
				want := transcript(exchange(t, server.Addr(), bytes), 0)
				if got := transcript(exchange(t, guard.Addr, bytes), 0); got != want {
					t.Errorf("PostgreSQL %d:\nguarded %s\ndirect  %s", major, got, want)
				}
			})
		}
	}
}

// The server truncates or takes the last of what it is given twice; a rule would
// then have judged another name.
func TestAmbiguousStartupIsRefused(t *testing.T) {
	guard := startGuard(t, pgtest.Shared(t, major), "")
	long := strings.Repeat("x", 64)
	for name, parameters := range map[string][]string{
		"user twice":         {"user", "postgres", "user", "other"},
		"database twice":     {"user", "postgres", "database", "postgres", "database", "other"},
		"options twice":      {"user", "postgres", "options", "-c geqo=on", "options", "-c geqo=off"},
		"user of 64 bytes":   {"user", long, "database", "postgres"},
		"database of 64":     {"user", "postgres", "database", long},
		"user of 64, alone":  {"user", long},
		"replication twice":  {"user", "postgres", "replication", "database", "replication", "off"},
		"application twice":  {"user", "postgres", "application_name", "a", "application_name", "b"},
		"search_path, twice": {"user", "postgres", "search_path", "a", "search_path", "b"},
	} {
		t.Run(name, func(t *testing.T) {
			got := transcript(exchange(t, guard.Addr, join(startup(protocol3, parameters...), terminate)), 0)
			if !strings.HasPrefix(got, "E(FATAL 08P01 ") {
				t.Errorf("answer %s, want FATAL 08P01", got)
			}
		})
	}
	name63 := strings.Repeat("x", 63)
	got := transcript(exchange(t, guard.Addr, join(startup(protocol3, "user", name63), terminate)), 0)
	if !strings.Contains(got, `role "`+name63+`" does not exist`) {
		t.Errorf("a user of 63 bytes: %s, want the server's answer", got)
	}
}

// Such a length says nothing about where a packet ends, so that the server closes
// without an answer.
func TestStartupOfImpossibleLengthIsClosed(t *testing.T) {
	server := pgtest.Shared(t, major)
	guard := startGuard(t, server, "")
	for _, length := range []uint32{0, 1, 2, 3, 4, 5, 6, 7, 10005, 1 << 31, 1<<32 - 1} {
		bytes := append(binary.BigEndian.AppendUint32(nil, length), make([]byte, 64)...)
		if length > 10000 {
			copy(bytes[4:], startup(protocol3, "user", "postgres")[4:])
		}
		want := transcript(exchange(t, server.Addr(), bytes), 0)
		if got := transcript(exchange(t, guard.Addr, bytes), 0); got != want {
			t.Errorf("length %d: guarded %q, direct %q", length, got, want)
		}
	}
	stillServes(t, guard, "postgres")
}

func TestClientThatSendsOneByteAtATime(t *testing.T) {
	server := pgtest.Shared(t, major)
	guard := startGuard(t, server, "")
	script := join(startup(protocol3, "user", "postgres"), query("SELECT 1"), query("TRUNCATE nothing"), terminate)
	conn := dial(t, guard.Addr)
	for i := range script {
		send(conn, script[i:i+1])
		time.Sleep(20 * time.Microsecond) // lets single bytes arrive, whatever TCP joins
	}
	got := transcript(rest(t, conn), 0)
	if !strings.Contains(got, "K Z T D C Z E(ERROR 42501 pgcordon refused truncate") || !strings.HasSuffix(got, ") Z") {
		t.Errorf("byte by byte: %s", got)
	}
}

// stillServes fails the test where the guard does not serve another client.
func stillServes(t testing.TB, guard *pgtest.Guard, database string) {
	t.Helper()
	if got := login(t, guard.Addr, database).run("SELECT 6 * 7").one(); got != "42" {
		t.Fatalf("another client got %s", got)
	}
	if out := guard.Output(); strings.Contains(out, "panic") {
		t.Fatalf("a panic:\n%s", out)
	}
}
