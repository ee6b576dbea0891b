//go:build linux

package epoll

import (
	"testing"

	"github.com/pgcordon/pgcordon/proxy/relay/relaytest"
)

func TestEventLoop(t *testing.T) {
	for name, n := range map[string]int{"one loop": 1, "three loops": 3} {
		t.Run(name, func(t *testing.T) {
			r, err := New(n, AtOnce)
			if err != nil {
				t.Fatal(err)
			}
			relaytest.Conformance(t, r)
		})
		t.Run(name+" with io_uring", func(t *testing.T) { relaytest.Conformance(t, newBatched(t, n)) })
	}
}
