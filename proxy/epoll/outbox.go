//go:build linux

package epoll

import "syscall"

const (
	// outboxSize is how many bytes may wait for the end of a turn.
	outboxSize = 128 << 10
	// smallWrite is the longest write that waits: for a longer one a system call of its
	// own is no cost.
	smallWrite = 4 << 10
	// mostWrites is how many may wait.
	mostWrites = 256
)

// outbox keeps the small writes of a turn of the loop until its end, when one system
// call does all of them. Each wakes a client or a server; done one by one, the kernel
// leaves the loop for nearly every one that it wakes.
type outbox struct {
	ring  *ring // nil: everything is written at once
	bytes []byte
	ends  []*end // whose queued is in bytes
	spare []*end
}

func newOutbox() (outbox, error) {
	r, err := newRing(mostWrites)
	return outbox{ring: r, bytes: make([]byte, 0, outboxSize)}, err
}

// takes tells whether a write may wait.
func (o *outbox) takes(b []byte) bool {
	return o.ring != nil && len(b) <= smallWrite && len(b) <= cap(o.bytes)-len(o.bytes) && len(o.ends) < mostWrites
}

// put keeps a copy of b until flush.
func (o *outbox) put(e *end, b []byte) {
	at := len(o.bytes)
	o.bytes = append(o.bytes, b...)
	e.queued = o.bytes[at:]
	o.ends = append(o.ends, e)
}

// flush writes what waits.
func (o *outbox) flush() {
	ends := o.ends
	if len(ends) == 0 {
		return
	}
	o.ends, o.spare = o.spare[:0], nil // what fails below may write anew
	o.write(ends)
	o.bytes = o.bytes[:0]
	for _, e := range ends {
		e.reviewWrite()
	}
	o.spare = ends
}

// write writes what each end has queued, which notes how far that came. A single
// write does not need the ring.
func (o *outbox) write(ends []*end) {
	if len(ends) == 1 {
		ends[0].wrote(write(ends[0].fd, ends[0].queued))
		return
	}
	for i, e := range ends {
		o.ring.send(e.fd, e.queued, uint64(i))
	}
	o.ring.submit(func(tag uint64, n int, errno syscall.Errno) { ends[tag].wrote(n, errno) })
}
