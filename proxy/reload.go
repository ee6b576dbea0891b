package proxy

import (
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net"

	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/relay"
	"github.com/pgcordon/pgcordon/proxy/transport"
	"github.com/pgcordon/pgcordon/proxy/wire"
)

// Reload puts a policy into force, wholly or not at all: where it returns an error
// nothing has changed. Sessions that it does not admit any more are ended, the
// others are judged by it from their next message on.
func (s *Server) Reload(p *policy.Policy) error {
	places, err := placesOf(p)
	if err != nil {
		return err
	}
	s.reloads.Lock()
	defer s.reloads.Unlock()
	sessions, err := s.swap(places)
	if err != nil {
		return err
	}
	for ses := range sessions {
		ses.reload(places[ses.listener.endpoint])
	}
	s.follow(places)
	s.reportCertificates(p)
	return nil
}

// reportCertificates tells the metrics when the certificates that are shown end.
func (s *Server) reportCertificates(p *policy.Policy) {
	for _, t := range p.Targets {
		for leg, pair := range map[string]*tls.Certificate{"client": t.ClientTLS.Pair, "server": t.ServerTLS.Pair} {
			if pair != nil && pair.Leaf != nil {
				s.metrics.CertificateExpires(t.Name, leg, pair.Leaf.NotAfter)
			}
		}
	}
}

// swap changes the listeners and returns the sessions that are to be judged anew.
func (s *Server) swap(places map[policy.Endpoint]*place) (map[*session]struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining {
		return nil, errors.New("shutting down")
	}
	fresh, err := s.listen(places)
	if err != nil {
		return nil, err
	}
	for at, l := range s.listeners {
		if place := places[at]; place != nil {
			l.place.Store(place)
		} else {
			_ = l.Close()
			delete(s.listeners, at)
		}
	}
	for at, l := range fresh {
		l.place.Store(places[at])
		s.listeners[at] = l
		go s.accept(l)
	}
	return maps.Clone(s.sessions), nil
}

func placesOf(p *policy.Policy) (map[policy.Endpoint]*place, error) {
	places := map[policy.Endpoint]*place{}
	for _, t := range p.Targets {
		clientTLS, err := transport.ServerConfig(t.ClientTLS)
		if err != nil {
			return nil, fmt.Errorf("target %s: client_tls: %w", t.Name, err)
		}
		serverTLS, err := transport.ClientConfig(t.ServerTLS, hostOf(t.Upstream))
		if err != nil {
			return nil, fmt.Errorf("target %s: server_tls: %w", t.Name, err)
		}
		watches := watchesOf(t)
		for _, at := range t.Listen {
			places[at] = &place{policy: p, target: t, clientTLS: clientTLS, serverTLS: serverTLS, watches: watches}
		}
	}
	return places, nil
}

func hostOf(e policy.Endpoint) string {
	host, _, err := net.SplitHostPort(e.Address)
	if err != nil || e.Network != "tcp" {
		return ""
	}
	return host
}

// reload judges a running session by a new policy; at is nil where its listener is
// gone. A session that is still in its login is judged when that is over.
func (s *session) reload(at *place) {
	if at == nil {
		s.ending.End(&relay.Farewell{Code: wire.AdminShutdown, Message: "pgcordon: this target is no longer configured"})
		return
	}
	s.next.Store(at)
	if s.relaying.Load() {
		s.renew()
	}
}

// renew takes the newest policy over, and ends the session where it is refused or
// within a lockdown.
func (s *session) renew() {
	s.heedLockdown()
	at := s.next.Load()
	if at == nil {
		return
	}
	client := s.client
	client.Source = at.policy.Identify(s.facts)
	admission := at.policy.Admit(at.target, client)
	if !admission.Allowed {
		go func() { s.ending.End(s.refusal(admission, client.Source)) }() // waits for the disk
		return
	}
	rules := at.rules(client)
	if rules.ReadOnly() && !s.rules.Load().ReadOnly() {
		s.ending.End(readOnlyFarewell)
		return
	}
	s.rules.Store(rules)
}

// readOnlyFarewell is what a client is told whose session the policy now wants to be
// read-only, which a session must be from its beginning.
var readOnlyFarewell = &relay.Farewell{
	Code: wire.AdminShutdown, Message: "pgcordon: the policy now makes sessions like this one read-only; connect again",
}
