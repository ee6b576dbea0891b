package proxy

import (
	"cmp"
	"log/slog"
	"time"

	"github.com/pgcordon/pgcordon/audit"
	"github.com/pgcordon/pgcordon/identity"
	"github.com/pgcordon/pgcordon/metrics"
	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/guard"
	"github.com/pgcordon/pgcordon/proxy/wire"
)

// event returns an audit event of this session.
func (s *session) event(kind string) audit.Event {
	t := s.place.target
	return audit.Event{
		Time: time.Now(), Type: kind, ID: audit.NewID(), Session: s.id,
		Source: audit.Source{
			Environment: s.client.Source.Environment, Rule: s.client.Source.Rule, Fact: s.client.Source.Fact,
			Address: addressOf(s.facts), Balancer: balancerOf(s.facts), Certificate: nameOf(s.facts.Certificate),
		},
		Target: audit.Target{Name: t.Name, Environment: t.Environment},
		User:   s.client.User, Database: s.client.Database, Application: s.client.Application,
	}
}

func addressOf(f identity.Facts) string {
	if f.Unix {
		return "unix"
	}
	return f.Address.String()
}

func balancerOf(f identity.Facts) string {
	if !f.Balancer.IsValid() {
		return ""
	}
	return f.Balancer.String()
}

func nameOf(c *identity.Certificate) string {
	if c == nil {
		return ""
	}
	return "CN=" + c.CommonName + " serial=" + c.Serial
}

// durable records a refusal, before its client hears of it. Where that fails the
// refusal stands all the same.
func (s *session) durable(e audit.Event) {
	if err := s.server.audit.RecordDurable(e); err != nil {
		s.log().Error("a refusal could not be written to the audit log", "event_id", e.ID, "rule", e.Rule, "error", err)
	}
}

// recordRefusal records a refused session and returns the event's id.
func (s *session) recordRefusal(a policy.Admission, source identity.Match) string {
	e := s.event(audit.SessionRefused)
	e.Source.Environment, e.Source.Rule, e.Source.Fact = source.Environment, source.Rule, source.Fact
	e.Decision, e.Rule, e.Reason, e.SQLSTATE = audit.Deny, a.Rule, a.Reason, wire.InvalidAuthorization
	s.durable(e)
	s.metrics.Refused(a.Rule, metrics.Deny)
	s.log().Warn("session refused", "event_id", e.ID, "rule", a.Rule, "reason", a.Reason)
	return e.ID
}

func (s *session) recordCancel(outcome string, a policy.Admission) {
	e := s.event(audit.CancelEvent)
	e.Decision, e.Rule, e.Reason = audit.Allow, a.Rule, outcome
	if !a.Allowed {
		e.Decision = audit.Deny
	}
	s.server.metrics.CancelRequested(s.place.target.Name, outcome)
	s.server.audit.Record(e)
}

// Begin implements relay.Observer.
func (s *session) Begin(e *guard.Event) { e.Start = time.Now() }

// Finish implements relay.Observer.
func (s *session) Finish(e *guard.Event, wait bool) bool {
	switch e.Kind {
	case guard.Refused:
		if wait {
			s.statementRefused(e)
		}
		return wait
	case guard.Executed:
		return s.statementRan(e, wait)
	case guard.TransactionEnded:
		return s.put(s.transactionEnded(e.Ending), wait)
	case guard.AuthFailed:
		return s.loginFailed(e, wait)
	case guard.NotReadOnly:
		s.cause = e.Message
		s.log().Warn("session ended", "reason", e.Message)
		return true
	}
	return s.loginAccepted(e, wait)
}

// put records an event that need not be on disk before anybody goes on.
func (s *session) put(e audit.Event, wait bool) bool {
	if !wait {
		return s.server.audit.TryRecord(e)
	}
	s.server.audit.Record(e)
	return true
}

func (s *session) loginFailed(e *guard.Event, wait bool) bool {
	entry := s.event(audit.AuthFailure)
	entry.SQLSTATE, entry.Reason = e.SQLSTATE, e.Message
	if !s.put(entry, wait) {
		return false
	}
	s.metrics.AuthFailed(e.SQLSTATE)
	s.log().Warn("login failed", "sqlstate", e.SQLSTATE, "message", e.Message)
	return true
}

func (s *session) loginAccepted(e *guard.Event, wait bool) bool {
	entry, admission := s.event(audit.SessionStart), s.login.admission
	entry.Decision, entry.Rule, entry.Reason = audit.Allow, admission.Rule, admission.Reason
	entry.ReadOnly, entry.ServerPID = s.rules.Load().ReadOnly(), e.PID
	if admission.WouldDeny {
		entry.Decision = audit.WouldDeny
	}
	if !s.put(entry, wait) {
		return false
	}
	if admission.WouldDeny {
		s.metrics.Refused(admission.Rule, metrics.WouldDeny)
	}
	s.login.timer.Stop()
	s.login = nil // an idle session is to be small
	s.backend.Store(cmp.Or(e.PID, unknownBackend))
	s.server.inLogin.Add(-1)
	s.server.logins.Add(1)
	s.counted(policy.Deed{Event: entry.ID, LoggedIn: true})
	return true
}

// recordEnd records how a session ended; false where it would have to wait and must not.
func (s *session) recordEnd(err error, wait bool) bool {
	kind := kindOf(err)
	if err != nil && kind != KindProbe {
		s.log().Info("session failed", "kind", string(kind), "error", err)
	}
	if !s.loggedIn() {
		if err != nil {
			s.server.metrics.StartupFailed(s.place.target.Name, string(kind))
		}
		return true
	}
	entry := s.event(audit.SessionEnd)
	entry.Duration = time.Since(s.began)
	entry.Statements, entry.Refused = s.judged.Load(), s.refused.Load()
	entry.BytesIn, entry.BytesOut = s.bytes.client.Load(), s.bytes.server.Load()
	entry.Reason = s.cause
	if err != nil {
		entry.Reason = err.Error()
	}
	if f, _ := s.ending.Over(); f != nil { // the cause, whatever its end looked like
		entry.Reason = f.Message
	}
	return s.put(entry, wait)
}

// log returns a logger that names the session.
func (s *session) log() *slog.Logger {
	return s.server.log.With(
		"session_id", s.id, "target", s.place.target.Name, "source", s.client.Source.Environment,
		"address", addressOf(s.facts), "user", s.client.User, "database", s.client.Database,
	)
}
