//go:build linux

package epoll

import (
	"testing"
	"time"

	"github.com/pgcordon/pgcordon/proxy/relay/relaytest"
)

func TestEventLoop(t *testing.T) {
	for name, n := range map[string]int{"one loop": 1, "three loops": 3} {
		t.Run(name, func(t *testing.T) {
			r, err := New(n, AtOnce)
			if err != nil {
				t.Fatal(err)
			}
			conform(t, r)
		})
		t.Run(name+" with io_uring", func(t *testing.T) { conform(t, newBatched(t, n)) })
	}
}

// conform also sees to it that a loop keeps nothing of a session that is over.
func conform(t *testing.T, r *Relay) {
	t.Cleanup(func() { // behind the parallel tests
		for _, l := range r.loops {
			if n := streamsLeft(l); n > 0 {
				t.Errorf("a loop still has %d streams", n)
			}
		}
	})
	relaytest.Conformance(t, r)
}

// streamsLeft is how many streams a loop has when it has had time to end its sessions: a
// test is over when its own side is.
func streamsLeft(l *loop) (left int) {
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		kept := make(chan int)
		l.post(func() { kept <- len(l.streams) })
		if left = <-kept; left == 0 {
			break
		}
	}
	return left
}
