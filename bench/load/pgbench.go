package load

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/pgcordon/pgcordon/bench/figures"
	"github.com/pgcordon/pgcordon/bench/peer"
)

// Pgbench is a load of short transactions.
type Pgbench struct {
	Client   Client
	Script   string // an argument of pgbench that says what to run
	Protocol string // simple, extended, prepared
	Clients  int
	Pace     Pace // transactions
}

// Measure runs pgbench twice: for one transaction a client, then for as many as
// fill the slice. What the second run has taken more, of the machine's time and of
// the proxy's, is the transactions alone, in sessions that are no longer new.
func (l *Pgbench) Measure(ctx context.Context, p *peer.Peer, slice time.Duration) (figures.Sample, error) {
	fresh, err := l.run(ctx, p, 1)
	if err != nil {
		return figures.Sample{}, err
	}
	// A run that takes hardly longer than new sessions do is too short to tell anything.
	for each := l.each(p.Name, slice); ; each = max(2*each, min(8*each, l.each(p.Name, slice))) {
		whole, err := l.run(ctx, p, each)
		if err != nil {
			return figures.Sample{}, err
		}
		counted, more := float64((each-1)*l.Clients), whole.elapsed-fresh.elapsed
		if more > 0 {
			l.Pace[p.Name] = counted / more
		}
		if more < slice.Seconds()/2 || whole.cpu < fresh.cpu {
			continue
		}
		return figures.Sample{Rate: counted / more, CPU: (whole.cpu - fresh.cpu) / counted}, nil
	}
}

// each is how many transactions of a client fill the slice, with the first one.
func (l *Pgbench) each(peer string, slice time.Duration) int {
	const first = 4000
	return 1 + max(1, l.Pace.amount(peer, slice, first)/l.Clients)
}

// cost is what one run of pgbench took, in seconds: since all clients had logged
// in, and of the proxy's processor time.
type cost struct{ elapsed, cpu float64 }

// run runs so many transactions for each client.
func (l *Pgbench) run(ctx context.Context, p *peer.Peer, each int) (cost, error) {
	var rate float64
	cpu, err := spent(p, func() (err error) {
		rate, err = l.Client.pgbench(ctx, p, l.Script, "--protocol="+l.Protocol,
			fmt.Sprintf("--client=%d", l.Clients), fmt.Sprintf("--transactions=%d", each))
		return err
	})
	return cost{float64(each*l.Clients) / rate, cpu.Seconds()}, err
}

// Connections is a load of logins: a new session for each SELECT 1.
type Connections struct {
	Client  Client
	Script  string
	Clients int
	Pace    Pace // logins
}

// Measure counts a login, a SELECT 1 and the end of the session as one.
func (l *Connections) Measure(ctx context.Context, p *peer.Peer, slice time.Duration) (figures.Sample, error) {
	const first = 200
	each := max(2, l.Pace.amount(p.Name, slice, first)/l.Clients)
	var rate float64
	cpu, err := spent(p, func() (err error) {
		rate, err = l.Client.pgbench(ctx, p, l.Script, "--connect",
			fmt.Sprintf("--client=%d", l.Clients), fmt.Sprintf("--transactions=%d", each))
		return err
	})
	if err != nil {
		return figures.Sample{}, err
	}
	l.Pace[p.Name] = rate
	return figures.Sample{Rate: rate, CPU: cpu.Seconds() / float64(each*l.Clients)}, nil
}

// Client is a pgbench, and who it logs in as.
type Client struct {
	Program                  string
	User, Password, Database string
	TLS                      bool
	OpenSSL                  string // the configuration of the library
}

// threads is how many pgbench uses where it has as many clients.
const threads = 2

func (c Client) pgbench(ctx context.Context, p *peer.Peer, args ...string) (float64, error) {
	args = append(args, "--no-vacuum", fmt.Sprintf("--jobs=%d", threads))
	cmd := exec.CommandContext(ctx, c.Program, args...)
	mode := "disable"
	if c.TLS {
		mode = "require"
	}
	cmd.Env = []string{
		"PGHOST=" + peer.Host, "PGPORT=" + strconv.Itoa(p.Port), "PGUSER=" + c.User, "PGPASSWORD=" + c.Password,
		"PGDATABASE=" + c.Database, "PGSSLMODE=" + mode, "PGGSSENCMODE=disable", "OPENSSL_CONF=" + c.OpenSSL, "LC_ALL=C",
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("pgbench: %w\n%s", err, beginning(string(out)))
	}
	return tps(string(out))
}

// beginning leaves out what all clients say alike.
func beginning(out string) string {
	const lines = 5
	all := strings.SplitAfterN(out, "\n", lines+1)
	return strings.Join(all[:min(lines, len(all))], "")
}

var (
	tpsLine       = regexp.MustCompile(`(?m)^tps = ([0-9.]+) `)
	processedLine = regexp.MustCompile(`(?m)^number of transactions actually processed: (\d+)/(\d+)$`)
)

// tps reads what pgbench prints at its end. A transaction that was not processed
// would be counted as a quick one, so it is an error.
func tps(out string) (float64, error) {
	processed, rate := processedLine.FindStringSubmatch(out), tpsLine.FindStringSubmatch(out)
	if processed == nil || rate == nil {
		return 0, fmt.Errorf("pgbench: no result in\n%s", out)
	}
	if processed[1] != processed[2] {
		return 0, errors.New("pgbench: only " + processed[1] + " of " + processed[2] + " transactions processed")
	}
	return strconv.ParseFloat(rate[1], 64)
}
