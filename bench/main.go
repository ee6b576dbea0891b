package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/pgcordon/pgcordon/bench/bare"
	"github.com/pgcordon/pgcordon/bench/fairness"
	"github.com/pgcordon/pgcordon/bench/idle"
)

// commands are the subcommands. The last four are what the first runs as other processes.
type commands struct {
	Run     runCommand     `cmd:"" help:"Compare pgcordon with other proxies."`
	Compare compareCommand `cmd:"" help:"Compare this working tree with another revision."`
	Plot    plotCommand    `cmd:"" help:"Write plot and documents from a result."`
	Pretend pretendCommand `cmd:"" hidden:""`
	Open    openCommand    `cmd:"" hidden:""`
	Disturb disturbCommand `cmd:"" hidden:""`
	Bare    bareCommand    `cmd:"" hidden:""`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	var c commands
	k := kong.Parse(&c, kong.Description("Compares pgcordon with other proxies."), kong.BindTo(ctx, (*context.Context)(nil)))
	err := k.Run()
	if ctx.Err() != nil {
		err = errors.New("interrupted")
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

type pretendCommand struct {
	Address string `arg:""`
}

func (c *pretendCommand) Run() error { return idle.Pretend(c.Address, os.Stdin) }

type openCommand struct {
	DSN      string `arg:""`
	Sessions int    `arg:""`
}

func (c *openCommand) Run(ctx context.Context) error {
	return idle.Open(ctx, c.DSN, c.Sessions, os.Stdin, os.Stdout)
}

// disturbCommand is called fairness.Command.
type disturbCommand struct {
	Name string `arg:""`
	DSN  string `arg:""`
}

func (c *disturbCommand) Run(ctx context.Context) error {
	return fairness.Disturb(ctx, c.Name, c.DSN, os.Stdout)
}

// bareCommand is the peer "bare".
type bareCommand struct {
	Addresses string `arg:"" help:"A file with two addresses: where to listen, and the server."`
}

func (c *bareCommand) Run() error {
	signal.Reset(syscall.SIGTERM) // it has nothing to put away
	text, err := os.ReadFile(c.Addresses)
	if err != nil {
		return fmt.Errorf("read the addresses: %w", err)
	}
	addresses := strings.Fields(string(text))
	if len(addresses) != 2 {
		return fmt.Errorf("%d addresses, want 2", len(addresses))
	}
	return bare.Run(addresses[0], addresses[1])
}
