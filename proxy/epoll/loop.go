//go:build linux

package epoll

import (
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pgcordon/pgcordon/proxy/guard"
)

const (
	// bufferSize is the window that all sessions of a loop are read through.
	bufferSize = 128 << 10
	// batch is how many events one wait returns at most.
	batch = 256
	// unwatched is what watched says of a socket that the loop has forgotten.
	unwatched = ^uint32(0)
)

// loop owns the sockets of its sessions. Its fields belong to its goroutine, but for
// the inbox.
type loop struct {
	began      time.Time
	epfd, wake int
	exact      bool   // it can wait for less than a millisecond
	ends       []*end // by descriptor
	buffer     []byte
	ops        guard.Ops
	parts      [][]byte
	intake     intake
	outbox     outbox
	sealed     []byte // the records of the write to a leg with TLS that is under way
	sealing    bool
	streams    []stream
	due        []*end // of streams: those of this turn

	mu    sync.Mutex // guards inbox
	inbox []func()
}

func newLoop(w Writes) (*loop, error) {
	epfd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll_create1: %w", err)
	}
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("eventfd: %w", err)
	}
	_, missing := readyWithin(epfd, make([]unix.EpollEvent, 1), 0)
	l := &loop{exact: missing == 0, began: time.Now(), epfd: epfd, wake: wake, buffer: make([]byte, bufferSize)}
	if w == Batched {
		if l.outbox, err = newOutbox(); err != nil {
			return nil, err
		}
	}
	return l, unix.EpollCtl(epfd, unix.EPOLL_CTL_ADD, wake, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(wake)})
}

// run serves the loop's sessions for as long as the program lives. It is not locked to a
// thread: Go interrupts whatever has run for 10 ms, and a locked goroutine can go on only when
// two other threads have had their turn, which on busy processors takes milliseconds.
func (l *loop) run() {
	events := make([]unix.EpollEvent, batch)
	for {
		n, err := wait(l.epfd, events, l.timeout())
		if err != nil {
			panic(fmt.Sprintf("epoll_wait: %v", err)) // the descriptor is ours: a defect
		}
		woken := false
		for i := range events[:n] {
			if fd := int(events[i].Fd); fd == l.wake {
				woken = true
			} else if e := l.ends[fd]; e != nil && !l.lists(e, events[i].Events) {
				e.happened(events[i].Events)
			}
		}
		l.takeIn()
		// Only here do descriptors come anew, so that no event of this batch can be
		// taken for one of a session that has just begun.
		if woken {
			l.receive()
		}
		l.readStreams()
		l.outbox.flush()
	}
}

// post has the loop run f. It may be called from any goroutine.
func (l *loop) post(f func()) {
	l.mu.Lock()
	l.inbox = append(l.inbox, f)
	first := len(l.inbox) == 1
	l.mu.Unlock()
	if first {
		one := [8]byte{1}
		_, _ = unix.Write(l.wake, one[:]) // fails only where the loop is awake already
	}
}

func (l *loop) receive() {
	var count [8]byte
	_, _ = unix.Read(l.wake, count[:])
	l.mu.Lock()
	inbox := l.inbox
	l.inbox = nil
	l.mu.Unlock()
	for _, f := range inbox {
		f()
	}
}

// register makes the loop watch an end.
func (l *loop) register(e *end) error {
	for len(l.ends) <= e.fd {
		l.ends = append(l.ends, nil)
	}
	l.ends[e.fd] = e
	e.watched = unix.EPOLLIN
	return unix.EpollCtl(l.epfd, unix.EPOLL_CTL_ADD, e.fd, &unix.EpollEvent{Events: e.watched, Fd: int32(e.fd)})
}

// watch changes what the loop waits for at an end.
func (l *loop) watch(e *end, events uint32) {
	if e.watched == events || e.fd < 0 {
		return
	}
	if e.watched == unwatched {
		e.watched = events
		_ = unix.EpollCtl(l.epfd, unix.EPOLL_CTL_ADD, e.fd, &unix.EpollEvent{Events: events, Fd: int32(e.fd)})
		return
	}
	e.watched = events
	// Fails only for a descriptor that is not registered: a defect that tests see.
	_ = unix.EpollCtl(l.epfd, unix.EPOLL_CTL_MOD, e.fd, &unix.EpollEvent{Events: events, Fd: int32(e.fd)})
}

// forget stops watching an end whose socket stays open.
func (l *loop) forget(e *end) {
	if e.watched == unwatched {
		return
	}
	e.watched = unwatched
	_ = unix.EpollCtl(l.epfd, unix.EPOLL_CTL_DEL, e.fd, nil)
}

// close forgets an end. The kernel ends the watch with the descriptor.
func (l *loop) close(e *end) {
	if e.queued {
		l.outbox.flush()
	}
	if e.fd < 0 {
		return
	}
	l.impatient(e)
	l.ends[e.fd] = nil
	_ = unix.Close(e.fd)
	e.fd = -1
}
