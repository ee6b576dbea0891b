package idle

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
	"time"

	"github.com/pgcordon/pgcordon/bench/peer"
	"github.com/pgcordon/pgcordon/bench/self"
	"github.com/pgcordon/pgcordon/bench/usage"
)

// Cost is what idle sessions cost a peer.
type Cost struct {
	Peer     string  `json:"peer"`
	TLS      bool    `json:"tls"`
	Sessions int     `json:"sessions"`
	Memory   float64 `json:"memory"` // resident bytes a session
	CPU      float64 `json:"cpu"`    // seconds of processor time a second, of all together
}

// Most returns how many sessions a proxy can hold, at most those asked for: each
// takes two files.
func Most(sessions int) (int, error) {
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		return 0, fmt.Errorf("read the limit of open files: %w", err)
	}
	const others = 200
	return min(sessions, (int(files.Cur)-others)/2), nil
}

// Measure opens the sessions through a peer of its own and compares its memory
// with what it had before. Peers shed what logins have left behind; settle is how
// long they get for it. User and database are who the sessions are.
func Measure(ctx context.Context, s peer.Site, name string, useTLS bool, sessions int, settle time.Duration) (Cost, error) {
	port, err := peer.FreePort()
	if err != nil {
		return Cost{}, err
	}
	server, err := self.Start("pretend", net.JoinHostPort(peer.Host, strconv.Itoa(port)))
	if err != nil {
		return Cost{}, err
	}
	defer server.Stop()
	s.Server, s.Sessions = peer.Server{Host: peer.Host, Port: port}, sessions
	p, err := peer.Start(name, &s)
	if err != nil {
		return Cost{}, err
	}
	cost := Cost{Peer: name, TLS: useTLS, Sessions: sessions}
	return cost, errors.Join(cost.measure(ctx, p, settle), p.Stop())
}

func (c *Cost) measure(ctx context.Context, p *peer.Peer, settle time.Duration) error {
	const some = 50 // the first ones make pools and tables
	if err := c.hold(ctx, p, some, func() error { return nil }); err != nil {
		return err
	}
	processes, err := p.Processes()
	if err != nil {
		return err
	}
	before, err := usage.Memory(processes)
	if err != nil {
		return err
	}
	return c.hold(ctx, p, c.Sessions, func() error {
		if err := pause(ctx, settle); err != nil {
			return err
		}
		after, err := usage.Memory(processes)
		if err != nil {
			return err
		}
		c.Memory = (float64(after) - float64(before)) / float64(c.Sessions)
		return c.measureCPU(ctx, processes)
	})
}

func (c *Cost) measureCPU(ctx context.Context, processes []int) error {
	before, err := usage.CPU(processes)
	if err != nil {
		return err
	}
	start := time.Now()
	if err := pause(ctx, time.Second); err != nil {
		return err
	}
	after, err := usage.CPU(processes)
	c.CPU = (after - before).Seconds() / time.Since(start).Seconds()
	return err
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// hold calls do while so many sessions are open.
func (c *Cost) hold(ctx context.Context, p *peer.Peer, sessions int, do func() error) error {
	mode := "disable"
	if c.TLS {
		mode = "require"
	}
	dsn := fmt.Sprintf("postgres://%s@%s/%s?sslmode=%s", peer.User, p.Address(), peer.Database, mode)
	client, err := self.Start("open", dsn, strconv.Itoa(sessions))
	if err != nil {
		return err
	}
	defer client.Stop()
	if err := client.Await(ctx, opened); err != nil {
		return fmt.Errorf("open %d sessions of %s: %w", sessions, p.Name, err)
	}
	return do()
}
