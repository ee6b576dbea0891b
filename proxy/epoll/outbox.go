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
	mail  []letter
	spare []letter
}

// letter is a write that waits, in an outbox's bytes.
type letter struct {
	to   *end
	text []byte
}

func newOutbox() (outbox, error) {
	r, err := newRing(mostWrites)
	return outbox{ring: r, bytes: make([]byte, 0, outboxSize)}, err
}

// takes tells whether a write may wait.
func (o *outbox) takes(b []byte) bool {
	return o.ring != nil && len(b) <= smallWrite && len(b) <= cap(o.bytes)-len(o.bytes) && len(o.mail) < mostWrites
}

// put keeps a copy of b until flush.
func (o *outbox) put(e *end, b []byte) {
	at := len(o.bytes)
	o.bytes = append(o.bytes, b...)
	e.queued = true
	o.mail = append(o.mail, letter{e, o.bytes[at:]})
}

// flush writes what waits.
func (o *outbox) flush() {
	mail := o.mail
	if len(mail) == 0 {
		return
	}
	o.mail, o.spare = o.spare[:0], nil // what fails below may write anew
	o.write(mail)
	o.bytes = o.bytes[:0]
	for _, l := range mail {
		l.to.reviewWrite()
	}
	clear(mail) // a session that is over must not be kept
	o.spare = mail
}

// write writes each letter, whose end notes how far that came. A single write does not
// need the ring.
func (o *outbox) write(mail []letter) {
	if len(mail) == 1 {
		n, errno := write(mail[0].to.fd, mail[0].text)
		mail[0].to.wrote(mail[0].text, n, errno)
		return
	}
	for i, l := range mail {
		o.ring.send(l.to.fd, l.text, uint64(i))
	}
	o.ring.submit(func(tag uint64, n int, errno syscall.Errno) { mail[tag].to.wrote(mail[tag].text, n, errno) })
}
