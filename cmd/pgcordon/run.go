package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pgcordon/pgcordon/audit"
	"github.com/pgcordon/pgcordon/metrics"
	"github.com/pgcordon/pgcordon/parser"
	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy"
)

type runCommand struct {
	Config   string `short:"c" placeholder:"FILE" xor:"source" help:"Configuration file."`
	Listen   string `placeholder:"ADDRESS" help:"Without a file: where clients connect, host:port or unix:/path."`
	Upstream string `placeholder:"ADDRESS" help:"Without a file: the server, host:port or unix:/path."`
	LogJSON  bool   `help:"Log as JSON lines."`
	Relay    string `enum:"auto,io_uring,epoll,goroutines" default:"auto" env:"PGCORDON_RELAY" help:"What moves the bytes: ${enum}."`
}

// Run stands in front of the servers until SIGTERM or SIGINT; a second one ends
// the program at once.
func (c *runCommand) Run(s *streams) error {
	p, err := c.policy(s)
	if err != nil {
		return err
	}
	g, err := newProcess(p, c.logger(s.err), c.Relay)
	if err != nil {
		return err
	}
	return g.run()
}

func (c *runCommand) logger(to io.Writer) *slog.Logger {
	if c.LogJSON {
		return slog.New(slog.NewJSONHandler(to, nil))
	}
	return slog.New(slog.NewTextHandler(to, nil))
}

func (c *runCommand) policy(s *streams) (*policy.Policy, error) {
	switch {
	case c.Config != "" && (c.Listen != "" || c.Upstream != ""):
		return nil, errors.New("--listen and --upstream go without --config")
	case c.Config != "":
		p, err := policy.Load(c.Config)
		if err != nil {
			s.report(c.Config, err)
			return nil, exitCode(1)
		}
		return p, nil
	case c.Listen == "" || c.Upstream == "":
		return nil, errors.New("give --config FILE, or --listen and --upstream")
	}
	listen, err := policy.ParseEndpoint(c.Listen)
	if err != nil {
		return nil, fmt.Errorf("--listen: %w", err)
	}
	upstream, err := policy.ParseEndpoint(c.Upstream)
	if err != nil {
		return nil, fmt.Errorf("--upstream: %w", err)
	}
	return policy.Default(listen, upstream), nil
}

// cacheEntries bounds the verdict cache beside limits.cache_bytes.
const cacheEntries = 1 << 17

// process is a running pgcordon.
type process struct {
	log     *slog.Logger
	policy  *policy.Policy // the newest valid one
	audit   *audit.Log
	metrics *metrics.Metrics
	cache   *parser.Cache
	server  *proxy.Server
}

func newProcess(p *policy.Policy, log *slog.Logger, relayName string) (*process, error) {
	mover, err := newRelay(relayName)
	if err != nil {
		return nil, err
	}
	lockdowns, err := proxy.OpenLockdowns(p.Admin.State)
	if err != nil {
		return nil, err
	}
	events, err := audit.Open(audit.Config{
		File: p.Audit.File, Queue: p.Audit.Queue, OnFull: p.Audit.OnFull, Sync: p.Audit.Sync,
	})
	if err != nil {
		return nil, err
	}
	m := metrics.New(prometheus.NewRegistry(), metrics.BuildInfo{Version: version, Revision: revision()}, parser.EffectNames())
	cache := parser.NewCache(cacheEntries, p.Limits.CacheBytes)
	g := &process{log: log, policy: p, audit: events, metrics: m, cache: cache}
	g.server = proxy.New(proxy.Config{Log: log, Audit: events, Metrics: m, Cache: cache, Relay: mover, Lockdowns: lockdowns})
	m.ReadCache(g.cacheStats)
	m.ReadAudit(g.auditStats)
	return g, nil
}

func (g *process) run() error {
	// Asked for before anybody can connect: from then on no signal may end the
	// program without the drain.
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGHUP, syscall.SIGTERM, syscall.SIGINT)
	if err := g.server.Reload(g.policy); err != nil {
		return err
	}
	g.metrics.ConfigLoaded(time.Now())
	g.warn(g.policy)
	if err := g.serveMetrics(); err != nil {
		return err
	}
	stopAdmin, err := g.serveAdmin()
	if err != nil {
		return err
	}
	defer stopAdmin() // when the drain is over: who keeps it up can be seen until then
	for target, addresses := range g.server.Addresses() {
		for _, a := range addresses {
			g.log.Info("listening", "target", target, "address", a.String())
		}
	}
	go g.tidy()
	g.handle(signals)
	return g.shutDown()
}

func (g *process) serveMetrics() error {
	if g.policy.Metrics.Listen == "" {
		return nil
	}
	l, err := net.Listen("tcp", g.policy.Metrics.Listen)
	if err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	g.log.Info("serving metrics", "address", l.Addr().String())
	go func() {
		if err := g.metrics.Server(g.server.Ready).Serve(l); err != nil {
			g.log.Error("metrics server ended", "error", err)
		}
	}()
	return nil
}

// handle reloads on SIGHUP and on a change of the file, and returns on SIGTERM or
// SIGINT.
func (g *process) handle(signals <-chan os.Signal) {
	changed, stop := g.watch()
	defer stop()
	for {
		select {
		case <-changed:
			g.reload("the file changed")
		case sig := <-signals:
			if sig != syscall.SIGHUP {
				g.log.Info("shutting down", "signal", sig.String(), "grace", g.policy.Limits.Drain)
				go dieOnSecond(signals)
				return
			}
			if err := g.audit.Reopen(); err != nil {
				g.log.Error("the audit log could not be reopened", "error", err)
			}
			g.reload("SIGHUP")
		}
	}
}

// dieOnSecond ends the program when another signal to end arrives.
func dieOnSecond(signals <-chan os.Signal) {
	for sig := range signals {
		if sig != syscall.SIGHUP {
			os.Exit(1)
		}
	}
}

func (g *process) shutDown() error {
	ctx, cancel := context.WithTimeout(context.Background(), g.policy.Limits.Drain)
	defer cancel()
	g.server.Drain(ctx)
	const flush = 5 * time.Second
	ctx, cancel = context.WithTimeout(context.Background(), flush)
	defer cancel()
	return g.audit.Close(ctx)
}

func (g *process) warn(p *policy.Policy) {
	for _, w := range p.Warnings {
		g.log.Warn("configuration", "warning", w.Error())
	}
}

func (g *process) auditStats() metrics.AuditStats {
	s := g.audit.Stats()
	return metrics.AuditStats{
		Written: s.Written, Dropped: s.Dropped, Failed: s.Failed, QueueLen: s.QueueLen, QueueCap: s.QueueCap,
	}
}

func (g *process) cacheStats() metrics.CacheStats {
	s := g.cache.Stats()
	return metrics.CacheStats(s)
}
