package proxy

import (
	"time"

	"github.com/pgcordon/pgcordon/audit"
	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/admin"
)

// watch implements guard.Config.Watch.
func (s *session) watch(signs *policy.Signs) (event string, trip *policy.Trip) {
	event = audit.NewID()
	trip = s.count(policy.Deed{Event: event, Signs: signs})
	if trip != nil && trip.Audit {
		go s.server.openIncident(trip)
		return event, nil
	}
	return event, trip
}

// count counts a deed of the session for the tripwires in force.
func (s *session) count(deed policy.Deed) *policy.Trip {
	at := s.inForce()
	if len(at.policy.Tripwires) == 0 {
		return nil
	}
	client := s.client
	client.Source = at.policy.Identify(s.facts)
	deed.Actor = policy.Actor{
		Session: s.id, Address: addressOf(s.facts), User: client.User, Database: client.Database, Application: client.Application,
	}
	between := policy.Between{Source: client.Source.Environment, Target: at.target.Name}
	return s.server.tripwires.Count(between, at.policy.TripwiresOf(at.target, client), at.target.Mode == policy.Audit, &deed)
}

// openIncident opens the incident of a trip, once: the source is locked out, and people are told.
// It waits for the disk.
func (s *Server) openIncident(t *policy.Trip) {
	if t == nil || !t.Open() {
		return
	}
	e := audit.Event{
		Time: t.Time, Type: audit.IncidentEvent, ID: t.Incident, Decision: audit.WouldDeny, Rule: t.Tripwire, Reason: t.Reason,
		Source: audit.Source{Environment: t.Source}, Target: s.targetOf(t.Target), Causes: causesOf(t),
	}
	log := s.log.With("event_id", e.ID, "tripwire", t.Tripwire, "source", t.Source, "target", t.Target)
	if !t.Audit {
		e.Decision = audit.Deny
		e.Until, e.Ended = s.quarantine(t)
		log = log.With("ended", e.Ended, "until", untilText(e.Until), "lift", releaseCommand(admin.Scope{Source: t.Source, Target: t.Target}))
	}
	s.metrics.IncidentOpened(t.Target, t.Tripwire, t.Source, !t.Audit)
	log.Error("incident", "decision", e.Decision, "reason", t.Reason)
	if err := s.audit.RecordDurable(e); err != nil {
		log.Error("an incident could not be written to the audit log", "error", err)
	}
}

func untilText(until time.Time) string {
	if until.IsZero() {
		return "released"
	}
	return until.Format(time.RFC3339)
}

func causesOf(t *policy.Trip) (all []audit.Cause) {
	for _, c := range t.Causes {
		decision := audit.Allow
		if c.Refused {
			decision = audit.Deny
		}
		all = append(all, audit.Cause{
			Time: c.Time.UTC().Truncate(time.Microsecond), Event: c.Event, Session: c.Session, Decision: decision, Address: c.Address,
			User: c.User, Database: c.Database, Application: c.Application, Relations: c.Tables,
		})
	}
	return all
}
