package relaytest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/pgcordon/pgcordon/proxy/guard"
	"github.com/pgcordon/pgcordon/proxy/relay"
	"github.com/pgcordon/pgcordon/proxy/wire"
)

// Conformance runs every test over TCP, unix sockets and TLS.
func Conformance(t *testing.T, r relay.Relay) {
	tests := map[string]func(*testing.T, relay.Relay, string){
		"bytes pass unchanged in any chunks":                passUnchanged,
		"a message that comes byte by byte is judged whole": byteByByte,
		"what came behind the startup packet is judged":     behindIsJudged,
		"a refusal is recorded before the server hears it":  recordedFirst,
		"a slow record holds up nobody else":                slowRecord,
		"the end of a stream comes while others are busy":   streamEnds,
		"a session ends in the middle of a stream":          cutInStream,
		"a message longer than any window is judged whole":  longMessage,
		"long messages wait for a slow server":              longForSlowServer,
		"a session ends while a long message is judged":     endsWhileJudged,
		"a record is done while a long message is judged":   recordedWhileJudged,
		"an answer that comes during a record is not lost":  answeredMeanwhile,
		"a slow client bounds what is held":                 slowClient,
		"a slow server bounds what is held":                 slowServer,
		"the client's end reaches the server":               clientEnds,
		"the server's end reaches the client as FIN":        serverEnds,
		"a killed session says farewell":                    killed,
		"a killed session does not wait for its client":     killedWhileStuck,
		"new rules count from the next message on":          newRules,
		"a server that breaks the protocol is left":         brokenServer,
		"a full pipeline waits for the server":              fullPipeline,
		"a read-only session is let on by the server":       readOnly,
	}
	for _, network := range []string{"tcp", "unix", "tls"} {
		for name, test := range tests {
			if network == "tls" && strings.Contains(name, "slow client") {
				continue // a write that timed out breaks the test's own end of TLS
			}
			t.Run(network+"/"+name, func(t *testing.T) { t.Parallel(); test(t, r, network) })
		}
	}
}

func message(t byte, body string) []byte {
	m := append([]byte{t, 0, 0, 0, 0}, body...)
	binary.BigEndian.PutUint32(m[1:], uint32(len(m)-1))
	return m
}

var (
	ready      = message(wire.ReadyForQuery, "I")
	truncate   = wire.AppendQuery(nil, "TRUNCATE t")
	substitute = substituted(1)
)

// substituted is what the server gets in place of the n-th statement that is refused.
func substituted(n int) []byte {
	return wire.AppendQuery(nil, fmt.Sprintf("SELECT CAST('pgcordon_nonce%d' AS pg_catalog.int4)", n))
}

func passUnchanged(t *testing.T, r relay.Relay, network string) {
	s := start(t, r, network, nil)
	random := rand.New(rand.NewPCG(1, 2))
	var up, down []byte
	for range 300 {
		up = append(up, wire.AppendQuery(nil, "SELECT '"+strings.Repeat("x", random.IntN(3000))+"'")...)
		up = append(up, message(wire.CopyData, strings.Repeat("c", random.IntN(100000)))...)
		down = append(down, message(wire.DataRow, strings.Repeat("d", random.IntN(100000)))...)
		down = append(down, ready...)
	}
	go inChunks(s.client, up, rand.New(rand.NewPCG(3, 4)))
	go inChunks(s.server, down, rand.New(rand.NewPCG(5, 6)))
	arrived := make(chan bool, 2)
	go func() { arrived <- same(s.server, up) }()
	go func() { arrived <- same(s.client, down) }()
	for range 2 {
		if !<-arrived {
			t.Fatal("other bytes arrived")
		}
	}
}

func inChunks(to net.Conn, b []byte, random *rand.Rand) {
	for len(b) > 0 {
		n := min(len(b), 1+random.IntN(50000))
		if _, err := to.Write(b[:n]); err != nil {
			return
		}
		b = b[n:]
	}
}

func same(from net.Conn, want []byte) bool {
	buf := make([]byte, 64<<10)
	_ = from.SetReadDeadline(time.Now().Add(patience))
	for len(want) > 0 {
		n, err := from.Read(buf[:min(len(buf), len(want))])
		if err != nil || !bytes.Equal(buf[:n], want[:n]) {
			return false
		}
		want = want[n:]
	}
	return true
}

func byteByByte(t *testing.T, r relay.Relay, network string) {
	s := loggedIn(t, r, network)
	slowly := func(to net.Conn, m []byte) {
		for i := range m {
			s.send(to, m[i:i+1])
			time.Sleep(100 * time.Microsecond) // so that most are read by themselves
		}
	}
	status := message(wire.ParameterStatus, "application_name\x00x\x00")
	slowly(s.server, status)
	s.expect(s.client, status)
	slowly(s.client, truncate)
	s.expect(s.server, substitute)
}

func behindIsJudged(t *testing.T, r relay.Relay, network string) {
	s := start(t, r, network, truncate)
	s.expect(s.server, substitute)
}

func recordedFirst(t *testing.T, r relay.Relay, network string) {
	s := start(t, r, network, nil)
	s.onFinish(func(*guard.Event) { time.Sleep(20 * time.Millisecond) })
	harmless := wire.AppendQuery(nil, "SELECT 1")
	s.send(s.client, append(append(append([]byte(nil), harmless...), truncate...), harmless...))
	s.expect(s.server, harmless, substitute)
	if events := s.recorded(); len(events) != 1 || events[0].Kind != guard.Refused {
		t.Fatalf("the server has heard of the refusal, and recorded are %d events", len(events))
	}
	s.expect(s.server, harmless)
	s.send(s.server, message(wire.ErrorResponse, "SERROR\x00C22P02\x00Mpgcordon_nonce1\x00\x00"), ready)
	head := make([]byte, wire.HeaderSize)
	_ = s.client.SetReadDeadline(time.Now().Add(patience))
	if _, err := s.client.Read(head); err != nil || head[0] != wire.ErrorResponse {
		t.Fatalf("the client received %q, %v", head, err)
	}
}

func slowRecord(t *testing.T, r relay.Relay, network string) {
	slow, quick := start(t, r, network, nil), start(t, r, network, nil)
	release := make(chan struct{})
	slow.onFinish(func(*guard.Event) { <-release })
	slow.send(slow.client, truncate)
	harmless := wire.AppendQuery(nil, "SELECT 1")
	quick.send(quick.client, harmless)
	quick.expect(quick.server, harmless)
	slow.send(slow.server, ready)
	slow.expect(slow.client, ready) // the other direction goes on
	close(release)
	slow.expect(slow.server, substitute)
}

func streamEnds(t *testing.T, r relay.Relay, network string) {
	stream, busy := start(t, r, network, nil), start(t, r, network, nil)
	stop := make(chan struct{})
	stopped := make(chan struct{})
	harmless := wire.AppendQuery(nil, "SELECT 1")
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				busy.send(busy.client, harmless)
				busy.expect(busy.server, harmless)
			}
		}
	}()
	long := append(message(wire.DataRow, strings.Repeat("d", 3_000_001)), ready...)
	for range 5 {
		go func() { _, _ = stream.server.Write(long) }()
		if !same(stream.client, long) {
			t.Error("the end of a stream did not come")
		}
	}
	close(stop)
	<-stopped
}

// cutInStream ends sessions in each way while others on the same loop stream too.
func cutInStream(t *testing.T, r relay.Relay, network string) {
	piece := message(wire.DataRow, strings.Repeat("d", 8<<10))
	cuts := []func(*session){
		func(s *session) { _ = s.server.Close() },
		func(s *session) { _ = s.client.Close() },
		func(s *session) { s.ending.End(nil) },
	}
	sessions := make([]*session, len(cuts))
	for i := range sessions {
		s := start(t, r, network, nil)
		sessions[i] = s
		go func() {
			for err := error(nil); err == nil; {
				_, err = s.server.Write(piece)
			}
		}()
	}
	for i, cut := range cuts {
		s := sessions[i]
		if _, err := io.CopyN(io.Discard, s.client, 400*int64(len(piece))); err != nil {
			t.Errorf("in the stream: %v", err)
		}
		cut(s)
		_, _ = io.Copy(io.Discard, s.client) // an error is the end too
		_ = s.client.Close()
		_ = s.server.Close()
		_ = s.over()
	}
}

// loggedIn is a session whose login is over; before, nothing long is held.
func loggedIn(t *testing.T, r relay.Relay, network string) *session {
	s := start(t, r, network, nil)
	ok := message(wire.Authentication, "\x00\x00\x00\x00")
	s.send(s.server, ok, ready)
	s.expect(s.client, ok, ready)
	return s
}

func longMessage(t *testing.T, r relay.Relay, network string) {
	s := loggedIn(t, r, network)
	long := wire.AppendQuery(nil, "SELECT '"+strings.Repeat("x", 500_000)+"'")
	refused := wire.AppendQuery(nil, "TRUNCATE t /* "+strings.Repeat("x", 500_000)+" */")
	go inChunks(s.client, append(append(append([]byte(nil), long...), refused...), long...), rand.New(rand.NewPCG(7, 8)))
	s.expect(s.server, long, substitute, long)
}

// longForSlowServer has more wait for the server than sockets hold: what was judged away
// from others, what was refused, and what came behind it.
func longForSlowServer(t *testing.T, r relay.Relay, network string) {
	s := loggedIn(t, r, network)
	var up, want []byte
	for i := range 12 {
		long := wire.AppendQuery(nil, "SELECT '"+strings.Repeat(string(rune('a'+i)), 900_000)+"'")
		up = append(append(up, long...), truncate...)
		want = append(append(want, long...), substituted(i+1)...)
	}
	go inChunks(s.client, up, rand.New(rand.NewPCG(9, 10)))
	time.Sleep(200 * time.Millisecond) // in which sockets fill
	if !same(s.server, want) {
		t.Fatal("other bytes arrived")
	}
}

// answeredMeanwhile has the guard wait for the login behind a refusal, and the login
// end before the refusal is recorded.
func answeredMeanwhile(t *testing.T, r relay.Relay, network string) {
	s := start(t, r, network, nil)
	release := make(chan struct{})
	s.onFinish(func(*guard.Event) { <-release })
	long := wire.AppendQuery(nil, "SELECT '"+strings.Repeat("x", 100_000)+"'")
	s.send(s.client, append(append([]byte(nil), truncate...), long...))
	ok := message(wire.Authentication, "\x00\x00\x00\x00")
	s.send(s.server, ok, ready)
	s.expect(s.client, ok, ready)
	close(release)
	s.expect(s.server, substitute, long)
}

// recordedWhileJudged has the server's side wait for a record, and a long message be judged
// beyond the end of that: nothing of the server may be looked at before.
func recordedWhileJudged(t *testing.T, r relay.Relay, network string) {
	s := start(t, r, network, nil)
	recording, recorded, judging, judged := make(chan struct{}), make(chan struct{}), make(chan struct{}, 10), make(chan struct{})
	s.holdLogins(func(*guard.Event) { close(recording); <-recorded })
	ok, notice := message(wire.Authentication, "\x00\x00\x00\x00"), message(wire.NoticeResponse, "SNOTICE\x00\x00")
	s.send(s.server, ok, ready)
	<-recording
	s.onAdopt(func() { judging <- struct{}{}; <-judged })
	long := wire.AppendQuery(nil, "SELECT '"+strings.Repeat("x", 20_000)+"'")
	s.send(s.client, long)
	<-judging
	close(recorded)
	s.send(s.server, notice)
	time.Sleep(50 * time.Millisecond) // in which it could go wrong
	close(judged)
	s.expect(s.server, long)
	s.expect(s.client, ok, ready, notice)
}

func endsWhileJudged(t *testing.T, r relay.Relay, network string) {
	s := loggedIn(t, r, network)
	s.send(s.client, wire.AppendQuery(nil, "DELETE FROM t WHERE id IN (1"+strings.Repeat(", 1", 20_000)+")"))
	for s.toGuard.Load() < 60_000 {
		time.Sleep(time.Millisecond)
	}
	s.ending.End(&relay.Farewell{Code: "57P01", Message: "the end"})
	_ = s.server.Close()
	_ = s.client.Close()
	_ = s.over()
}

const flood = 64 << 20

// stuck writes until nothing more is taken, and returns how much was.
func stuck(to net.Conn, chunk []byte) int {
	sent := 0
	for sent < flood {
		_ = to.SetWriteDeadline(time.Now().Add(500 * time.Millisecond))
		n, err := to.Write(chunk)
		sent += n
		if err != nil {
			break
		}
	}
	return sent
}

func slowClient(t *testing.T, r relay.Relay, network string) {
	s := start(t, r, network, nil)
	row := message(wire.DataRow, strings.Repeat("d", 1<<20))
	sent := stuck(s.server, row)
	if sent >= flood {
		t.Fatalf("%d bytes were taken for a client that reads nothing", sent)
	}
	if !same(s.client, bytes.Repeat(row, sent/len(row)+1)[:sent]) {
		t.Fatal("other bytes arrived")
	}
}

func slowServer(t *testing.T, r relay.Relay, network string) {
	s := start(t, r, network, nil)
	data := message(wire.CopyData, strings.Repeat("c", 1<<20))
	sent := stuck(s.client, data)
	if sent >= flood {
		t.Fatalf("%d bytes were taken for a server that reads nothing", sent)
	}
	s.send(s.server, ready)
	s.expect(s.client, ready) // the other direction goes on
	if !same(s.server, bytes.Repeat(data, sent/len(data)+1)[:sent]) {
		t.Fatal("other bytes arrived")
	}
}

func clientEnds(t *testing.T, r relay.Relay, network string) {
	s := start(t, r, network, nil)
	terminate := message(wire.Terminate, "")
	s.send(s.client, terminate)
	_ = s.client.(interface{ CloseWrite() error }).CloseWrite()
	s.expect(s.server, terminate)
	if rest := s.rest(s.server); rest != "" {
		t.Fatalf("the server received %q", rest)
	}
	s.send(s.server, ready) // answers still go out
	s.expect(s.client, ready)
	_ = s.server.Close()
	if rest := s.rest(s.client); rest != "" {
		t.Fatalf("the client received %q", rest)
	}
	if err := s.over(); err != nil {
		t.Errorf("ended with %v", err)
	}
}

func serverEnds(t *testing.T, r relay.Relay, network string) {
	s := start(t, r, network, nil)
	fatal := wire.AppendFatal(nil, "57P01", "terminating connection", "", "")
	half := ready[:3]
	s.send(s.client, message(wire.CopyData, "the server will not read this"))
	s.expect(s.server, message(wire.CopyData, "the server will not read this"))
	s.send(s.server, fatal, half)
	_ = s.server.Close()
	s.send(s.client, message(wire.CopyData, "still sending"))
	if got := s.rest(s.client); got != string(fatal)+string(half) {
		t.Fatalf("the client received %q", got)
	}
	_ = s.client.Close()
	_ = s.over()
	if n := s.calls.Load(); n != 1 {
		t.Errorf("done was called %d times", n)
	}
}

func killed(t *testing.T, r relay.Relay, network string) {
	s := start(t, r, network, nil)
	s.send(s.server, ready)
	s.expect(s.client, ready)
	farewell := &relay.Farewell{Code: "57P01", Message: "the end"}
	s.ending.End(farewell)
	if got := s.rest(s.client); got != string(farewell.Encode()) {
		t.Fatalf("the client received %q", got)
	}
	_ = s.client.Close()
	if err := s.over(); err != nil {
		t.Errorf("ended with %v", err)
	}
	if rest := s.rest(s.server); rest != "" {
		t.Errorf("the server received %q", rest)
	}
}

func killedWhileStuck(t *testing.T, r relay.Relay, network string) {
	s := start(t, r, network, nil)
	stuck(s.server, message(wire.DataRow, strings.Repeat("d", 1<<20)))
	s.ending.End(&relay.Farewell{Code: "57P01", Message: "the end"})
	_ = s.over()
}

func newRules(t *testing.T, r relay.Relay, network string) {
	s := start(t, r, network, nil)
	s.rules.Store(rulesOf(t, "statements: [{name: ok, action: allow, when: {effect: truncate}}]"))
	s.send(s.client, truncate)
	s.expect(s.server, truncate)
	s.rules.Store(rulesOf(t, ""))
	s.send(s.client, truncate)
	s.expect(s.server, substitute)
}

func brokenServer(t *testing.T, r relay.Relay, network string) {
	s := start(t, r, network, nil)
	s.send(s.server, ready, []byte("D\x00\x00\x00\x00"))
	s.expect(s.client, ready)
	if got := s.rest(s.client); !strings.Contains(got, "C08P01") {
		t.Errorf("the client received %q", got)
	}
}

func readOnly(t *testing.T, r relay.Relay, network string) {
	status := func(value string) []byte {
		return message(wire.ParameterStatus, "default_transaction_read_only\x00"+value+"\x00")
	}
	s := loggedIn(t, r, network)
	s.send(s.server, status("on"))
	s.expect(s.client, status("on"))
	s.rules.Store(rulesOf(t, "sessions: [{name: lookers, action: allow, read_only: true}]"))
	one, two, three := wire.AppendQuery(nil, "SELECT 1"), wire.AppendQuery(nil, "SELECT 2"), wire.AppendQuery(nil, "SELECT 3")
	s.send(s.client, bytes.Join([][]byte{one, two, three}, nil))
	s.expect(s.server, one)
	s.send(s.server, ready)
	s.expect(s.client, ready)
	s.expect(s.server, two)
	s.send(s.server, status("off"), ready)
	s.expect(s.client, status("off"))
	if got := s.rest(s.client); !strings.Contains(got, "C42501") {
		t.Errorf("the client received %q", got)
	}
	if got := s.rest(s.server); got != "" {
		t.Errorf("the server received %q", got)
	}
}

func fullPipeline(t *testing.T, r relay.Relay, network string) {
	s := start(t, r, network, nil)
	const n = 100_000
	sync := message(wire.Sync, "")
	go inChunks(s.client, bytes.Repeat(sync, n), rand.New(rand.NewPCG(9, 10)))
	read := make(chan bool, 1)
	go func() { read <- same(s.client, bytes.Repeat(ready, n)) }()
	s.send(s.server, ready) // the login's
	s.expect(s.client, nil)
	for range n {
		s.expect(s.server, sync)
		s.send(s.server, ready)
	}
	if !<-read {
		t.Fatal("other answers arrived")
	}
}
