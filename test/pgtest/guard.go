package pgtest

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pgcordon/pgcordon/test/child"
	"github.com/pgcordon/pgcordon/test/cluster"
)

const (
	readyTimeout = 30 * time.Second // generous: a loaded machine is no failure
	stopTimeout  = 60 * time.Second // longer than the guard's own grace period
)

// Guard is a running pgcordon.
type Guard struct {
	Addr       string // $listen: TCP address, host:port
	Socket     string // $socket: unix socket, in a folder of its own
	Metrics    string // $metrics: host:port of /metrics, /healthz and /readyz
	ConfigFile string
	AuditFile  string // $audit

	process *child.Process
	output  *output
}

// StartGuard runs pgcordon with a configuration until the test ends, and waits
// until it is ready; flags are further ones of pgcordon run. In the text $listen, $socket, $metrics and $audit stand for
// what the fields of Guard say. The test fails if the guard does not end cleanly.
func StartGuard(t testing.TB, config string, flags ...string) *Guard {
	t.Helper()
	dir := t.TempDir()
	addrs := freeAddrs(t, 2)
	g := &Guard{
		Addr: addrs[0], Metrics: addrs[1], Socket: filepath.Join(socketDir(t), ".s.PGSQL.6432"),
		ConfigFile: filepath.Join(dir, "pgcordon.yaml"), AuditFile: filepath.Join(dir, "audit.jsonl"),
		output: &output{},
	}
	g.Configure(t, config)
	cmd := exec.Command(Binary(t), append([]string{"run", "--config", g.ConfigFile}, flags...)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, g.output, g.output
	var err error
	if g.process, err = child.Start(cmd, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.stop(t) })
	g.awaitReady(t, strings.Contains(config, "$metrics"))
	return g
}

// Configure writes the configuration anew, as an operator's editor would: beside
// the old file and then over it. Send SIGHUP, or wait for the guard to notice.
func (g *Guard) Configure(t testing.TB, config string) {
	t.Helper()
	text := os.Expand(config, func(name string) string {
		switch name {
		case "listen":
			return g.Addr
		case "socket":
			return "unix:" + g.Socket
		case "metrics":
			return g.Metrics
		case "audit":
			return g.AuditFile
		}
		t.Fatalf("configuration: $%s stands for nothing", name)
		return ""
	})
	next := g.ConfigFile + ".next"
	if err := os.WriteFile(next, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, g.ConfigFile); err != nil {
		t.Fatal(err)
	}
}

// Port is the TCP port.
func (g *Guard) Port() string {
	_, port, _ := net.SplitHostPort(g.Addr)
	return port
}

// SocketDir is the folder of the unix socket, which libpq takes as host.
func (g *Guard) SocketDir() string { return filepath.Dir(g.Socket) }

// DSN is the URL with which a client connects over TCP without TLS.
func (g *Guard) DSN(user, database string) string { return cluster.DSN(g.Addr, user, database) }

// Signal sends a signal to the guard.
func (g *Guard) Signal(t testing.TB, s syscall.Signal) {
	t.Helper()
	if err := g.process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// PID is the guard's process id.
func (g *Guard) PID() int { return g.process.PID() }

// Output is what the guard has printed so far.
func (g *Guard) Output() string { return g.output.String() }

func (g *Guard) awaitReady(t testing.TB, withMetrics bool) {
	t.Helper()
	deadline := time.Now().Add(readyTimeout)
	for !g.ready(withMetrics) {
		select {
		case <-g.process.Done():
			t.Fatalf("pgcordon ended before it was ready: %v\n%s", g.process.Err(), g.Output())
		case <-time.After(10 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("pgcordon is not ready after %s\n%s", readyTimeout, g.Output())
		}
	}
}

func (g *Guard) ready(withMetrics bool) bool {
	if withMetrics {
		response, err := http.Get(fmt.Sprintf("http://%s/readyz", g.Metrics))
		if err != nil {
			return false
		}
		response.Body.Close()
		return response.StatusCode == http.StatusOK
	}
	conn, err := net.Dial("tcp", g.Addr)
	if err != nil {
		return false
	}
	return conn.Close() == nil
}

func (g *Guard) stop(t testing.TB) {
	err := g.process.Stop(syscall.SIGTERM, stopTimeout)
	if err != nil {
		t.Errorf("pgcordon did not end cleanly: %v", err)
	}
	if t.Failed() {
		t.Logf("pgcordon printed:\n%s", g.Output())
	}
}

// freeAddrs are TCP addresses that nobody listens on. They are found together, for
// the kernel may hand out a port again as soon as it is free.
func freeAddrs(t testing.TB, n int) []string {
	t.Helper()
	var addrs []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		addrs = append(addrs, l.Addr().String())
	}
	return addrs
}

// socketDir is a folder whose name is short enough for a unix socket's path: 107
// bytes, which a test's own temporary folder often exceeds.
func socketDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "pgcordon-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}
