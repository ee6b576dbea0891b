package relaytest

import (
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pgcordon/pgcordon/identity"
	"github.com/pgcordon/pgcordon/parser"
	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/guard"
	"github.com/pgcordon/pgcordon/proxy/relay"
)

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

// session is a relayed session whose client and server are the test.
type session struct {
	t              *testing.T
	client, server net.Conn // the test's ends
	ending         relay.Ending
	rules          atomic.Pointer[guard.Rules]
	done           chan error

	mu      sync.Mutex
	events  []*guard.Event
	finish  func(*guard.Event) // called before a refusal, or a login that is to wait, counts as recorded
	logins  bool               // logins wait to be recorded, too
	adopts  func()             // called before the client's bytes are judged
	calls   atomic.Int32       // of done
	toGuard atomic.Int64       // bytes from the client
}

func rulesOf(t *testing.T, yaml string) *guard.Rules {
	t.Helper()
	p, err := policy.Parse("test.yaml", []byte(`
targets: [{name: shop, environment: production, listen: "127.0.0.1:6432", upstream: "127.0.0.1:5432"}]
sources: [{name: app, environment: production, cidr: 10.0.0.0/8}]
`+yaml))
	if err != nil {
		t.Fatal(err)
	}
	return guard.NewRules(p.Ruleset(p.Targets[0], policy.Client{Source: identity.Match{Environment: "production"}, User: "app", Database: "shop"}))
}

// start relays a session; what the client sent behind its startup packet is behind.
func start(t *testing.T, r relay.Relay, network string, behind []byte) *session {
	t.Helper()
	s := &session{t: t, done: make(chan error, 2)}
	s.rules.Store(rulesOf(t, ""))
	var client, server net.Conn
	s.client, client = pair(t, network)
	s.server, server = pair(t, network)
	nonces := 0
	l := &relay.Link{
		Client: client, Server: server, Behind: behind, Observer: s, Rules: s.newest, Ending: &s.ending,
		Guard: guard.New(guard.Config{
			Rules: s.rules.Load(), Cache: parser.NewCache(100, 1<<20), InspectBytes: 1 << 20, ParseBytes: 1 << 20,
			Source: "production", Target: "production", Observer: s,
			NewRefusal: func() (string, string) {
				nonces++
				return fmt.Sprintf("event-%d", nonces), fmt.Sprintf("pgcordon_nonce%d", nonces)
			},
		}, nil),
	}
	go r.Run(l, func(err error, wait bool) bool {
		if wait { // at first it acts as one that would have to
			s.calls.Add(1)
			s.done <- err
		}
		return wait
	})
	t.Cleanup(func() { _ = s.client.Close(); _ = s.server.Close() })
	return s
}

// pair returns the two ends of a connection; over TLS the relay's end is as a session
// has it.
func pair(t *testing.T, network string) (near, far net.Conn) {
	t.Helper()
	if network == "tls" {
		near, far = pair(t, "tcp")
		return secured(t, near, far)
	}
	address := "127.0.0.1:0"
	if network == "unix" {
		address = t.TempDir() + "/s"
	}
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	accepted := make(chan net.Conn, 1)
	go func() {
		c, _ := l.Accept()
		accepted <- c
	}()
	near, err = net.Dial(network, l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if far = <-accepted; far == nil {
		t.Fatal("nothing was accepted")
	}
	return near, far
}

// Passed implements guard.Observer.
func (s *session) Passed() {}

// Judged implements guard.Observer.
func (s *session) Judged(parser.EffectSet, policy.Decision) {}

func (*session) Working(guard.Work) {}

// Begin implements relay.Observer.
func (s *session) Begin(e *guard.Event) { e.Start = time.Now() }

// newest are the rules that a driver asks for.
func (s *session) newest() *guard.Rules {
	s.mu.Lock()
	adopts := s.adopts
	s.mu.Unlock()
	if adopts != nil {
		adopts()
	}
	return s.rules.Load()
}

// Finish implements relay.Observer: a refusal has to wait.
func (s *session) Finish(e *guard.Event, wait bool) bool {
	s.mu.Lock()
	finish, slow := s.finish, e.Kind == guard.Refused || e.Kind == guard.LoggedIn && s.logins
	s.mu.Unlock()
	if slow && !wait {
		return false
	}
	if slow && finish != nil {
		finish(e)
	}
	s.mu.Lock()
	s.events = append(s.events, e)
	s.mu.Unlock()
	return true
}

// Moved implements relay.Observer.
func (s *session) Moved(fromClient, _ int) { s.toGuard.Add(int64(fromClient)) }

// Spent implements relay.Observer.
func (s *session) Spent(time.Duration) {}

func (*session) Cut(string) {}

func (s *session) recorded() []*guard.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*guard.Event(nil), s.events...)
}

// onFinish has f called before a refusal counts as recorded.
func (s *session) onFinish(f func(*guard.Event)) {
	s.mu.Lock()
	s.finish = f
	s.mu.Unlock()
}

// holdLogins has logins wait for what is called when one is recorded.
func (s *session) holdLogins(f func(*guard.Event)) {
	s.onFinish(f)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logins = true
}

func (s *session) onAdopt(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.adopts = f
}

// send writes whole messages.
func (s *session) send(to net.Conn, messages ...[]byte) {
	s.t.Helper()
	for _, m := range messages {
		_ = to.SetWriteDeadline(time.Now().Add(patience))
		if _, err := to.Write(m); err != nil {
			s.t.Fatalf("write: %v", err)
		}
	}
}

// expect reads exactly what must come.
func (s *session) expect(from net.Conn, want ...[]byte) {
	s.t.Helper()
	for _, w := range want {
		got := make([]byte, len(w))
		_ = from.SetReadDeadline(time.Now().Add(patience))
		if _, err := io.ReadFull(from, got); err != nil || string(got) != string(w) {
			s.t.Fatalf("read %.200q (%v), want %.200q", got, err, w)
		}
	}
}

// rest reads to the end of the stream, which must be one, not a reset.
func (s *session) rest(from net.Conn) string {
	s.t.Helper()
	_ = from.SetReadDeadline(time.Now().Add(patience))
	all, err := io.ReadAll(from)
	if err != nil {
		s.t.Fatalf("read to the end: %v after %.200q", err, all)
	}
	return string(all)
}

// over waits for the end of the relay.
func (s *session) over() error {
	s.t.Helper()
	select {
	case err := <-s.done:
		return err
	case <-time.After(patience):
		s.t.Fatal("the relay did not end")
		return nil
	}
}
