//go:build linux

package epoll

import (
	"io"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pgcordon/pgcordon/proxy/relay"
)

// ringed is a loop that does not run, with a ring.
func ringed(t *testing.T) *loop {
	t.Helper()
	_ = newBatched(t, 1) // skips where there is none
	box, err := newOutbox()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(box.ring.fd) })
	return &loop{outbox: box, buffer: make([]byte, bufferSize)}
}

func TestIntakeTellsWhatEachReadCameTo(t *testing.T) {
	l := ringed(t)
	sent, writer := pair(t, l)
	closed, gone := pair(t, l)
	empty, _ := pair(t, l)
	in := &intake{ends: []*end{sent, closed, empty}}
	if _, errno := write(writer, []byte("a message")); errno != 0 {
		t.Fatal(errno)
	}
	_ = unix.Close(gone)
	for i, want := range []struct {
		text string
		over error
	}{{"a message", nil}, {"", io.EOF}, {"", nil}} {
		if i == 0 {
			in.read(l.outbox.ring, l.buffer)
		}
		r := in.reads[i]
		in.ends[i].wasRead(r.got, r.errno)
		if got := string(in.part(l.buffer, i)[:r.got]); got != want.text || in.ends[i].over != want.over {
			t.Errorf("end %d: %q, over: %v; want %q, %v", i, got, in.ends[i].over, want.text, want.over)
		}
	}
	if errno := in.reads[2].errno; errno != syscall.EAGAIN {
		t.Errorf("the empty one: %v", errno)
	}
}

func TestPartsOfTheBufferDoNotReachIntoEachOther(t *testing.T) {
	for _, n := range []int{2, 3, batch} {
		in := &intake{ends: make([]*end, n)}
		buffer := make([]byte, bufferSize)
		for i := range n {
			for j := range in.part(buffer, i) {
				in.part(buffer, i)[j] = byte(i)
			}
		}
		for i := range n {
			_ = append(in.part(buffer, i), byte(i)) // as who adds to what was read might
		}
		for i := range n {
			for _, b := range in.part(buffer, i) {
				if b != byte(i) {
					t.Fatalf("%d parts: another is in part %d", n, i)
				}
			}
		}
	}
}

func TestWhatMayBeReadTogether(t *testing.T) {
	plain := func(change func(*session)) func(*loop) *end {
		return func(l *loop) *end {
			s := &session{loop: l}
			s.client, s.server = end{session: s, fd: 1}, end{session: s, fd: 2}
			change(s)
			return &s.client
		}
	}
	tests := []struct {
		name   string
		events uint32
		end    func(*loop) *end
		want   bool
	}{
		{"a plain end", unix.EPOLLIN, plain(func(*session) {}), true},
		{"one that can be written too", unix.EPOLLIN | unix.EPOLLOUT, plain(func(*session) {}), false},
		{"one that is at its end", unix.EPOLLIN | unix.EPOLLHUP, plain(func(*session) {}), false},
		{"one with TLS", unix.EPOLLIN, plain(func(s *session) { s.client.secured = &secured{} }), false},
		{"one of which something is held", unix.EPOLLIN, plain(func(s *session) { s.client.held = []byte("Q") }), false},
		{"one that sends much", unix.EPOLLIN, plain(func(s *session) { s.client.long = 1 }), false},
		{"one whose peer is listed", unix.EPOLLIN, plain(func(s *session) { s.loop.lists(&s.server, unix.EPOLLIN) }), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := &loop{outbox: outbox{ring: &ring{}}}
			if got := l.lists(tt.end(l), tt.events); got != tt.want {
				t.Errorf("%v, want %v", got, tt.want)
			}
			if (&loop{}).lists(tt.end(&loop{}), tt.events) {
				t.Error("listed without a ring")
			}
		})
	}
}

// TestWhatChangedSinceItWasListedIsNotRead shows ends that the other events of a turn have
// made unreadable. Nothing is read of them, so a ring without a kernel is enough.
func TestWhatChangedSinceItWasListedIsNotRead(t *testing.T) {
	for name, change := range map[string]func(*session){
		"closed":               func(s *session) { s.client.fd = -1 },
		"the guard is asked":   func(s *session) { s.client.waiting = true },
		"the server must tell": func(s *session) { s.client.paused = true },
		"the peer is full":     func(s *session) { s.server.unsent = []byte("D") },
	} {
		t.Run(name, func(t *testing.T) {
			l := &loop{outbox: outbox{ring: &ring{}}}
			for range 2 {
				s := &session{loop: l}
				s.client, s.server = end{session: s, fd: 1}, end{session: s, fd: 2}
				if !l.lists(&s.client, unix.EPOLLIN) {
					t.Fatal("not listed")
				}
				change(s)
			}
			l.takeIn()
			if len(l.intake.ends) > 0 || len(l.intake.reads) > 0 {
				t.Errorf("%d ends, %d reads", len(l.intake.ends), len(l.intake.reads))
			}
		})
	}
}

// TestWhatIsHeldSinceItWasListedIsReadBehindIt shows that such an end is neither read into a
// part of the buffer nor passed over.
func TestWhatIsHeldSinceItWasListedIsReadBehindIt(t *testing.T) {
	l := ringed(t)
	var ends []*end
	for range 2 {
		e, writer := pair(t, l)
		e.session.observer, e.session.leaving, e.session.server.fd = uncounted{}, true, -1 // so that nothing is judged
		if _, errno := write(writer, []byte("uery")); errno != 0 || !l.lists(e, unix.EPOLLIN) {
			t.Fatal("not listed: ", errno)
		}
		e.held = []byte("Q")
		ends = append(ends, e)
	}
	l.takeIn()
	if len(l.intake.reads) > 0 {
		t.Errorf("%d read together", len(l.intake.reads))
	}
	for _, e := range ends {
		if n, errno := read(e.fd, l.buffer); !again(errno) {
			t.Errorf("passed over: %d bytes are left, %v", n, errno)
		}
	}
}

// uncounted is an Observer that is told of bytes alone.
type uncounted struct{ relay.Observer }

func (uncounted) Moved(int, int) {}

func TestWhoSendsMuchIsReadAloneTheNextTime(t *testing.T) {
	for _, tt := range []struct {
		name      string
		got, room int
		alone     bool
	}{
		{"little", 100, streamRead, false},
		{"all that there is room for", 512, 512, true},
		{"as much as a stream", streamRead, 2 * streamRead, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := &loop{outbox: outbox{ring: &ring{}}, epfd: -1}
			s := &session{loop: l, observer: uncounted{}, leaving: true} // so that nothing is judged
			s.client, s.server = end{session: s, fd: 1}, end{session: s, fd: -1}
			s.client.took(make([]byte, tt.room), reading{got: tt.got})
			if got := !l.lists(&s.client, unix.EPOLLIN); got != tt.alone {
				t.Errorf("alone: %v, want %v", got, tt.alone)
			}
		})
	}
}
