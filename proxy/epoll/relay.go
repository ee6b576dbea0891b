//go:build linux

package epoll

import (
	"crypto/tls"
	"fmt"
	"net"
	"runtime"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/pgcordon/pgcordon/proxy/relay"
)

// Relay distributes sessions over event loops.
type Relay struct {
	loops []*loop
	next  atomic.Uint32
	// other relays the sessions that a loop cannot.
	other relay.Relay
}

// Writes says how loops write.
type Writes bool

// The two ways.
const (
	AtOnce  Writes = false // one system call a write
	Batched Writes = true  // the small writes of a turn with one io_uring_enter(2)
)

// New starts n loops, at least one, and adds as many to GOMAXPROCS, because a loop that
// waits keeps one. Batched fails where the kernel lets this process have no io_uring,
// as in many a container.
func New(n int, w Writes) (*Relay, error) {
	r := &Relay{other: relay.Pumps{}}
	for range max(n, 1) {
		l, err := newLoop(w)
		if err != nil {
			return nil, err
		}
		r.loops = append(r.loops, l)
	}
	runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + len(r.loops))
	for _, l := range r.loops {
		go l.run()
	}
	return r, nil
}

// Run implements relay.Relay. It returns at once, unless a leg is no socket.
func (r *Relay) Run(l *relay.Link, done relay.Done) {
	client, err := detach(l.Client)
	if err != nil {
		r.other.Run(l, done)
		return
	}
	server, err := detach(l.Server)
	if err != nil {
		_ = unix.Close(client.fd)
		r.other.Run(l, done)
		return
	}
	_ = client.conn.Close()
	_ = server.conn.Close()
	loop := r.loops[r.next.Add(1)%uint32(len(r.loops))]
	s := newSession(loop, l, client, server, done)
	loop.post(func() { s.begin(l.Behind) })
}

// leg is a connection that a loop can own.
type leg struct {
	fd       int
	conn     net.Conn  // Go's own idea of the socket
	tls      *tls.Conn // nil: plain
	underlay *relay.Underlay
}

// detach returns a descriptor of the connection's socket that Go's poller does not
// know. It stays non-blocking: that is a property of the socket.
func detach(c net.Conn) (leg, error) {
	l := leg{conn: c}
	if secured, ok := c.(*tls.Conn); ok {
		if l.underlay, ok = secured.NetConn().(*relay.Underlay); !ok {
			return l, fmt.Errorf("%T is beneath TLS", secured.NetConn())
		}
		l.tls, l.conn = secured, l.underlay.Conn
	}
	raw, ok := l.conn.(syscall.Conn)
	if !ok {
		return l, fmt.Errorf("%T is no socket", l.conn)
	}
	control, err := raw.SyscallConn()
	if err != nil {
		return l, err
	}
	dupErr := error(nil)
	if err := control.Control(func(orig uintptr) {
		l.fd, dupErr = unix.FcntlInt(orig, unix.F_DUPFD_CLOEXEC, 0)
	}); err != nil {
		return l, err
	}
	return l, dupErr
}
