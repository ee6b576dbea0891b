package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/pgcordon/pgcordon/bench/idle"
	"github.com/pgcordon/pgcordon/bench/peer"
)

type runCommand struct {
	Quick    bool          `help:"Fewer loads, few rounds, nothing is kept."`
	Rounds   int           `default:"5" help:"Rounds through all peers."`
	Slice    time.Duration `default:"250ms" help:"About how long one run of a load takes; twice as long with 8 clients, four times with 64."`
	Budget   time.Duration `default:"11m30s" help:"For all rounds; runs are shortened to keep it."`
	Fairness time.Duration `default:"55s" help:"For all rounds beside disturbers; runs are shortened to keep it."`
	Limits   time.Duration `default:"28s" help:"For all rounds under limits; runs are shortened to keep it."`
	Scale    int           `default:"10" help:"Scale of pgbench's tables."`
	Idle     int           `default:"10000" help:"Idle sessions, as far as open files go."`
	Settle   time.Duration `default:"5s" help:"How long idle sessions are left alone before they are measured."`
	Micro    time.Duration `default:"100ms" help:"How long each Go benchmark runs."`
	Relay    string        `help:"What moves pgcordon's bytes; its own choice unless given."`
	Only     string        `placeholder:"REGEXP" help:"Only the loads whose group and name match; nothing is kept."`
	Of       []string      `placeholder:"PEER" help:"With --only: leave out other peers."`
}

// AfterApply makes a run quick; it is a hook of kong.
func (c *runCommand) AfterApply() error {
	if c.Quick {
		c.Rounds, c.Slice, c.Budget, c.Scale = 3, 150*time.Millisecond, 100*time.Second, 1
		c.Limits, c.Fairness, c.Idle, c.Settle, c.Micro = 8*time.Second, 18*time.Second, 1000, time.Second, 20*time.Millisecond
	}
	return nil
}

// Run compares, prints, and keeps what a whole comparison has found.
func (c *runCommand) Run(ctx context.Context) error {
	r, err := c.compare(ctx)
	if err != nil {
		return err
	}
	if err := r.print(os.Stdout); err != nil {
		return err
	}
	if !c.Quick && c.Only == "" {
		if err := r.keep("."); err != nil {
			return err
		}
	}
	if len(r.Failures) > 0 {
		return errors.New("not everything could be measured")
	}
	return nil
}

func (c *runCommand) compare(ctx context.Context) (*report, error) {
	a, err := openArena(ctx, c.Scale)
	if err != nil {
		return nil, err
	}
	defer a.close()
	r := &report{Date: time.Now().UTC(), Rounds: c.Rounds, Groups: map[string]group{}}
	if r.Machine, err = describe(a.programs); err != nil {
		return nil, err
	}
	r.Machine.Huge = a.huge
	a.site.Relay, r.Relay = c.Relay, c.Relay
	a.site.Program = filepath.Join(a.site.Dir, "pgcordon")
	if err := build(ctx, ".", a.site.Program); err != nil {
		return nil, err
	}
	steps := []func(context.Context, *arena, *report) error{
		c.measureLoads, c.measureFairness, c.measureTrips, c.measureLimits, c.measureIdle, c.measureMicro,
	}
	if c.Only != "" {
		steps = steps[:4]
	}
	for _, step := range steps {
		if err := step(ctx, a, r); err != nil {
			return nil, err
		}
	}
	if len(r.Groups) == 0 {
		return nil, fmt.Errorf("--only %s: no load has such a name", c.Only)
	}
	return r, nil
}

// build makes pgcordon of the source in a folder.
func build(ctx context.Context, folder, program string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-o", program, "./cmd/pgcordon")
	cmd.Dir = folder
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build pgcordon: %w\n%s", err, out)
	}
	return nil
}

// measureLoads runs all rounds over all peers at once, so that all are warm.
func (c *runCommand) measureLoads(ctx context.Context, a *arena, r *report) (err error) {
	cells, err := c.chosen(a.cells(c.Quick))
	if err != nil || len(cells) == 0 {
		return err
	}
	peers, stop, err := startAll(a.site, everyone[1:])
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	turns := rounds{peers: peers, count: c.Rounds, slice: c.Slice, budget: c.Budget, progress: os.Stderr}
	if err := r.measure(ctx, &turns, cells); err != nil {
		return err
	}
	r.Slice = turns.slice
	if r.Added, err = addedTime(ctx, peers["pgcordon"]); err != nil {
		r.Failures = append(r.Failures, err.Error())
	}
	return ctx.Err()
}

// measure runs rounds over cells and keeps what they find.
func (r *report) measure(ctx context.Context, turns *rounds, cells []cell) error {
	measured, failures, err := turns.run(ctx, cells)
	if err != nil {
		return err
	}
	r.Failures = append(r.Failures, failures...)
	for i, cell := range cells {
		r.Groups[cell.group] = append(r.Groups[cell.group], measured[i])
	}
	return nil
}

// chosen returns the cells that are asked for.
func (c *runCommand) chosen(cells []cell) ([]cell, error) {
	if c.Only == "" {
		return cells, nil
	}
	wanted, err := regexp.Compile(c.Only)
	if err != nil {
		return nil, fmt.Errorf("--only: %w", err)
	}
	cells = slices.DeleteFunc(cells, func(c cell) bool { return !wanted.MatchString(c.group + " " + c.name) })
	for i := range cells {
		if len(c.Of) > 0 {
			cells[i].peers = c.Of
		}
	}
	return cells, nil
}

// startAll starts proxies. The direct way is among what it returns.
func startAll(s *peer.Site, names []string) (map[string]*peer.Peer, func() error, error) {
	peers := map[string]*peer.Peer{"direct": peer.Direct(s)}
	stop := func() (err error) {
		for _, p := range peers {
			err = errors.Join(err, p.Stop())
		}
		return err
	}
	for _, name := range names {
		p, err := peer.Start(name, s)
		if err != nil {
			return nil, nil, errors.Join(err, stop())
		}
		peers[name] = p
	}
	return peers, stop, nil
}

// measureIdle leaves Pgpool-II out: it has a process for each session, ready or not.
func (c *runCommand) measureIdle(ctx context.Context, a *arena, r *report) error {
	sessions, err := idle.Most(c.Idle)
	if err != nil {
		return err
	}
	for _, way := range []struct {
		peer string
		tls  bool
	}{{"pgbouncer", false}, {"haproxy", false}, {"pgcordon", false}, {"pgbouncer", true}, {"pgcordon", true}} {
		fmt.Fprintf(os.Stderr, "%d idle sessions of %s\n", sessions, way.peer)
		cost, err := idle.Measure(ctx, *a.site, way.peer, way.tls, sessions, c.Settle)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			r.Failures = append(r.Failures, "idle: "+err.Error())
			continue
		}
		r.Idle = append(r.Idle, cost)
	}
	return nil
}

// measureMicro comes last; what was measured before is not to be lost by it.
func (c *runCommand) measureMicro(ctx context.Context, _ *arena, r *report) error {
	found, err := micro(ctx, c.Micro)
	if err != nil {
		r.Failures = append(r.Failures, err.Error())
	}
	r.Micro = found
	return ctx.Err()
}
