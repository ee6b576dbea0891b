package main

import (
	"runtime"

	"github.com/pgcordon/pgcordon/proxy/epoll"
	"github.com/pgcordon/pgcordon/proxy/relay"
)

// newRelay returns what moves the bytes. Event loops leave room for others: on a
// machine of two processors, one loop has one to itself at most.
func newRelay(name string) (relay.Relay, error) {
	loops := runtime.GOMAXPROCS(0) / 2
	switch name {
	case "goroutines":
		return relay.Pumps{}, nil
	case "io_uring":
		return epoll.New(loops, epoll.Batched)
	case "auto":
		if r, err := epoll.New(loops, epoll.Batched); err == nil {
			return r, nil
		}
	}
	return epoll.New(loops, epoll.AtOnce)
}
