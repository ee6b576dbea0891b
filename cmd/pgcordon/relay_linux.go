package main

import (
	"runtime"

	"github.com/pgcordon/pgcordon/proxy/epoll"
	"github.com/pgcordon/pgcordon/proxy/relay"
)

// newRelay returns what moves the bytes.
func newRelay(name string) (relay.Relay, error) {
	switch name {
	case "goroutines":
		return relay.Pumps{}, nil
	case "io_uring":
		return newLoops(epoll.Batched)
	case "auto":
		if r, err := newLoops(epoll.Batched); err == nil {
			return r, nil
		}
	}
	return newLoops(epoll.AtOnce)
}

// newLoops divides the processors between event loops and goroutines. The loops leave room
// for the server: on a machine of two processors, one loop has one to itself at most. A
// processor (GOMAXPROCS) more for the goroutines would make nothing quicker, and Go would
// wake a thread for it with each login, to look for work that is not there.
func newLoops(w epoll.Writes) (relay.Relay, error) {
	processors := runtime.GOMAXPROCS(0)
	loops := max(1, processors/2)
	r, err := epoll.New(loops, w)
	if err == nil { // New has added the loops' own
		runtime.GOMAXPROCS(loops + max(1, processors-loops))
	}
	return r, err
}
