package proxy

import (
	"cmp"
	"time"

	"github.com/pgcordon/pgcordon/audit"
	"github.com/pgcordon/pgcordon/metrics"
	"github.com/pgcordon/pgcordon/parser"
	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/guard"
)

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
