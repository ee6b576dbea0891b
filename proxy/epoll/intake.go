//go:build linux

package epoll

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// intake has the sockets that a wait has found readable until all events of the turn are
// heard, when one system call reads them all. Each gets a part of the loop's buffer, so
// only those are in it from which little is expected.
type intake struct {
	ends  []*end
	reads []reading
}

// reading is what reading an end has come to.
type reading struct {
	got   int
	errno syscall.Errno
}

// lists takes an end of which nothing but EPOLLIN was told into the intake, where it may be
// read there. The two ends of a session are never in it together: what one of them sends
// may be a reason not to read the other.
func (l *loop) lists(e *end, events uint32) bool {
	if l.outbox.ring == nil || events != unix.EPOLLIN || e.secured != nil || e.long > 0 || len(e.held) > 0 || e.peer().listed {
		return false
	}
	e.listed = true
	l.intake.ends = append(l.intake.ends, e)
	return true
}

// takeIn reads what is listed and has it judged. What events told of the other end since
// may have closed an end, may forbid to read it, or may have left something that belongs
// in front: such an end is handled as if it had never been listed. None may be passed over,
// or epoll would tell of it for ever. A single end does not need the ring.
func (l *loop) takeIn() {
	in := &l.intake
	listed := in.ends
	in.ends = listed[:0]
	for _, e := range listed {
		if e.listed = false; len(listed) == 1 || len(e.held) > 0 || e.session.blocked(e) {
			e.happened(unix.EPOLLIN)
		} else {
			in.ends = append(in.ends, e)
		}
	}
	if len(in.ends) > 0 {
		l.readListed()
	}
	clear(listed) // a session that is over must not be kept
	in.ends = listed[:0]
}

func (l *loop) readListed() {
	in := &l.intake
	in.read(l.outbox.ring, l.buffer)
	for i, e := range in.ends {
		if e.fd >= 0 { // none before it has closed it
			e.took(in.part(l.buffer, i), in.reads[i])
		}
	}
}

// part is where the i-th end is read into; nothing that is appended to it gets into the next.
func (in *intake) part(buffer []byte, i int) []byte {
	size := len(buffer) / len(in.ends)
	return buffer[i*size : (i+1)*size : (i+1)*size]
}

// read reads each end into its part of the buffer.
func (in *intake) read(r *ring, buffer []byte) {
	in.reads = append(in.reads[:0], make([]reading, len(in.ends))...)
	for i, e := range in.ends {
		r.receive(e.fd, in.part(buffer, i), uint64(i))
	}
	r.submit(func(tag uint64, n int, errno syscall.Errno) { in.reads[tag] = reading{n, errno} })
}

// took handles what was read into the end's part of the buffer. One that has filled it has
// more, and one that sends much may be a stream: they are read alone the next time.
func (e *end) took(part []byte, r reading) {
	e.wasRead(r.got, r.errno)
	if r.got == len(part) || r.got >= streamRead {
		e.long = 1
	}
	e.session.received(e, part[:r.got], r.got)
	e.session.rearm()
}
