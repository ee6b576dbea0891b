package idle

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/pgcordon/pgcordon/bench/peer"
	"github.com/pgcordon/pgcordon/bench/usage"
	"github.com/pgcordon/pgcordon/test/child"
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
	server, err := start("pretend", net.JoinHostPort(peer.Host, strconv.Itoa(port)))
	if err != nil {
		return Cost{}, err
	}
	defer server.stop()
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
	client, err := start("open", dsn, strconv.Itoa(sessions))
	if err != nil {
		return err
	}
	defer client.stop()
	// The end of this context closes the pipe, and that ends the wait for a line.
	defer context.AfterFunc(ctx, client.stop)()
	line, err := bufio.NewReader(client.out).ReadString('\n')
	if err != nil || strings.TrimSpace(line) != opened {
		return fmt.Errorf("%s does not open %d sessions: %w", p.Name, sessions, errors.Join(err, ctx.Err()))
	}
	return do()
}

// helper is this program as another process.
type helper struct {
	process *child.Process
	in      io.WriteCloser
	out     io.Reader
}

func start(args ...string) (*helper, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	cmd := exec.Command(self, args...)
	cmd.Stderr = os.Stderr
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2); err != nil {
		return nil, fmt.Errorf("connect to %s: %w", args[0], err)
	}
	process, err := child.Start(cmd, syscall.SIGKILL)
	if err != nil {
		return nil, err
	}
	return &helper{process, in, out}, nil
}

// stop ends the helper; its sessions end with it.
func (h *helper) stop() {
	const grace = 5 * time.Second
	_ = h.process.Stop(syscall.SIGKILL, grace) // it ends as it was told to, which is an error
	_ = h.in.Close()
}
