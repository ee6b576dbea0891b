package hostile

import (
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/pgcordon/pgcordon/test/pgtest"
)

// passing is by how much the guard's memory may grow while something huge passes.
const passing = 32 << 20

// expectFlat runs work and fails where the guard's memory grew.
func expectFlat(t *testing.T, guard *pgtest.Guard, work func()) {
	t.Helper()
	stillServes(t, guard, "postgres")
	forgetPeak(t, guard)
	before := resident(t, guard)
	work()
	if grown := peak(t, guard) - before; grown > passing {
		t.Errorf("memory grew by %d MiB", grown>>20)
	}
}

// skim reads and counts bytes up to the end of a message of the given type, which
// must be the last one of an answer.
func (s *session) skim(t *testing.T, last byte) (n int64) {
	t.Helper()
	var header [5]byte
	for {
		if _, err := io.ReadFull(s.Conn, header[:]); err != nil {
			t.Fatalf("behind %d bytes: %v", n, err)
		}
		body, err := io.CopyN(io.Discard, s.Conn, int64(binary.BigEndian.Uint32(header[1:]))-4)
		if err != nil {
			t.Fatalf("behind %d bytes: %v", n, err)
		}
		n += 5 + body
		if header[0] == last {
			return n
		}
		if header[0] == 'E' {
			t.Fatalf("an error behind %d bytes", n)
		}
	}
}

func TestSlowReaderCostsNothing(t *testing.T) {
	const size = 500 << 20
	guard := startGuard(t, pgtest.Shared(t, major), "")
	slow := login(t, guard.Addr, "postgres")
	expectFlat(t, guard, func() {
		send(slow, query(fmt.Sprintf("SELECT repeat('x', %d) FROM generate_series(1, 500)", 1<<20)))
		stop := watchBystanders(t, guard.Addr)
		settled(t, guard)
		if got := metric(t, guard, "pgcordon_server_bytes_total"); got > size/4 {
			t.Errorf("%v bytes were taken from the server for a client that does not read", got)
		}
		stop()
		if n := slow.skim(t, 'Z'); n < size {
			t.Errorf("the slow client got %d bytes in the end", n)
		}
	})
	if got := slow.run("SELECT 1").one(); got != "1" {
		t.Errorf("the slow client's next query got %s", got)
	}
}

// settled waits until the bystanders have worked for a while: a thousand queries
// more have passed.
func settled(t *testing.T, guard *pgtest.Guard) {
	t.Helper()
	judged := func() float64 { return metric(t, guard, "pgcordon_statements_total") }
	first := judged()
	until(t, "settled", func() bool { return judged() > first+1000 })
}

// A client that sends and a server that does not read: the other direction.
func TestServerThatStopsReadingCostsNothing(t *testing.T) {
	release := make(chan struct{})
	guard := startGuardBefore(t, impostor(t, func(conn net.Conn) {
		send(conn, welcome)
		<-release
		_, _ = io.Copy(io.Discard, conn)
	}))
	conn := dial(t, guard.Addr)
	send(conn, startup(protocol3, "user", "app"))
	before := resident(t, guard)
	const size = 200 << 20
	_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
	sent, err := conn.Write(join(claim('d', size), make([]byte, size-4)))
	if err == nil || sent > size/4 {
		t.Errorf("%d bytes were taken for a server that does not read", sent)
	}
	if grown := peak(t, guard) - before; grown > passing {
		t.Errorf("memory grew by %d MiB", grown>>20)
	}
	close(release)
}

func TestGigabyteOfCOPYPassesThroughLittleMemory(t *testing.T) {
	server := pgtest.Shared(t, major)
	server.Exec(t, "postgres", `CREATE TABLE sink (line text);
		CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
		CREATE TRIGGER swallow BEFORE INSERT ON sink FOR EACH ROW EXECUTE FUNCTION swallow()`)
	t.Cleanup(func() { server.Exec(t, "postgres", "DROP TABLE sink; DROP FUNCTION swallow") })
	guard := startGuard(t, server, "")
	s := login(t, guard.Addr, "postgres")
	const size, chunk = 1 << 30, 1 << 20
	t.Run("out", func(t *testing.T) {
		expectFlat(t, guard, func() {
			send(s, query(fmt.Sprintf("COPY (SELECT repeat('x', %d) FROM generate_series(1, %d)) TO STDOUT", chunk, size/chunk)))
			if n := s.skim(t, 'Z'); n < size {
				t.Errorf("%d bytes came out", n)
			}
		})
	})
	t.Run("in", func(t *testing.T) {
		expectFlat(t, guard, func() {
			send(s, query("COPY sink FROM STDIN"))
			line := message('d', strings.Repeat("x", chunk-1)+"\n")
			for range size / chunk {
				if _, err := s.Write(line); err != nil {
					t.Fatal(err)
				}
			}
			send(s, message('c', ""))
			s.skim(t, 'Z')
		})
	})
}

func TestHugeRowAndHugeParameterPassThroughLittleMemory(t *testing.T) {
	guard := startGuard(t, pgtest.Shared(t, major), "")
	s := login(t, guard.Addr, "postgres")
	const size = 200 << 20
	t.Run("row", func(t *testing.T) {
		expectFlat(t, guard, func() {
			send(s, query(fmt.Sprintf("SELECT repeat('x', %d)", size)))
			if n := s.skim(t, 'Z'); n < size {
				t.Errorf("%d bytes came out", n)
			}
		})
	})
	t.Run("parameter", func(t *testing.T) {
		expectFlat(t, guard, func() {
			value := strings.Repeat("x", size)
			length := string(binary.BigEndian.AppendUint32(nil, size))
			send(s, join(parse("", "SELECT length($1::text)"),
				message('B', "\x00\x00\x00\x00\x00\x01"+length+value+"\x00\x00"), execute(""), message('S', "")))
			if got := s.answer().one(); got != fmt.Sprint(size) {
				t.Errorf("a parameter of %d bytes: %s", size, got)
			}
		})
	})
}

// What a client claims costs nothing: what the guard keeps follows what arrives.
// Sessions with TLS are relayed by other means than those without.
func TestClaimedLengthsCostNothing(t *testing.T) {
	_, guard, trust := withTLS(t, "limits: {inspect_bytes: 16MiB}")
	heap := func() float64 { return metric(t, guard, "go_memstats_heap_inuse_bytes") }
	for name, connect := range map[string]func() net.Conn{
		"plain": func() net.Conn { return dial(t, guard.Addr) },
		"TLS": func() net.Conn {
			conn := dial(t, guard.Addr)
			ask(t, conn, sslRequest)
			return tls.Client(conn, trust)
		},
	} {
		t.Run(name, func(t *testing.T) {
			before := heap()
			for range 20 {
				s := open(t, connect())
				send(s, startup(protocol3, "user", "postgres"))
				s.answer()
				send(s, claim('Q', 15<<20)) // and nothing more
				behind := connect()
				send(behind, join(startup(protocol3, "user", "postgres"), claim('P', 15<<20)))
				open(t, behind).answer()
			}
			if grown := heap() - before; grown > passing {
				t.Errorf("40 clients that sent five bytes each cost %v MiB", grown/(1<<20))
			}
			stillServes(t, guard, "postgres")
		})
	}
}

// Lengths that the server does not take, up to 4 GiB, which pgproto3 once wrapped
// around (CVE-2024-27304): what the server answers is what the client gets.
func TestImpossibleLengthsInASessionAreAnsweredAsTheServerDoes(t *testing.T) {
	server := pgtest.Shared(t, major)
	guard := startGuard(t, server, "")
	for _, kind := range []byte("QPBEDCHSFdcfXp?\x00") {
		for _, length := range []uint32{0, 3, 10001, 1 << 30, 1<<31 - 1, 1 << 31, 1<<32 - 1} {
			possible := strings.ContainsRune("QPBFd", rune(kind)) && length == 10001 || kind == 'p' && length > 3
			if possible {
				continue
			}
			script := join(startup(protocol3, "user", "postgres"), query("SELECT 1"), claim(kind, length), query("SELECT 2"))
			want := halfClosed(t, server.Addr(), script)
			if got := halfClosed(t, guard.Addr, script); got != want {
				t.Errorf("%q of %d:\nguarded %s\ndirect  %s", kind, length, got, want)
			}
		}
	}
}

// halfClosed sends all there is, says so with a FIN, and shows the answer.
func halfClosed(t *testing.T, addr string, bytes []byte) string {
	conn := dial(t, addr)
	defer conn.Close()
	send(conn, bytes)
	_ = conn.(*net.TCPConn).CloseWrite()
	return transcript(rest(t, conn), 0)
}
