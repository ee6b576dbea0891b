//go:build linux

package epoll

import (
	"errors"
	"io"
	"syscall"

	"golang.org/x/sys/unix"
)

// end is one of the two sockets of a session.
type end struct {
	session *session
	secured *secured // nil: plain
	fd      int      // -1: closed
	watched uint32   // what the loop waits for
	failed  uint32   // errno of writing what was queued
	// held is what was read here and not consumed yet; need is how much of it there
	// must be before the guard can go on.
	held []byte
	need int
	// unsent is what the kernel has not taken yet. While there is any the peer is
	// not read, which bounds it.
	unsent []byte
	// queued is true while a write waits in the loop's outbox, until the end of the turn at
	// most.
	queued bool
	// listed is true while the loop's intake has it, within a turn.
	listed bool
	// waiting keeps this end from being read, whatever else: a record is on its way to
	// the disk. paused does too: what is held can be judged only when the server has
	// answered something.
	waiting, paused bool
	// last is true once nothing more is to be written: when unsent is gone the
	// socket is shut down for writing.
	last bool
	// long counts reads in a row of at least streamRead bytes; patient is true where
	// enough of them make it one of the loop's streams.
	long    uint8
	patient bool
	over    error // why nothing more can be read here; nil while it can
}

// peer is the other end.
func (e *end) peer() *end {
	if e == &e.session.client {
		return &e.session.server
	}
	return &e.session.client
}

// happened handles events.
func (e *end) happened(events uint32) {
	if events&unix.EPOLLOUT != 0 && e.fd >= 0 {
		e.flush()
	}
	if events&(unix.EPOLLIN|unix.EPOLLHUP|unix.EPOLLERR) != 0 && e.fd >= 0 {
		e.session.readable(e)
	}
	e.session.rearm()
}

// rearm makes the loop wait for what this end can do next.
func (e *end) rearm() {
	var events uint32
	if e.over == nil && !e.waiting && !e.paused && !e.patient && !e.session.away() && len(e.peer().unsent) == 0 {
		events |= unix.EPOLLIN
	}
	if len(e.unsent) > 0 {
		events |= unix.EPOLLOUT
	}
	if events == 0 {
		e.session.loop.forget(e) // EPOLLHUP and EPOLLERR cannot be masked
		return
	}
	e.session.loop.watch(e, events)
	if e.ahead() && events&unix.EPOLLIN != 0 {
		e.prompt()
	}
}

// send writes b, and keeps a copy of what the kernel does not take; b itself where it is
// the end's own from now on.
func (e *end) send(b []byte, own bool) error {
	if e.fd < 0 || e.last {
		return io.ErrClosedPipe
	}
	if e.secured != nil && len(b) > 0 {
		return e.sendTLS(b)
	}
	return e.transmit(b, own)
}

// transmit writes b to the socket, at the end of the loop's turn where that is
// better, and keeps what the kernel does not take, as send does.
func (e *end) transmit(b []byte, own bool) error {
	box := &e.session.loop.outbox
	if e.queued { // b goes behind it
		if box.flush(); e.fd < 0 {
			return io.ErrClosedPipe
		}
	}
	if len(e.unsent) == 0 && box.takes(b) {
		box.put(e, b)
		return nil
	}
	return e.transmitNow(b, own)
}

// wrote notes how far the write of b came, which was queued.
func (e *end) wrote(b []byte, n int, errno syscall.Errno) {
	e.queued = false
	if errno != 0 && !again(errno) {
		e.failed = uint32(errno)
		return
	}
	e.unsent = append(e.unsent, b[n:]...)
}

// reviewWrite acts on what wrote has noted.
func (e *end) reviewWrite() {
	if e.failed != 0 {
		errno := syscall.Errno(e.failed)
		e.failed = 0
		e.session.writeFailed(e, errno)
	}
	if len(e.unsent) > 0 {
		e.session.rearm()
	}
}

func (e *end) transmitNow(b []byte, own bool) error {
	for len(e.unsent) == 0 && len(b) > 0 {
		n, errno := write(e.fd, b)
		if again(errno) {
			break
		}
		if errno != 0 {
			return errno
		}
		b = b[n:]
	}
	if own && len(e.unsent) == 0 {
		e.unsent = b
	} else {
		e.unsent = append(e.unsent, b...)
	}
	return nil
}

// flush writes what was kept. An error of the socket shows when it is read.
func (e *end) flush() {
	for len(e.unsent) > 0 {
		n, errno := write(e.fd, e.unsent)
		if again(errno) {
			return
		}
		if errno != 0 {
			e.unsent = nil
			e.session.writeFailed(e, errno)
			return
		}
		e.unsent = e.unsent[n:]
	}
	e.unsent = nil
	if e.last {
		_ = unix.Shutdown(e.fd, unix.SHUT_WR)
	}
}

// finish has the socket shut down for writing when everything is written.
func (e *end) finish() {
	if e.last || e.fd < 0 {
		return
	}
	if e.secured != nil {
		_ = e.secured.conn.CloseWrite() // close_notify
	}
	if e.queued {
		e.session.loop.outbox.flush()
	}
	if e.last = true; len(e.unsent) == 0 && e.fd >= 0 {
		_ = unix.Shutdown(e.fd, unix.SHUT_WR)
	}
}

// fill reads once. It returns everything that is held and how many bytes of it are
// new, in the loop's buffer or in the end's own, valid until the next read of the
// loop; nothing where nothing came. Where the socket is at its end, over says so.
func (e *end) fill() (in []byte, got int) {
	into := e.session.loop.buffer
	if e.need > len(into) {
		return e.fillOwn()
	}
	n := copy(into, e.held)
	if got = e.receive(into[n:]); got == 0 {
		return nil, 0
	}
	return into[:n+got], got
}

// fillOwn reads a message that is longer than the loop's buffer. Memory follows what
// has arrived, not what the message claims; few copies are made on the way, which hold up
// others.
func (e *end) fillOwn() (in []byte, got int) {
	if len(e.held) == cap(e.held) {
		const ahead = 8 // times what has arrived
		// The guard always asks for more than is held, so this is room.
		room := min(e.need, ahead*max(len(e.held), bufferSize))
		e.held = append(make([]byte, 0, room), e.held...)
	}
	if got = e.receive(e.held[len(e.held):cap(e.held)]); got == 0 {
		return nil, 0
	}
	e.held = e.held[:len(e.held)+got]
	return e.held, got
}

// receive reads once; 0 where nothing came, or where the end is over.
func (e *end) receive(into []byte) int {
	if e.secured != nil {
		return e.receiveTLS(into)
	}
	got, errno := read(e.fd, into)
	e.wasRead(got, errno)
	e.session.loop.pace(e, got, got == len(into))
	return got
}

// wasRead notes what a read of the socket says of its end.
func (e *end) wasRead(got int, errno syscall.Errno) {
	switch {
	case again(errno):
	case errno != 0:
		e.over = errno
	case got == 0:
		e.over = io.EOF
	}
}

// hold keeps what was not consumed. rest may be a part of held.
func (e *end) hold(rest []byte, need int) {
	e.need = need
	switch {
	case len(rest) == 0:
		e.held = nil
	case cap(e.held) >= len(rest):
		e.held = e.held[:copy(e.held[:cap(e.held)], rest)]
	default:
		e.held = append(make([]byte, 0, len(rest)), rest...)
	}
}

// own makes what was read here, and is judged, the session's: what is held is not copied.
func (e *end) own(in []byte) []byte {
	if len(in) == 0 || len(e.held) == 0 || &in[0] != &e.held[0] {
		in = append([]byte(nil), in...)
	}
	e.hold(nil, 0)
	return in
}

// failure returns why the end is over; nil where its peer simply closed.
func (e *end) failure() error {
	if errors.Is(e.over, io.EOF) {
		return nil
	}
	return e.over
}
