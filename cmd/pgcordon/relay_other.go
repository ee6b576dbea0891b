//go:build !linux

package main

import (
	"fmt"

	"github.com/pgcordon/pgcordon/proxy/relay"
)

// newRelay returns what moves the bytes.
func newRelay(name string) (relay.Relay, error) {
	if name == "epoll" || name == "io_uring" {
		return nil, fmt.Errorf("--relay=%s: on Linux only", name)
	}
	return relay.Pumps{}, nil
}
