//go:build linux

package epoll

import (
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// Whoever sends much sends it in pieces: PostgreSQL in 8 KiB (src/backend/libpq/
// pqcomm.c, PQ_SEND_BUFFER_SIZE). Waking up for each costs more than moving it. So
// where a socket has been streaming for a while, the loop is woken for it when a whole
// buffer has come, or when it had to wait long enough.
const (
	streamRead  = 8 << 10
	streamReads = 16 // in a row make a stream
	// patience is how long a stream may be waited for: the most that the end of a long
	// reply can be late.
	patience = time.Millisecond
)

// stream is what an end's reads have looked like.
type stream struct {
	last    time.Duration // when, by the loop's clock, a patient one was read
	long    uint8         // reads of at least streamRead in a row
	patient bool          // the loop is woken for whole buffers only
}

// pace notes that a read of an end returned so much.
func (l *loop) pace(e *end, got int) {
	switch {
	case got < streamRead:
		l.impatient(e)
	case e.stream.patient:
		e.stream.last = l.clock()
	case e.stream.long < streamReads:
		e.stream.long++
	default:
		l.bePatient(e)
	}
}

// bePatient has the kernel report an end when a buffer's worth is there (socket(7),
// SO_RCVLOWAT; a unix socket reports everything at once).
func (l *loop) bePatient(e *end) {
	if unix.SetsockoptInt(e.fd, unix.SOL_SOCKET, unix.SO_RCVLOWAT, bufferSize) != nil {
		e.stream.long = 0
		return
	}
	e.stream.patient, e.stream.last = true, l.clock()
	l.streams = append(l.streams, e)
}

// impatient has the kernel report everything of an end again.
func (l *loop) impatient(e *end) {
	e.stream.long = 0
	if !e.stream.patient {
		return
	}
	e.stream.patient = false
	l.streams = slices.DeleteFunc(l.streams, func(other *end) bool { return other == e })
	if e.fd >= 0 {
		_ = unix.SetsockoptInt(e.fd, unix.SOL_SOCKET, unix.SO_RCVLOWAT, 1) // it was taken before
	}
}

// timeout is how long the loop may wait for events, in milliseconds.
func (l *loop) timeout() int {
	if len(l.streams) > 0 {
		return int(patience / time.Millisecond)
	}
	return -1
}

// clock is the time since the loop began.
func (l *loop) clock() time.Duration { return time.Since(l.began) }

// review ends the patience with streams from which nothing came for too long: what
// there is of them may be all.
func (l *loop) review() {
	if len(l.streams) == 0 {
		return
	}
	late := l.clock() - patience
	for i := len(l.streams) - 1; i >= 0; i-- {
		if e := l.streams[i]; e.stream.last < late {
			l.impatient(e)
		}
	}
}
