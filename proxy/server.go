package proxy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pgcordon/pgcordon/audit"
	"github.com/pgcordon/pgcordon/metrics"
	"github.com/pgcordon/pgcordon/parser"
	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/breakglass"
	"github.com/pgcordon/pgcordon/proxy/guard"
	"github.com/pgcordon/pgcordon/proxy/relay"
	"github.com/pgcordon/pgcordon/proxy/transport"
	"github.com/pgcordon/pgcordon/proxy/wire"
)

// Config is what a Server works with. All fields are needed.
type Config struct {
	Log     *slog.Logger
	Audit   *audit.Log
	Metrics *metrics.Metrics
	Cache   *parser.Cache
	Relay   relay.Relay
	// Lockdowns outlive the server.
	Lockdowns *Lockdowns
}

// Server runs the sessions of all targets.
type Server struct {
	log       *slog.Logger
	audit     *audit.Log
	metrics   *metrics.Metrics
	cache     *parser.Cache
	relay     relay.Relay
	cancels   cancelRates
	cuts      chan struct{} // as many cancel requests of our own as may be on their way
	lockdowns *Lockdowns
	// allowances outlive every policy: a reload is no new beginning.
	allowances *policy.Allowances
	tripwires  *policy.Watch    // likewise
	approvals  *breakglass.Book // does, too

	open, inLogin atomic.Int64
	logins        atomic.Int64   // ever accepted
	wait          sync.WaitGroup // sessions

	reloads      sync.Mutex // held by a reload, before mu
	stopCatalogs func()     // guarded by reloads
	mu           sync.Mutex // guards what follows
	listeners    map[policy.Endpoint]*listener
	sessions     map[*session]struct{}
	draining     bool
}

// New returns a server that listens nowhere yet: Reload gives it a policy.
func New(c Config) *Server {
	s := &Server{
		log: c.Log, audit: c.Audit, metrics: c.Metrics, cache: c.Cache, relay: c.Relay,
		cuts:       make(chan struct{}, maxCuts),
		lockdowns:  c.Lockdowns,
		allowances: policy.NewAllowances(time.Now),
		tripwires:  policy.NewWatch(time.Now, audit.NewID),
		approvals:  breakglass.New(time.Now),
		listeners:  map[policy.Endpoint]*listener{},
		sessions:   map[*session]struct{}{},

		stopCatalogs: func() {},
	}
	s.lockdowns.report = s.reportLockdowns
	s.reportLockdowns(s.lockdowns.all())
	for _, l := range s.lockdowns.all() {
		s.liftLater(l)
	}
	return s
}

// Addresses returns where the server listens, by target name. A port that was
// given as 0 is the one that the system chose.
func (s *Server) Addresses() map[string][]net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string][]net.Addr{}
	for _, l := range s.listeners {
		name := l.place.Load().target.Name
		out[name] = append(out[name], l.Addr())
	}
	return out
}

// serve runs one session. A defect that makes it panic ends that session alone.
func (s *Server) serve(p *place, l *listener, conn net.Conn) {
	ses := &session{server: s, place: p, listener: l, id: audit.NewID(), began: time.Now()}
	defer func() {
		if r := recover(); r != nil {
			_ = conn.Close()
			s.over(ses, fail(KindPanic, "session", fmt.Errorf("%v\n%s", r, debug.Stack())))
		}
	}()
	if !s.add(ses) {
		drainFarewell.Tell(conn)
		_ = conn.Close()
		s.over(ses, nil)
		return
	}
	link, err := ses.begin(conn)
	if link == nil {
		_ = conn.Close()
		s.over(ses, err)
		return
	}
	// The relay closes what it was given. What is referred to here lives as long as the
	// session.
	g := link.Guard
	s.relay.Run(link, func(err error, wait bool) bool { return s.relayed(ses, g, err, wait) })
}

// relayed is a relay.Done. What goes wrong is logged, which may have to wait.
func (s *Server) relayed(ses *session, g *guard.Guard, err error, wait bool) bool {
	unfinished := g.Unfinished()
	if !wait && (err != nil || len(unfinished) > 0) {
		return false
	}
	for _, e := range unfinished {
		ses.Finish(e, true)
	}
	err = sided(err)
	if !ses.recordEnd(err, wait) {
		return false
	}
	ses.countEnd(err)
	s.remove(ses)
	return true
}

// over ends the account of a session that was not relayed.
func (s *Server) over(ses *session, err error) {
	ses.recordEnd(err, true)
	s.remove(ses)
}

// drainFarewell is what a client is told while the server shuts down.
var drainFarewell = &relay.Farewell{Code: wire.AdminShutdown, Message: "pgcordon is shutting down"}

func (s *Server) add(ses *session) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions[ses] = struct{}{}
	return !s.draining
}

func (s *Server) remove(ses *session) {
	s.mu.Lock()
	delete(s.sessions, ses)
	s.mu.Unlock()
	if !ses.loggedIn() {
		s.inLogin.Add(-1)
	}
	s.open.Add(-1)
	s.wait.Done()
}

// Logins returns how many logins were accepted since the server began.
func (s *Server) Logins() int64 { return s.logins.Load() }

// Drain stops accepting, waits until the sessions are over or ctx is done, and
// then ends those that are left with SQLSTATE 57P01.
func (s *Server) Drain(ctx context.Context) {
	s.reloads.Lock()
	s.stopCatalogs()
	s.reloads.Unlock()
	s.mu.Lock()
	s.draining = true
	for at, l := range s.listeners {
		_ = l.Close()
		delete(s.listeners, at)
	}
	s.mu.Unlock()
	done := make(chan struct{})
	go func() { s.wait.Wait(); close(done) }()
	select {
	case <-done:
		return
	case <-ctx.Done():
	}
	s.mu.Lock()
	for ses := range s.sessions {
		ses.ending.End(drainFarewell)
	}
	s.mu.Unlock()
	<-done
}

// Ready returns an error while the server does not accept clients.
func (s *Server) Ready() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.draining:
		return errors.New("draining")
	case len(s.listeners) == 0:
		return errors.New("not listening")
	}
	return nil
}

// listen opens the endpoints that are new in places. Where one fails, none is
// kept open.
func (s *Server) listen(places map[policy.Endpoint]*place) (map[policy.Endpoint]*listener, error) {
	fresh := map[policy.Endpoint]*listener{}
	for at := range places {
		if s.listeners[at] != nil {
			continue
		}
		l, err := transport.Listen(at)
		if err != nil {
			for _, other := range fresh {
				_ = other.Close()
			}
			return nil, fmt.Errorf("listen at %s: %w", at.Address, err)
		}
		fresh[at] = &listener{Listener: l, endpoint: at}
	}
	return fresh, nil
}
