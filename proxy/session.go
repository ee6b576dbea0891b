package proxy

import (
	"errors"
	"io"
	"math"
	"net"
	"sync/atomic"
	"time"
	"unique"

	"github.com/pgcordon/pgcordon/audit"
	"github.com/pgcordon/pgcordon/identity"
	"github.com/pgcordon/pgcordon/metrics"
	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/guard"
	"github.com/pgcordon/pgcordon/proxy/relay"
	"github.com/pgcordon/pgcordon/proxy/transport"
	"github.com/pgcordon/pgcordon/proxy/wire"
)

var (
	errRefused    = errors.New("refused by policy")
	errCancelRate = errors.New("too many cancel requests from this address")
)

// session is one client connection.
type session struct {
	server *Server
	place  *place // the target, as configured when the session began or last reloaded
	// listener is where the client connected.
	listener *listener
	id       string
	began    time.Time

	facts   identity.Facts
	client  policy.Client
	login   *login // nil when it is over
	metrics *metrics.Session

	rules    atomic.Pointer[guard.Rules]
	next     atomic.Pointer[place] // what a reload put in the place of place
	relaying atomic.Bool           // what stands above is complete, and rules is in use
	backend  atomic.Int32          // process id of the session's server; 0: not logged in yet, unknownBackend: it has told none
	ending   relay.Ending
	bytes    struct{ client, server atomic.Int64 }
	judged   atomic.Int64 // statements
	refused  atomic.Int64
	cause    string       // of an end that the guard wanted; empty without
	working  atomic.Int64 // when the server got what it has to answer, Unix ms; 0: nothing; negative: it has answered, in a transaction that is open
}

// unknownBackend is less than any process id.
const unknownBackend = math.MinInt32

// loggedIn tells whether the server has let the client in.
func (s *session) loggedIn() bool { return s.backend.Load() != 0 }

// login is what a session has only until its login is over.
type login struct {
	timer     *time.Timer // ends a login that takes too long
	admission policy.Admission
}

// begin takes a client from its first byte to the relay. It returns nil where the
// session is over before that.
func (s *session) begin(conn net.Conn) (*relay.Link, error) {
	s.login = &login{timer: time.AfterFunc(s.place.policy.Limits.LoginTimeout, s.loginTimedOut)}
	_ = conn.SetDeadline(s.began.Add(s.place.policy.Limits.LoginTimeout))
	o, err := s.open(conn)
	if err != nil {
		return nil, s.explain(conn, o, err)
	}
	switch {
	case o.cancel:
		return nil, s.forwardCancel(o.packet)
	case o.foreign:
		return nil, s.forwardForeign(o)
	}
	if farewell := s.admit(); farewell != nil {
		farewell.Tell(o.conn)
		return nil, fail(KindRefused, "session", errRefused)
	}
	return s.connect(o)
}

// open finds out who the client is and what it wants.
func (s *session) open(conn net.Conn) (*opening, error) {
	conn, err := s.identify(conn)
	if err != nil {
		return nil, err
	}
	n := negotiator{conn: conn, config: s.place.clientTLS, required: s.place.target.ClientTLS.Mode == "require"}
	if s.facts.Unix {
		n.config, n.required = nil, false // as PostgreSQL: no TLS on unix sockets
	}
	o, err := n.open()
	if o != nil && o.tls != nil {
		s.facts.Certificate = certificateOf(o.tls)
	}
	s.client.Source = s.place.policy.Identify(s.facts)
	s.client.Source.Fact = shared(s.client.Source.Fact)
	if o != nil {
		s.client.User, s.client.Database = shared(o.start.User), shared(o.start.Database)
		s.client.Application, s.client.Replication = shared(o.start.Application), o.start.Replication
	}
	s.metrics = s.server.metrics.Session(metrics.Labels{
		Target: s.place.target.Name, Source: s.client.Source.Environment, Environment: s.place.target.Environment,
	})
	return o, err
}

// shared returns the one copy of a text that many sessions have.
func shared(text string) string { return unique.Make(text).Value() }

// identify fills in the source's address, from the PROXY header where the
// connection comes from a balancer.
func (s *session) identify(conn net.Conn) (net.Conn, error) {
	address, isTCP := conn.RemoteAddr().(*net.TCPAddr)
	if !isTCP {
		s.facts.Unix = true
		return conn, nil
	}
	peer := address.AddrPort().Addr().Unmap()
	s.facts.Address = peer
	if !contains(s.place.target.Balancers, peer) {
		return conn, nil
	}
	behind, source, err := transport.ReadProxyHeader(conn)
	switch {
	case errors.Is(err, io.EOF):
		return nil, fail(KindProbe, "PROXY header", err)
	case err != nil:
		s.server.metrics.ProxyHeaderFailed(s.place.target.Name)
		return nil, fail(kindOfRead(err, KindPROXY), "PROXY header", err)
	}
	s.facts.Balancer = peer
	if source.IsValid() {
		s.facts.Address = source.Addr().Unmap()
	}
	return behind, nil
}

// connect connects an admitted client with its server.
func (s *session) connect(o *opening) (*relay.Link, error) {
	upstream, err := s.dial()
	if err != nil {
		s.server.metrics.UpstreamFailed(s.place.target.Name, string(kindOf(err)))
		dialFailure(s.place.target.Name).Tell(o.conn)
		return nil, err
	}
	s.rules.Store(s.place.rules(s.client))
	if _, err := upstream.Write(s.startupPacket(o)); err != nil {
		_ = upstream.Close()
		return nil, fail(KindUpstream, "send the startup packet", err)
	}
	_ = o.conn.SetDeadline(time.Time{}) // s.login watches from here on
	g := s.guard(o, upstream)
	s.relaying.Store(true)
	s.renew()
	s.metrics.Opened()
	return &relay.Link{
		Client: o.conn, Server: upstream, Behind: o.behind, Guard: g,
		Observer: s, Rules: s.rules.Load, Ending: &s.ending,
	}, nil
}

// countEnd counts the end of a session that was relayed.
func (s *session) countEnd(err error) {
	if kindOf(err) == KindUpstream {
		s.server.metrics.UpstreamFailed(s.place.target.Name, string(KindUpstream))
	}
	s.metrics.Closed(s.outcome(err))
}

// startupPacket returns the client's startup packet. That of a read-only session has the
// server make every transaction READ ONLY.
func (s *session) startupPacket(o *opening) []byte {
	if !s.rules.Load().ReadOnly() {
		return o.packet
	}
	return wire.WithSetting(o.packet, "default_transaction_read_only", "on")
}

func (s *session) guard(o *opening, upstream net.Conn) *guard.Guard {
	g := guard.New(guard.Config{
		Rules:        s.rules.Load(),
		Cache:        s.server.cache,
		InspectBytes: s.place.policy.Limits.InspectBytes,
		ParseBytes:   s.place.policy.Limits.ParseBytes,
		Source:       s.client.Source.Environment,
		Target:       s.place.target.Environment,
		Replication:  o.start.Replication,
		SASL:         guard.SASL{HidePlus: s.place.hidePlus(o.tls, upstream)},
		Observer:     s,
		Claim:        s.claim,
		Watch:        s.watch,
		NewRefusal:   func() (string, string) { return audit.NewID(), newNonce() },
		Receipts:     true,
	}, o.start.Settings)
	g.Ask(s)
	return g
}

// claim implements guard.Config.Claim.
func (s *session) claim(claims []policy.Claim) *policy.Spent {
	return s.server.allowances.Claim(policy.Holder{
		Target: s.place.target.Name, Source: s.client.Source.Environment, User: s.client.User, Session: s.id,
	}, claims)
}

// explain tells the client why its startup failed, where it can be told.
func (s *session) explain(conn net.Conn, o *opening, err error) error {
	if o != nil {
		conn = o.conn
	}
	cause := errors.Unwrap(err)
	switch kindOf(err) {
	case KindStartup:
		var bad *wire.StartupError
		if errors.As(err, &bad) { // a whole packet: the server answers such a one too
			(&relay.Farewell{Code: bad.Code, Message: bad.Message}).Tell(conn)
		}
	case KindInjected:
		(&relay.Farewell{Code: wire.ProtocolViolation, Message: cause.Error(),
			Detail: "This could be either a client-software bug or evidence of an attempted man-in-the-middle attack."}).Tell(conn)
	case KindPlaintext:
		(&relay.Farewell{Code: wire.InvalidAuthorization, Message: "pgcordon: " + cause.Error(),
			Hint: "Connect with sslmode=require or higher."}).Tell(conn)
	}
	return err
}

func (s *session) loginTimedOut() {
	if !s.loggedIn() {
		s.ending.End(&relay.Farewell{Code: wire.AdminShutdown, Message: "pgcordon: the login took longer than limits.login_timeout"})
	}
}
