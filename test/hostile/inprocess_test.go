package hostile

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/pgcordon/pgcordon/audit"
	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/epoll"
	"github.com/pgcordon/pgcordon/proxy/relay"
	"github.com/pgcordon/pgcordon/test/pgtest"
)

// eachRelay runs a test with everything that can move the bytes.
func eachRelay(t *testing.T, test func(*testing.T, relay.Relay)) {
	for name, start := range map[string]func() (relay.Relay, error){
		"goroutines": func() (relay.Relay, error) { return relay.Pumps{}, nil },
		"epoll":      func() (relay.Relay, error) { return epoll.New(2, epoll.AtOnce) },
		"io_uring":   func() (relay.Relay, error) { return epoll.New(2, epoll.Batched) },
	} {
		t.Run(name, func(t *testing.T) {
			r, err := start()
			if name == "io_uring" && os.Getenv("CI") == "" && errors.Is(err, syscall.EPERM) {
				t.Skip("this process may not use io_uring: ", err)
			}
			if err != nil {
				t.Fatal(err)
			}
			test(t, r)
		})
	}
}

// TestInProcessNoiseWhilePoliciesChange has clients work, make noise, be refused,
// cancel and leave while the policy is replaced, and the server drained in the end.
// It is worth most with the race detector.
func TestInProcessNoiseWhilePoliciesChange(t *testing.T) {
	eachRelay(t, func(t *testing.T, r relay.Relay) {
		server := pgtest.Shared(t, major)
		first := seed(t)
		config := insideConfig(server.Addr(), recordEverything+"\nlimits: {cancels_per_second: 100000}")
		in := startInside(t, r, audit.Config{File: t.TempDir() + "/audit"}, config)
		stop := watchBystanders(t, in.addr)
		var wait sync.WaitGroup
		wait.Go(func() { reloadOften(t, in, config) })
		for worker := range uint64(4) {
			wait.Go(func() { misbehave(t, in.addr, rand.New(rand.NewPCG(first, worker))) })
		}
		wait.Wait()
		stop()
	})
}

// reloadOften replaces the policy by itself and by one with another rule. The
// endpoint is given with port 0 both times and so stays the same listener.
func reloadOften(t *testing.T, in *inside, config string) {
	for i := range 40 {
		text := config
		if i%2 == 0 {
			text = strings.Replace(config, "name: all", fmt.Sprintf("name: all-%d", i), 1)
		}
		p, err := policy.Parse("test", []byte(text))
		if err == nil {
			err = in.Reload(p)
		}
		if err != nil {
			t.Errorf("reload: %v", err)
			return
		}
	}
}

func misbehave(t *testing.T, addr string, random *rand.Rand) {
	for range 25 {
		for _, noise := range []func(*rand.Rand) []byte{malformedStartup, randomStream} {
			if err := once(addr, noise(random), random); err != nil {
				t.Error(err)
			}
		}
		if err := cancelInTheMiddle(addr); err != nil {
			t.Error(err)
		}
	}
}

// cancelInTheMiddle cancels a query at any moment and leaves without a word.
func cancelInTheMiddle(addr string) error {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	s := open(nil, conn)
	send(conn, startup(protocol3, "user", "postgres"))
	for s.key == nil {
		m, err := s.from.Receive()
		if err != nil {
			return fmt.Errorf("login: %w", err)
		}
		s.noteKey(m)
	}
	send(conn, join(query("SELECT pg_sleep(0.001)"), query("TRUNCATE pg_class")))
	cancel, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer cancel.Close()
	send(cancel, cancelPacket(s))
	_, _ = io.Copy(io.Discard, cancel)
	return nil
}

// What a server that breaks off, lies or stalls leaves behind is nothing.
func TestInProcessHostileServersLeaveNothingBehind(t *testing.T) {
	endings := map[string]func(net.Conn){
		"at once":           func(net.Conn) {},
		"behind the login":  func(c net.Conn) { send(c, welcome) },
		"inside a message":  func(c net.Conn) { send(c, join(welcome, claim('D', 1<<20), []byte("some"))) },
		"impossible length": func(c net.Conn) { send(c, join(welcome, claim('D', 0))) },
		"with a reset":      func(c net.Conn) { send(c, welcome); _ = c.(*net.TCPConn).SetLinger(0) },
	}
	eachRelay(t, func(t *testing.T, r relay.Relay) {
		for name, end := range endings {
			t.Run(name, func(t *testing.T) {
				addr := impostor(t, end)
				in := startInside(t, r, audit.Config{}, insideConfig(addr, ""))
				for range 20 {
					exchange(t, in.addr, join(startup(protocol3, "user", "app"), query("TRUNCATE x"), query("SELECT 1")))
				}
			})
		}
	})
}

// A client that waits for nobody sends a long statement in its first breath. The
// guard holds nothing long before the login, and must not miss that the login is
// over because it was writing refusals down at the time: behind the error of Execute
// the server answers nothing more up to Sync.
func TestInProcessLongStatementBehindRefusalsInTheStartup(t *testing.T) {
	script := join(startup(protocol3, "user", "postgres"), execute("no such portal"))
	for range 10 {
		script = join(script, query("TRUNCATE pg_class"))
	}
	script = join(script, query("SELECT 1 /*"+strings.Repeat("x", 100<<10)+"*/"), message('S', ""), query("SELECT 2"), terminate)
	eachRelay(t, func(t *testing.T, r relay.Relay) {
		in := startInside(t, r, audit.Config{File: t.TempDir() + "/audit"}, insideConfig(pgtest.Shared(t, major).Addr(), ""))
		for range 5 {
			got := transcript(exchange(t, in.addr, script), 0)
			if !strings.HasSuffix(got, `E(ERROR 34000 portal "no such portal" does not exist) Z T D C Z`) {
				t.Errorf("answer %s", got)
			}
		}
	})
}
