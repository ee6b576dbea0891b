package main

import (
	"runtime"

	"github.com/pgcordon/pgcordon/proxy/epoll"
	"github.com/pgcordon/pgcordon/proxy/relay"
)

// newRelay returns what moves the bytes. An event loop leaves room for others: on a
// machine of two processors, one loop has one to itself at most.
func newRelay(name string) (relay.Relay, error) {
	if name == "goroutines" {
		return relay.Pumps{}, nil
	}
	return epoll.New(runtime.NumCPU() / 2)
}
