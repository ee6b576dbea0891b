package proxy

import (
	"cmp"
	"errors"
	"time"

	"github.com/pgcordon/pgcordon/audit"
	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/admin"
	"github.com/pgcordon/pgcordon/proxy/breakglass"
	"github.com/pgcordon/pgcordon/proxy/guard"
)

var errNoBreakGlass = errors.New("operators may not let statements through: the policy has no admin.break_glass")

// breakGlass returns what the policy in force says of operators.
func (s *Server) breakGlass() (policy.BreakGlass, error) {
	p := s.policy()
	if p == nil || p.Admin.BreakGlass == nil {
		return policy.BreakGlass{}, errNoBreakGlass
	}
	return *p.Admin.BreakGlass, nil
}

// Refusal implements admin.Operator.
func (s *Server) Refusal(id string) (admin.Refusal, error) {
	if _, err := s.breakGlass(); err != nil {
		return admin.Refusal{}, err
	}
	return s.approvals.Refusal(id)
}

// Approvals implements admin.Operator.
func (s *Server) Approvals() []admin.Approval { return s.approvals.Approvals() }

// Allow implements admin.Operator.
func (s *Server) Allow(order admin.Allow, by admin.Peer) (admin.Approval, error) {
	glass, err := s.breakGlass()
	if err := cmp.Or(err, checkReason(order.Reason)); err != nil {
		return admin.Approval{}, err
	}
	event := audit.NewID()
	a, err := s.approvals.Allow(order, by, glass, func(a admin.Approval) error {
		return s.recordApproval(audit.Event{Type: audit.AllowEvent, ID: event, Reason: order.Reason}, a, by)
	})
	a.Event = event
	return a, err
}

// Revoke implements admin.Operator.
func (s *Server) Revoke(order admin.Revoke, by admin.Peer) (admin.Approval, error) {
	if err := checkReason(order.Reason); err != nil {
		return admin.Approval{}, err
	}
	a, err := s.approvals.Revoke(order.ID)
	if err != nil {
		return a, err
	}
	a.Event = audit.NewID()
	err = s.recordApproval(audit.Event{Type: audit.RevokeEvent, ID: a.Event, Reason: order.Reason}, a, by)
	if err != nil { // it is revoked all the same
		s.log.Error("an operator's order could not be written to the audit log", "event_id", a.Event, "error", err)
	}
	return a, nil
}

// recordApproval writes an order about an approval to the audit log.
func (s *Server) recordApproval(e audit.Event, a admin.Approval, by admin.Peer) error {
	e.Time, e.Decision, e.Rule = time.Now(), audit.Allow, a.Rule
	e.Source.Environment, e.Target, e.User, e.Database = a.Source, s.targetOf(a.Target), a.User, a.Database
	e.Operator = &audit.Operator{UID: by.UID, PID: by.PID}
	e.Approval = &audit.Approval{ID: a.ID, Once: a.Once, Until: a.Until, Lacks: a.Lacks}
	for _, c := range a.By {
		e.Approval.By = append(e.Approval.By, audit.Consent{Operator: audit.Operator{UID: c.UID, PID: c.PID}, Reason: c.Reason})
	}
	s.log.Warn(e.Type+" by an operator", "event_id", e.ID, "refusal", a.ID, "source", a.Source, "target", a.Target, "user", a.User,
		"uid", by.UID, "pid", by.PID, "reason", e.Reason, "until", a.Until, "lacks", a.Lacks)
	return s.audit.RecordDurable(e)
}

// who is what an approval is given for, as the policy in force has it.
func (s *session) who() breakglass.Session {
	at := s.inForce()
	return breakglass.Session{
		Target: at.target.Name, Source: at.policy.Identify(s.facts).Environment, User: s.client.User, Database: s.client.Database,
	}
}

// Covers implements guard.Approvals.
func (s *session) Covers(f guard.Fingerprint) bool { return s.server.approvals.Covers(s.who(), f) }

// Take implements guard.Approvals.
func (s *session) Take(f guard.Fingerprint) *guard.Approval {
	return s.server.approvals.Take(s.who(), f)
}

// remember keeps a refused statement for operators, before its client reads the id.
func (s *session) remember(e *guard.Event) {
	if e.Appeal == nil {
		return
	}
	who := s.who()
	s.server.approvals.Refused(&breakglass.Statement{
		Fingerprint: e.Appeal.Fingerprint,
		Refusal: admin.Refusal{
			ID: e.ID, Source: who.Source, User: who.User, Database: who.Database, Target: who.Target,
			Rule: e.Decision.Rule, Reason: e.Decision.Reason, SQL: e.SQL, Values: e.Appeal.Values, Barred: e.Appeal.Barred,
		},
	})
}

func consents(a *guard.Approval) (all []audit.Consent) {
	for _, c := range a.By {
		all = append(all, audit.Consent{Operator: audit.Operator{UID: c.UID, PID: c.PID}, Reason: c.Reason})
	}
	return all
}
