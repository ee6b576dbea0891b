package load

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/pgcordon/pgcordon/bench/figures"
	"github.com/pgcordon/pgcordon/bench/peer"
)

// Latency is a load of transactions of which each is timed.
type Latency struct {
	Pgbench
	Folder string // where pgbench may keep its logs for as long as it runs
}

// Measure runs pgbench with a log. The first transaction of each client is left out: its
// session is new, and prepares. Of fewer than a few hundred the p99 would be the longest.
func (l *Latency) Measure(ctx context.Context, p *peer.Peer, slice time.Duration) (figures.Sample, error) {
	const first, fewest = 1000, 300
	folder, err := os.MkdirTemp(l.Folder, "latency-")
	if err != nil {
		return figures.Sample{}, fmt.Errorf("make a folder for logs: %w", err)
	}
	defer os.RemoveAll(folder)
	each := 1 + max(fewest, l.Pace.amount(p.Name, slice, first))/l.Clients
	rate, err := l.Client.pgbench(ctx, p, l.Script, "--protocol="+l.Protocol, fmt.Sprintf("--client=%d", l.Clients),
		fmt.Sprintf("--transactions=%d", each), "--log", "--log-prefix="+filepath.Join(folder, "log"))
	if err != nil {
		return figures.Sample{}, fmt.Errorf("%s: %w", p.Name, err)
	}
	l.Pace[p.Name] = rate
	took, err := timed(folder)
	if err != nil {
		return figures.Sample{}, err
	}
	return figures.Sample{
		Rate: rate, P50: figures.Percentile(took, 50).Seconds(), P99: figures.Percentile(took, 99).Seconds(),
	}, nil
}

// timed returns, sorted, how long each transaction took of which a log in the folder tells,
// but for the first of each client. A thread has a log of its own.
func timed(folder string) ([]time.Duration, error) {
	logs, err := filepath.Glob(filepath.Join(folder, "log.*"))
	if err != nil {
		return nil, fmt.Errorf("find pgbench's logs: %w", err)
	}
	var all []time.Duration
	for _, path := range logs {
		took, err := timedIn(path)
		if err != nil {
			return nil, fmt.Errorf("read pgbench's log: %w", err)
		}
		all = append(all, took...)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("pgbench logged no transaction in %d files", len(logs))
	}
	slices.Sort(all)
	return all, nil
}

// timedIn reads lines of a client, the transaction's number, and microseconds; more follows.
// https://www.postgresql.org/docs/current/pgbench.html, "Per-Transaction Logging"
func timedIn(path string) (took []time.Duration, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	known := map[int]bool{}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var client, number, micros int
		if _, err := fmt.Sscan(lines.Text(), &client, &number, &micros); err != nil {
			return nil, fmt.Errorf("%q: %w", lines.Text(), err)
		}
		if known[client] {
			took = append(took, time.Duration(micros)*time.Microsecond)
		}
		known[client] = true
	}
	return took, lines.Err()
}
