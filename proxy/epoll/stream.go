//go:build linux

package epoll

import (
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// Whoever sends much sends it in pieces: PostgreSQL in 8 KiB (src/backend/libpq/
// pqcomm.c, PQ_SEND_BUFFER_SIZE). Waking up for each costs more than moving it. So
// where a socket has been streaming for a while, epoll is not asked about it any more:
// the loop reads it at intervals, in which about half a buffer comes.
const (
	streamRead  = 8 << 10
	streamReads = 16 // in a row make a stream
	// The interval between two reads of a stream: the most is what the end of a long
	// reply can be late. A unix socket is full with 200 KiB (net.core.wmem_default), which
	// takes a quick server 150 us.
	leastPause = 50 * time.Microsecond
	mostPause  = 200 * time.Microsecond
	// slack is how much later than it was told the kernel may wake the loop
	// (PR_SET_TIMERSLACK(2const)).
	slack = 5 * time.Microsecond
)

// stream is an end that the loop reads at intervals.
type stream struct {
	end   *end
	due   time.Duration // by the loop's clock
	pause time.Duration // before due; 0 where it comes behind a full read
	usual time.Duration // pause between reads that are not full
}

// pace notes that a read of an end returned so much, and whether there was no room for
// more.
func (l *loop) pace(e *end, got int, full bool) {
	switch {
	case e.patient:
		l.paceStream(e, got, full)
	case got < streamRead || !l.exact:
		e.long = 0
	case e.long < streamReads:
		e.long++
	default:
		e.patient = true
		l.streams = append(l.streams, stream{end: e, due: l.clock() + mostPause, pause: mostPause, usual: mostPause})
	}
}

// paceStream says when a stream is read next. One that gave little after a pause is none
// any more: what there is of it may be all.
func (l *loop) paceStream(e *end, got int, full bool) {
	s := &l.streams[l.indexOf(e)]
	switch rested := s.pause > 0; {
	case full && rested:
		s.usual = max(s.usual/2, leastPause)
	case rested && got < streamRead:
		l.impatient(e)
		return
	case rested && got < bufferSize/4:
		s.usual = min(s.usual*2, mostPause)
	}
	s.pause = s.usual
	if full {
		s.pause = 0
	}
	s.due = l.clock() + s.pause
}

func (l *loop) indexOf(e *end) int {
	return slices.IndexFunc(l.streams, func(s stream) bool { return s.end == e })
}

// impatient has epoll asked about an end again.
func (l *loop) impatient(e *end) {
	if e.long = 0; e.patient {
		e.patient = false
		i := l.indexOf(e)
		l.streams = slices.Delete(l.streams, i, i+1)
	}
}

// readStreams reads the streams that are due.
func (l *loop) readStreams() {
	if len(l.streams) == 0 {
		return
	}
	l.due = l.due[:0]
	for now, i := l.clock(), 0; i < len(l.streams); i++ {
		if s := &l.streams[i]; s.due <= now && !s.end.session.blocked(s.end) {
			l.due = append(l.due, s.end)
		}
	}
	for _, e := range l.due {
		if e.patient { // none before it has ended its session
			e.happened(unix.EPOLLIN)
		}
	}
	clear(l.due)
}

// timeout is how long the loop may wait for events; forever where it is negative.
func (l *loop) timeout() time.Duration {
	timeout := forever
	if len(l.streams) == 0 {
		return timeout
	}
	now := l.clock()
	for i := range l.streams {
		s := &l.streams[i]
		if left := max(0, s.due-now); !s.end.session.blocked(s.end) && (timeout < 0 || left < timeout) {
			timeout = left
		}
	}
	return timeout
}

// clock is the time since the loop began.
func (l *loop) clock() time.Duration { return time.Since(l.began) }
