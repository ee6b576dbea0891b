package hostile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pgcordon/pgcordon/test/pgtest"
)

// impostor listens as a server would and hands every connection to serve, behind
// its startup packet.
func impostor(t *testing.T, serve func(net.Conn)) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_ = conn.SetDeadline(time.Now().Add(patience))
				if readStartup(conn) == nil {
					serve(conn)
				}
			}()
		}
	}()
	return l.Addr().String()
}

func readStartup(conn net.Conn) error {
	var length [4]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		return err
	}
	_, err := io.CopyN(io.Discard, conn, int64(binary.BigEndian.Uint32(length[:]))-4)
	return err
}

// welcome is the shortest login.
var welcome = join(message('R', "\x00\x00\x00\x00"), message('Z', "I"))

// claim is the header of a message that says it is n bytes long, length included.
func claim(t byte, n uint32) []byte { return binary.BigEndian.AppendUint32([]byte{t}, n) }

func startGuardBefore(t *testing.T, upstream string) *pgtest.Guard {
	t.Helper()
	return pgtest.StartGuard(t, configuration(upstream, "", ""))
}

// A message that is broken inside is the client's affair: it gets what the server
// sent. The guard reads few fields and must survive all of them.
func TestBrokenServerMessagesPassAsTheyAre(t *testing.T) {
	negative := "\xff\xff\xff\xfe"
	streams := map[string][]byte{
		"DataRow with a negative length":       message('D', "\x00\x01"+negative),
		"DataRow with too many columns":        message('D', "\xff\xff"),
		"DataRow that claims 4 GiB":            join(claim('D', 1<<32-1), []byte("a little")),
		"CopyData that claims 2 GiB":           join(claim('d', 1<<31), []byte("a little")),
		"ErrorResponse without SQLSTATE":       message('E', "SERROR\x00Mno code\x00\x00"),
		"ErrorResponse without anything":       message('E', ""),
		"ErrorResponse without terminator":     message('E', "SERROR"),
		"ErrorResponse that claims 4 GiB":      join(claim('E', 1<<32-1), []byte("SERROR\x00")),
		"NoticeResponse without anything":      message('N', ""),
		"CommandComplete without a tag":        message('C', ""),
		"CommandComplete without terminator":   message('C', "DELETE 1"),
		"CommandComplete of too many rows":     message('C', "DELETE 99999999999999999999999\x00"),
		"CommandComplete of no query":          message('C', "SELECT 1\x00"),
		"ReadyForQuery without a status":       message('Z', ""),
		"ReadyForQuery of an unknown status":   message('Z', "?"),
		"more ReadyForQuery than queries":      bytes.Repeat(message('Z', "I"), 1000),
		"ParameterStatus without a value":      message('S', "client_encoding\x00"),
		"ParameterStatus without anything":     message('S', ""),
		"ParameterStatus of unknown encoding":  message('S', "client_encoding\x00KLINGON\x00"),
		"Authentication in a session":          message('R', "\x00\x00\x00\x0a"),
		"Authentication without a kind":        message('R', ""),
		"BackendKeyData of 10 bytes":           message('K', "0123456789"),
		"answers to what was never asked":      join(message('1', ""), message('2', ""), message('3', ""), message('n', ""), message('s', ""), message('I', "")),
		"CopyInResponse of no COPY":            message('G', "\x00\x00\x00"),
		"CopyBothResponse of no replication":   message('W', "\x00\x00\x00"),
		"a type that nobody knows":             message('?', "what"),
		"a type of zero":                       message(0, "what"),
		"half a header":                        []byte{'D', 0, 0},
		"half a message that is read whole":    join(claim('C', 20), []byte("DELE")),
		"AuthenticationSASL without mechanism": message('R', "\x00\x00\x00\x0aSCRAM-SHA-256"),
	}
	for where, login := range map[string][]byte{"in the session": welcome, "in the login": nil} {
		var next atomic.Value
		addr := impostor(t, func(conn net.Conn) { send(conn, next.Load().([]byte)) })
		guard := startGuardBefore(t, addr)
		for name, stream := range streams {
			t.Run(where+"/"+name, func(t *testing.T) {
				sent := join(login, stream)
				next.Store(sent)
				if got := exchange(t, guard.Addr, startup(protocol3, "user", "app")); !bytes.Equal(got, sent) {
					t.Errorf("the client got  %q\nthe server sent %q", got, sent)
				}
			})
		}
		if out := guard.Output(); strings.Contains(out, "panic") || strings.Contains(out, "defect") {
			t.Errorf("a panic:\n%s", out)
		}
	}
}

// Where the next message begins is then lost, and with it which error belongs to
// which refusal.
func TestServerMessageOfImpossibleLengthEndsTheSession(t *testing.T) {
	var next atomic.Value
	guard := startGuardBefore(t, impostor(t, func(conn net.Conn) {
		send(conn, next.Load().([]byte))
		_, _ = io.Copy(io.Discard, conn)
	}))
	for length := range uint32(4) {
		for where, login := range map[string][]byte{"session": welcome, "login": nil} {
			next.Store(join(login, claim('D', length), []byte("more")))
			got := transcript(exchange(t, guard.Addr, startup(protocol3, "user", "app")), 0)
			if !strings.HasSuffix(got, "E(FATAL 08P01 pgcordon: the server broke the protocol)") {
				t.Errorf("length %d in the %s: %s", length, where, got)
			}
		}
	}
}

// Only the client and the server have to do SCRAM's work: the guard relays any
// number of iterations (RUSTSEC-2026-0179) and any overflow (CVE-2026-6664).
func TestSCRAMIsRelayedWithoutBeingDone(t *testing.T) {
	exchanges := map[string]string{
		"four billion iterations": "r=nonce,s=c2FsdA==,i=4294967295",
		"a salt of 60 KB":         "r=nonce,s=" + strings.Repeat("A", 60<<10) + ",i=4096",
		"no attributes":           "",
		"an attribute of NULs":    "r=\x00,s=\x00,i=\x00",
	}
	first := "SCRAM-SHA-256\x00\x00\x00\x00\x20n,,n=,r=0123456789abcdefghijklmnop"
	var next atomic.Value
	heard := make(chan string, 1)
	guard := startGuardBefore(t, impostor(t, func(conn net.Conn) {
		send(conn, message('R', "\x00\x00\x00\x0aSCRAM-SHA-256\x00\x00"))
		body := make([]byte, 5+len(first))
		_, _ = io.ReadFull(conn, body)
		heard <- string(body[5:])
		send(conn, message('R', "\x00\x00\x00\x0b"+next.Load().(string)))
	}))
	for name, serverFirst := range exchanges {
		next.Store(serverFirst)
		conn := dial(t, guard.Addr)
		send(conn, join(startup(protocol3, "user", "app"), message('p', first)))
		got := rest(t, conn)
		if want := <-heard; want != first {
			t.Errorf("%s: the server heard %q", name, want)
		}
		if !bytes.HasSuffix(got, message('R', "\x00\x00\x00\x0b"+serverFirst)) {
			t.Errorf("%s: the client got %.100q", name, got)
		}
	}
}

// A server that talks without end must not fill memory, whether the client is in
// its login or not.
func TestServerThatNeverStopsTalking(t *testing.T) {
	notice := message('N', "SNOTICE\x00VNOTICE\x00C00000\x00M"+strings.Repeat("x", 8000)+"\x00\x00")
	status := message('S', "name\x00"+strings.Repeat("x", 8000)+"\x00")
	auth := message('R', "\x00\x00\x00\x0a"+strings.Repeat("MECHANISM\x00", 800)+"\x00")
	for name, talk := range map[string][]byte{"notices": notice, "parameters": status, "mechanisms": auth} {
		t.Run(name, func(t *testing.T) {
			const much = 64 << 20
			guard := startGuardBefore(t, impostor(t, func(conn net.Conn) {
				for sent := 0; sent < much; sent += len(talk) {
					send(conn, talk)
				}
			}))
			conn := dial(t, guard.Addr)
			before := resident(t, guard)
			send(conn, startup(protocol3, "user", "app"))
			n, err := io.Copy(io.Discard, conn)
			if err != nil || n < much {
				t.Errorf("%d bytes came through: %v", n, err)
			}
			if grown := peak(t, guard) - before; grown > 32<<20 {
				t.Errorf("%d MiB more memory", grown>>20)
			}
		})
	}
}

// CVE-2021-23222: what a server sends in clear behind its S is not from inside TLS.
func TestBytesBehindTheServersYesAreNotTaken(t *testing.T) {
	guard := pgtest.StartGuard(t, configuration(impostor(t, func(conn net.Conn) {
		send(conn, join([]byte("S"), welcome, message('D', "injected")))
		_, _ = io.Copy(io.Discard, conn)
	}), ", server_tls: {mode: require}", ""))
	got := exchange(t, guard.Addr, startup(protocol3, "user", "app"))
	if text := transcript(got, 0); !strings.HasPrefix(text, "E(FATAL 57P03 ") || bytes.Contains(got, []byte("injected")) {
		t.Errorf("the client got %s", text)
	}
	if n := metric(t, guard, "pgcordon_upstream_errors_total", `reason="upstream_tls"`); n != 1 {
		t.Errorf("%v failures of TLS counted, want 1", n)
	}
}

func TestServerThatAnswersTheSSLRequestOddly(t *testing.T) {
	for name, answer := range map[string][]byte{
		"an error": message('E', "SFATAL\x00C53300\x00Mtoo many\x00\x00"), "no": []byte("N"), "nonsense": []byte("?"), "nothing": nil,
	} {
		t.Run(name, func(t *testing.T) {
			guard := pgtest.StartGuard(t, configuration(impostor(t, func(conn net.Conn) { send(conn, answer) }), ", server_tls: {mode: require}", ""))
			got := transcript(exchange(t, guard.Addr, startup(protocol3, "user", "app")), 0)
			if !strings.HasPrefix(got, "E(FATAL 57P03 ") {
				t.Errorf("the client got %s", got)
			}
		})
	}
}

// A cancelled query must not make the next one read its answer (pgbouncer #141).
func TestAnswersStayWithTheirQueriesWhenSomeAreCancelled(t *testing.T) {
	server := pgtest.Shared(t, major)
	guard := startGuard(t, server, `
statements: [{name: all, action: audit, when: {effect: [read]}}]
limits: {cancels_per_second: 1000}`)
	s := login(t, guard.Addr, "postgres")
	for i := range 60 {
		send(s, join(query("SELECT pg_sleep(0.01)"), query(fmt.Sprintf("SELECT %d AS n", i))))
		if i%2 == 0 {
			cancel := dial(t, guard.Addr)
			send(cancel, cancelPacket(s))
			_, _ = io.Copy(io.Discard, cancel)
		}
		if r := s.answer(); r.err != nil && r.err.Code != "57014" {
			t.Fatalf("round %d: %s", i, r.one())
		}
		if r := s.answer(); r.one() != fmt.Sprint(i) && (r.err == nil || r.err.Code != "57014") {
			t.Fatalf("round %d: the next query got %s", i, r.one())
		}
		if got := s.run("SELECT 'mark'").one(); got != "mark" && !strings.Contains(got, "57014") {
			t.Fatalf("round %d: the query after that got %s", i, got)
		}
	}
	if r := s.run("TRUNCATE pg_class"); !r.refused() {
		t.Errorf("refusal after cancels: %s", r.one())
	}
}
