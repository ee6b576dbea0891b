//go:build linux

package epoll

import (
	"fmt"
	"net"
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

// New starts n loops, at least one.
func New(n int) (*Relay, error) {
	r := &Relay{other: relay.Pumps{}}
	for range max(n, 1) {
		l, err := newLoop()
		if err != nil {
			return nil, err
		}
		r.loops = append(r.loops, l)
		go l.run()
	}
	return r, nil
}

// Run implements relay.Relay. It returns at once, unless the session has TLS on a leg.
func (r *Relay) Run(l *relay.Link, done func(error)) {
	client, err := detach(l.Client)
	if err != nil {
		r.other.Run(l, done)
		return
	}
	server, err := detach(l.Server)
	if err != nil {
		_ = unix.Close(client)
		r.other.Run(l, done)
		return
	}
	_ = l.Client.Close()
	_ = l.Server.Close()
	loop := r.loops[r.next.Add(1)%uint32(len(r.loops))]
	s := newSession(loop, l, client, server, done)
	loop.post(s.begin)
}

// detach returns a descriptor of the connection's socket that Go's poller does not
// know. It stays non-blocking: that is a property of the socket.
func detach(c net.Conn) (int, error) {
	raw, ok := c.(syscall.Conn)
	if !ok {
		return 0, fmt.Errorf("%T is no socket", c)
	}
	control, err := raw.SyscallConn()
	if err != nil {
		return 0, err
	}
	fd, dupErr := -1, error(nil)
	if err := control.Control(func(orig uintptr) {
		fd, dupErr = unix.FcntlInt(orig, unix.F_DUPFD_CLOEXEC, 0)
	}); err != nil {
		return 0, err
	}
	return fd, dupErr
}
