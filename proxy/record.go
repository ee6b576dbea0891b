package proxy

import (
	"cmp"
	"errors"
	"log/slog"
	"time"

	"github.com/pgcordon/pgcordon/audit"
	"github.com/pgcordon/pgcordon/identity"
	"github.com/pgcordon/pgcordon/metrics"
	"github.com/pgcordon/pgcordon/parser"
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

func (s *session) statementRefused(e *guard.Event) {
	s.refused.Add(1)
	entry := s.statement(audit.StatementRefused, e)
	entry.ID, entry.Decision = e.ID, audit.Deny
	s.remember(e)
	s.durable(entry)
	s.metrics.StatementRefused(e.Decision.Rule, metrics.Deny)
	s.log().Warn("statement refused", "event_id", e.ID, "rule", e.Decision.Rule, "reason", e.Decision.Reason)
	trip := e.Decision.Trip
	if trip == nil {
		trip = s.count(policy.Deed{Event: e.ID, Signs: e.Decision.Signs, Refused: true})
	}
	s.server.openIncident(trip)
}

// statementRan records a statement that was let through for audit's sake: with what
// the server answered.
func (s *session) statementRan(e *guard.Event, wait bool) bool {
	entry := s.statement(audit.StatementEvent, e)
	entry.ID, entry.Decision = cmp.Or(e.ID, entry.ID), audit.Allow
	if e.Decision.WouldDeny {
		entry.Decision = audit.WouldDeny
	}
	if e.Approval != nil {
		entry.Approval = &audit.Approval{ID: e.Approval.ID, By: consents(e.Approval)}
	}
	if e.Rows >= 0 {
		entry.Rows = &e.Rows
	}
	if !e.Start.IsZero() {
		entry.Time, entry.Duration = e.Start, time.Since(e.Start)
	}
	if !s.putStatement(entry, e, wait) {
		return false
	}
	if e.Decision.WouldDeny {
		s.metrics.StatementRefused(e.Decision.Rule, metrics.WouldDeny)
		if s.place.target.Mode == policy.Audit {
			s.counted(policy.Deed{Event: entry.ID, WouldDeny: true})
		}
	}
	if e.Approval != nil {
		s.metrics.StatementOverridden(e.Decision.Rule)
	}
	return true
}

// counted counts a deed where nothing may wait.
func (s *session) counted(deed policy.Deed) {
	if trip := s.count(deed); trip != nil {
		go s.server.openIncident(trip)
	}
}

func (s *session) statement(kind string, e *guard.Event) audit.Event {
	entry := s.event(kind)
	entry.Rule, entry.Reason, entry.SQLSTATE = e.Decision.Rule, e.Decision.Reason, e.SQLSTATE
	entry.Effects = e.Summary.Effects.Names()
	entry.Relations, entry.Breadth = relationsOf(e.Summary)
	entry.Reaches = reachesOf(e.Decision)
	entry.JudgedBy = e.Summary.JudgedBy()
	switch s.place.policy.Audit.SQL {
	case "full":
		entry.SQL = e.SQL
	case "redacted":
		entry.SQL = parser.Redact(e.SQL, false)
	}
	return entry
}

func reachesOf(d policy.Decision) []audit.Reach {
	var all []audit.Reach
	for _, r := range d.Reaches {
		reach := audit.Reach{Relation: r.Relation}
		if r.Rows >= 0 {
			reach.Rows = &r.Rows
		}
		all = append(all, reach)
	}
	return all
}

// relationsOf returns the relations that a string touches and the widest breadth of
// its predicates.
func relationsOf(s *parser.Summary) (names []string, widest string) {
	seen := map[string]bool{}
	breadth := parser.NotApplicable
	for i := range s.Statements {
		for _, act := range s.Statements[i].Acts {
			if name := act.Relation.String(); name != "" && !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
			if act.Breadth != parser.NotApplicable && (breadth == parser.NotApplicable || act.Breadth < breadth) {
				breadth = act.Breadth
			}
		}
	}
	return names, breadth.String()
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

// outcome names the end of a relayed session in metrics.
func (s *session) outcome(err error) string {
	var e *Error
	_, over := s.ending.Over()
	switch {
	case s.cause != "":
		return "not_read_only"
	case over:
		return "ended"
	case errors.As(err, &e):
		return string(e.Kind)
	}
	return "closed"
}

// Moved implements relay.Observer.
func (s *session) Moved(fromClient, fromServer int) {
	if fromClient > 0 {
		s.bytes.client.Add(int64(fromClient))
		s.metrics.FromClient(fromClient)
	}
	if fromServer > 0 {
		s.bytes.server.Add(int64(fromServer))
		s.metrics.FromServer(fromServer)
	}
}

// Spent implements relay.Observer.
func (s *session) Spent(d time.Duration) { s.metrics.Judged(d) }

// Passed implements guard.Observer.
func (s *session) Passed() {
	s.judged.Add(1)
	s.metrics.Statement(0, metrics.Allow)
}

// Judged implements guard.Observer.
func (s *session) Judged(effects parser.EffectSet, d policy.Decision) {
	s.judged.Add(1)
	decision := metrics.Allow
	switch {
	case d.Deny:
		decision = metrics.Deny
	case d.WouldDeny:
		decision = metrics.WouldDeny
	case d.Record:
		decision = metrics.Record
	}
	s.metrics.Statement(uint32(effects), decision)
}

// Working implements guard.Observer.
func (s *session) Working(w guard.Work) {
	switch w {
	case guard.Active:
		s.working.Store(time.Now().UnixMilli())
	case guard.IdleInTransaction:
		s.working.Store(-s.working.Load())
	default:
		s.working.Store(0)
	}
}

// log returns a logger that names the session.
func (s *session) log() *slog.Logger {
	return s.server.log.With(
		"session_id", s.id, "target", s.place.target.Name, "source", s.client.Source.Environment,
		"address", addressOf(s.facts), "user", s.client.User, "database", s.client.Database,
	)
}
