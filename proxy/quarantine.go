package proxy

import (
	"fmt"
	"time"

	"github.com/pgcordon/pgcordon/audit"
	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/admin"
)

// quarantineRule names a quarantine where a rule would stand.
const quarantineRule = "builtin/quarantine"

// quarantine locks a source out of a target because of a trip, and returns until when,
// the zero time for until it is released, and how many sessions that ended. The
// tripwire itself goes on refusing until the quarantine is over.
func (s *Server) quarantine(t *policy.Trip) (until time.Time, ended int64) {
	l := admin.Lockdown{
		Scope: admin.Scope{Source: t.Source, Target: t.Target}, Since: t.Time.UTC(), Reason: t.Reason,
		Event: t.Incident, Tripwire: t.Tripwire, By: admin.Peer{UID: -1},
	}
	if t.Quarantine > 0 {
		l.Until = l.Since.Add(t.Quarantine)
	}
	n, err := s.impose(l)
	if err != nil {
		s.log.Warn("a quarantine is in force, but a restart lifts it", "event_id", t.Incident, "error", err)
	}
	s.liftLater(l)
	return l.Until, int64(n)
}

// liftLater lifts a quarantine when its time is over, also where the clock is set back
// meanwhile.
func (s *Server) liftLater(l admin.Lockdown) {
	if l.Until.IsZero() {
		return
	}
	time.AfterFunc(time.Until(l.Until), func() {
		if s.liftEnded(); !l.Over(time.Now()) {
			s.liftLater(l)
		}
	})
}

// liftEnded lifts what has come to its end.
func (s *Server) liftEnded() {
	now := time.Now()
	lifted, err := s.lockdowns.lift(func(l *admin.Lockdown) bool { return l.Over(now) })
	for i := range lifted {
		s.lifted(&lifted[i], err)
	}
}

// lifted tells that a quarantine has come to its end.
func (s *Server) lifted(l *admin.Lockdown, unsaved error) {
	s.tripwires.Forget(policy.Between{Source: l.Source, Target: l.Target})
	e := audit.Event{
		Time: time.Now(), Type: audit.ReleaseEvent, ID: audit.NewID(), Decision: audit.Allow, Rule: l.Tripwire,
		Reason: fmt.Sprintf("the quarantine of incident %s has come to its end", l.Event),
		Source: audit.Source{Environment: l.Source}, Target: s.targetOf(l.Target),
	}
	log := s.log.With("event_id", e.ID, "incident", l.Event, "source", l.Source, "target", l.Target)
	log.Warn("quarantine over")
	if unsaved != nil {
		log.Warn("the end of a quarantine could not be saved", "error", unsaved)
	}
	s.audit.Record(e)
}
