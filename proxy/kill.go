package proxy

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/pgcordon/pgcordon/audit"
	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/admin"
	"github.com/pgcordon/pgcordon/proxy/relay"
	"github.com/pgcordon/pgcordon/proxy/wire"
)

var _ admin.Operator = (*Server)(nil)

// Sessions implements admin.Operator.
func (s *Server) Sessions() []admin.Session {
	all := []admin.Session{}
	for _, ses := range s.live() {
		all = append(all, ses.describe())
	}
	slices.SortFunc(all, func(a, b admin.Session) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.ID, b.ID))
	})
	return all
}

// live returns the sessions that are open.
func (s *Server) live() []*session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.sessions))
}

// describe tells of a session. What its startup finds out is not to be looked at before
// it is complete.
func (s *session) describe() admin.Session {
	d := admin.Session{ID: s.id, Since: s.began, Target: s.place.target.Name, State: admin.Login}
	if !s.relaying.Load() {
		return d
	}
	d.Source, d.Address = s.inForce().policy.Identify(s.facts).Environment, addressOf(s.facts)
	d.User, d.Database, d.Application = s.client.User, s.client.Database, s.client.Application
	d.ReadOnly = s.rules.Load().ReadOnly()
	d.Statements, d.Refused = s.judged.Load(), s.refused.Load()
	if pid := s.backend.Load(); pid != unknownBackend {
		d.ServerPID = pid
	}
	d.State, d.QueryStart = s.state()
	return d
}

// state returns what the session is at, and since when where that matters.
func (s *session) state() (state string, since time.Time) {
	_, over := s.ending.Over()
	at := s.working.Load()
	switch {
	case over:
		return admin.Ending, time.Time{}
	case !s.loggedIn():
		return admin.Login, time.Time{}
	case at > 0:
		return admin.Active, time.UnixMilli(at)
	case at < 0:
		return admin.IdleInTransaction, time.UnixMilli(-at)
	}
	return admin.Idle, time.Time{}
}

// inForce returns the place by which the session is judged now.
func (s *session) inForce() *place {
	if at := s.next.Load(); at != nil {
		return at
	}
	return s.place
}

// within tells whether a session whose startup is over is in a scope.
func (s *session) within(scope admin.Scope) bool {
	at := s.inForce()
	return (scope.Source == "" || scope.Source == at.policy.Identify(s.facts).Environment) &&
		(scope.Target == "" || scope.Target == at.target.Name || scope.Target == at.target.Environment)
}

// Kill implements admin.Operator.
func (s *Server) Kill(k admin.Kill, by admin.Peer) (admin.Killed, error) {
	if err := cmp.Or(checkKill(k), checkReason(k.Reason), s.checkScope(k.Scope)); err != nil {
		return admin.Killed{}, err
	}
	done := admin.Killed{Event: audit.NewID(), Unknown: slices.Clone(k.IDs)}
	farewell := &relay.Farewell{
		Code: wire.AdminShutdown, Message: "pgcordon: an operator ended the session, event " + done.Event, Detail: k.Reason,
	}
	for _, ses := range s.live() {
		if !ses.meant(k) {
			continue
		}
		if ses.ending.End(farewell) {
			done.Ended++
		}
		done.Unknown = slices.DeleteFunc(done.Unknown, func(id string) bool { return id == ses.id })
	}
	s.recordOrder(audit.Event{
		Type: audit.KillEvent, ID: done.Event, Reason: k.Reason, User: k.User, Ended: int64(done.Ended),
	}, k.Scope, by)
	return done, nil
}

func checkKill(k admin.Kill) error {
	conditions := k.Scope != admin.Scope{} || k.User != ""
	switch {
	case len(k.IDs) > 0 && conditions:
		return errors.New("name sessions or conditions, not both")
	case len(k.IDs) == 0 && !conditions:
		return errors.New("name the sessions to end, or a source, a user or a target")
	}
	return nil
}

// longestReason is in bytes. A reason goes into error messages.
const longestReason = 500

func checkReason(reason string) error {
	if len(reason) > longestReason {
		return fmt.Errorf("the reason has more than %d bytes", longestReason)
	}
	for _, r := range reason {
		if r < ' ' {
			return errors.New("the reason has a line break or another control character")
		}
	}
	return nil
}

// meant tells whether a session is among those to end. One that is still in its startup
// can be named only by its id: nobody knows yet who it is.
func (s *session) meant(k admin.Kill) bool {
	if len(k.IDs) > 0 {
		return slices.Contains(k.IDs, s.id)
	}
	return s.relaying.Load() && s.within(k.Scope) && (k.User == "" || k.User == s.client.User)
}

// recordOrder writes what an operator did to the audit log, after the fact: nothing
// urgent waits for a disk.
func (s *Server) recordOrder(e audit.Event, scope admin.Scope, by admin.Peer) {
	e.Time, e.Decision = time.Now(), audit.Allow
	e.Source.Environment, e.Target = scope.Source, s.targetOf(scope.Target)
	e.Operator = &audit.Operator{UID: by.UID, PID: by.PID}
	log := s.log.With("event_id", e.ID, "source", scope.Source, "target", scope.Target, "uid", by.UID, "pid", by.PID)
	log.Warn(e.Type+" by an operator", "user", e.User, "reason", e.Reason, "ended", e.Ended)
	if err := s.audit.RecordDurable(e); err != nil {
		log.Error("an operator's order could not be written to the audit log", "error", err)
	}
}

// targetOf tells the audit log of the target of an order, which is named by its name or
// its environment.
func (s *Server) targetOf(name string) audit.Target {
	p := s.policy()
	if name == "" || p == nil {
		return audit.Target{Name: name}
	}
	if t := p.Target(name); t != nil {
		return audit.Target{Name: t.Name, Environment: t.Environment}
	}
	if slices.ContainsFunc(p.Targets, func(t *policy.Target) bool { return t.Environment == name }) {
		return audit.Target{Environment: name}
	}
	return audit.Target{Name: name} // a reload has taken it away
}
