package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"golang.org/x/perf/benchmath"

	"github.com/pgcordon/pgcordon/bench/figures"
	"github.com/pgcordon/pgcordon/bench/peer"
)

type compareCommand struct {
	Base   string        `required:"" help:"The revision that this working tree is compared with."`
	Rounds int           `default:"12" help:"Rounds; fewer than 6 give no confidence interval."`
	Slice  time.Duration `default:"150ms" help:"About how long one run of a load takes; twice as long with 8 clients, four times with 64."`
	Scale  int           `default:"10" help:"Scale of pgbench's tables."`
	Relay  string        `help:"What moves the bytes of both; their own choice unless given."`
}

// Run measures two builds side by side. Both have the same configuration, so a
// revision that cannot read it cannot be compared.
func (c *compareCommand) Run(ctx context.Context) error {
	a, err := openArena(ctx, c.Scale)
	if err != nil {
		return err
	}
	defer a.close()
	a.site.Relay = c.Relay
	peers, stop, err := c.startBuilds(ctx, a)
	if err != nil {
		return err
	}
	defer func() { _ = stop() }() // what was measured has been printed
	cells := a.compareCells()
	turns := rounds{peers: peers, count: c.Rounds, slice: c.Slice, progress: os.Stderr}
	measured, failures, err := turns.run(ctx, cells)
	if err != nil {
		return err
	}
	if err := c.table(measured).Print(os.Stdout); err != nil {
		return err
	}
	for _, f := range failures {
		fmt.Println("\nfailed:", f)
	}
	if len(failures) > 0 {
		return errors.New("not everything could be measured")
	}
	return nil
}

// The builds, as peers.
const (
	base = "base"
	head = "head"
)

func (c *compareCommand) startBuilds(ctx context.Context, a *arena) (map[string]*peer.Peer, func() error, error) {
	programs := map[string]string{base: filepath.Join(a.site.Dir, "pgcordon-base"), head: filepath.Join(a.site.Dir, "pgcordon-head")}
	if err := buildRevision(ctx, c.Base, filepath.Join(a.site.Dir, "worktree"), programs[base]); err != nil {
		return nil, nil, err
	}
	if err := build(ctx, ".", programs[head]); err != nil {
		return nil, nil, err
	}
	peers := map[string]*peer.Peer{}
	stop := func() (err error) {
		for _, p := range peers {
			err = errors.Join(err, p.Stop())
		}
		return err
	}
	for name, program := range programs {
		p, err := peer.StartBuild(name, program, a.site)
		if err != nil {
			return nil, nil, errors.Join(err, stop())
		}
		peers[name] = p
	}
	return peers, stop, nil
}

// buildRevision builds pgcordon as it was, in a worktree that is removed again.
func buildRevision(ctx context.Context, revision, folder, program string) error {
	add := exec.CommandContext(ctx, "git", "worktree", "add", "--detach", folder, revision)
	if out, err := add.CombinedOutput(); err != nil {
		return fmt.Errorf("check %s out: %w\n%s", revision, err, out)
	}
	// Not with ctx: what an interrupt leaves behind is to be removed too.
	defer func() { _ = exec.Command("git", "worktree", "remove", "--force", folder).Run() }()
	return build(ctx, folder, program)
}

// compareCells are loads of which each shows another part of the guard.
func (a *arena) compareCells() []cell {
	var list []cell
	for _, s := range []script{selectOne, selectOnly, tpcB} {
		for _, protocol := range protocols {
			list = append(list, a.pgbench(s, protocol, 8))
		}
	}
	list = append(list, a.pgbench(selectOne, "simple", 64))
	list = append(list, a.bulkCells()...)
	list = append(list, a.logins("trust", a.client()))
	for i := range list {
		list[i].peers = []string{base, head}
	}
	return list
}

func (c *compareCommand) table(cells []figures.Cell) *figures.Table {
	t := &figures.Table{
		Title: "This working tree against " + c.Base,
		Note: fmt.Sprintf("CPU: microseconds a query, MB or login. Ratios: medians of %d rounds, in brackets the %d %% "+
			"confidence\ninterval; * where it does not hold 1.", c.Rounds, int(100*confidence)),
		Header: []string{"", "CPU base", "CPU head", "CPU ratio", "rate ratio"},
	}
	for i := range cells {
		cell := &cells[i]
		row := []string{cell.Load}
		for _, name := range []string{base, head} {
			s, _ := cell.Absolute(figures.CPU, name) // zero where it failed, which is told below the table
			row = append(row, figures.Short(s.Median, micros))
		}
		t.Rows = append(t.Rows, append(row,
			interval(cell.Ratios(figures.CPU, head, base)), interval(cell.Ratios(figures.Rate, head, base))))
	}
	return t
}

const confidence = 0.95

// interval is the median of ratios with the interval in which the true one lies,
// whatever the distribution (the sign test's interval, of order statistics).
func interval(ratios []float64) string {
	if len(ratios) == 0 {
		return figures.Missing
	}
	s := benchmath.AssumeNothing.Summary(benchmath.NewSample(ratios, &benchmath.DefaultThresholds), confidence)
	mark := " "
	if s.Lo > 1 || s.Hi < 1 {
		mark = "*"
	}
	return fmt.Sprintf("%.3f [%.3f, %.3f]%s", s.Center, s.Lo, s.Hi, mark)
}
