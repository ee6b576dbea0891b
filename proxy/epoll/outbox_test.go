//go:build linux

package epoll

import (
	"bytes"
	"errors"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// newBatched starts loops that write through io_uring. Outside CI a kernel that has
// none for this process is no defect.
func newBatched(t *testing.T, loops int) *Relay {
	t.Helper()
	r, err := New(loops, Batched)
	if os.Getenv("CI") == "" && (errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSYS)) {
		t.Skip("this process may not use io_uring: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// pair returns an end and the socket that reads what it writes.
func pair(t *testing.T, l *loop) (*end, int) {
	t.Helper()
	s := &session{loop: l}
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fds[0]); _ = unix.Close(fds[1]) })
	s.client = end{session: s, fd: fds[0]}
	return &s.client, fds[1]
}

func TestOutboxTellsTheFateOfEachWrite(t *testing.T) {
	loop := newBatched(t, 1).loops[0]
	box := &outbox{ring: loop.outbox.ring, bytes: make([]byte, 0, outboxSize)}
	taken, reader := pair(t, loop)
	full, _ := pair(t, loop)
	for errno := syscall.Errno(0); errno == 0; {
		_, errno = write(full.fd, make([]byte, smallWrite))
	}
	broken, gone := pair(t, loop)
	_ = unix.Close(gone)
	for range 3 { // the queues are rings: go round
		for _, e := range []*end{taken, full, broken} {
			box.put(e, []byte("a message"))
		}
		box.write(box.mail)
		got := make([]byte, 64)
		n, _ := read(reader, got)
		if !bytes.Equal(got[:n], []byte("a message")) || taken.unsent != nil || taken.failed != 0 {
			t.Errorf("the open socket: %q arrived, %q kept, %v", got[:n], taken.unsent, taken.failed)
		}
		if string(full.unsent) != "a message" || full.failed != 0 {
			t.Errorf("the full socket: %q kept, %v", full.unsent, full.failed)
		}
		if syscall.Errno(broken.failed) != syscall.EPIPE || broken.unsent != nil {
			t.Errorf("the broken socket: %v, %q kept", syscall.Errno(broken.failed), broken.unsent)
		}
		full.unsent, broken.failed, box.mail, box.bytes = nil, 0, nil, box.bytes[:0]
	}
}

func TestOutboxTakesNoMoreThanItHasRoomFor(t *testing.T) {
	box := outbox{ring: &ring{}, bytes: make([]byte, 0, outboxSize)}
	if box.takes(make([]byte, smallWrite+1)) {
		t.Error("it takes a long write")
	}
	e := &end{}
	for box.takes(make([]byte, smallWrite)) {
		box.put(e, make([]byte, smallWrite))
	}
	if len(box.bytes) > outboxSize || len(box.mail) > mostWrites || len(box.mail) == 0 {
		t.Errorf("%d bytes of %d writes", len(box.bytes), len(box.mail))
	}
	if (&outbox{}).takes([]byte("a")) {
		t.Error("without a ring it takes a write")
	}
}
