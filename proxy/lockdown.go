package proxy

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pgcordon/pgcordon/audit"
	"github.com/pgcordon/pgcordon/identity"
	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/admin"
	"github.com/pgcordon/pgcordon/proxy/relay"
	"github.com/pgcordon/pgcordon/proxy/wire"
)

// lockdownRule names a lockdown where a rule would stand.
const lockdownRule = "builtin/lockdown"

// Lockdowns implements admin.Operator.
func (s *Server) Lockdowns() []admin.Lockdown { return s.lockdowns.all() }

// LockDown implements admin.Operator.
func (s *Server) LockDown(o admin.Order, by admin.Peer) (admin.Effect, error) {
	if o.Reason == "" {
		return admin.Effect{}, errors.New("a lockdown needs a reason: those that it turns away read it")
	}
	if err := cmp.Or(checkReason(o.Reason), s.checkScope(o.Scope)); err != nil {
		return admin.Effect{}, err
	}
	l := admin.Lockdown{Scope: o.Scope, Since: time.Now().UTC(), Reason: o.Reason, Event: audit.NewID(), By: by}
	done := admin.Effect{Event: l.Event, Warning: warningOf(s.lockdowns.put(l))}
	// Whoever is not seen here looks at the lockdowns when its startup is complete.
	for _, ses := range s.live() {
		if ses.relaying.Load() && ses.within(l.Scope) {
			ses.ending.End(endedBy(&l))
			done.Ended++
		}
	}
	s.recordOrder(audit.Event{Type: audit.LockdownEvent, ID: l.Event, Reason: l.Reason, Ended: int64(done.Ended)}, l.Scope, by)
	return done, nil
}

// Release implements admin.Operator.
func (s *Server) Release(o admin.Order, by admin.Peer) (admin.Effect, error) {
	if err := checkReason(o.Reason); err != nil {
		return admin.Effect{}, err
	}
	found, err := s.lockdowns.remove(o.Scope)
	if !found {
		return admin.Effect{}, fmt.Errorf("%w lockdown: there is none of %s", admin.ErrUnknown, scopeText(o.Scope))
	}
	done := admin.Effect{Event: audit.NewID(), Warning: warningOf(err)}
	s.recordOrder(audit.Event{Type: audit.ReleaseEvent, ID: done.Event, Reason: o.Reason}, o.Scope, by)
	return done, nil
}

func warningOf(err error) string {
	if err == nil {
		return ""
	}
	return "it is in force, but a restart undoes it: " + err.Error()
}

// checkScope refuses what no session can be in: a misspelt name would lock nobody out.
func (s *Server) checkScope(scope admin.Scope) error {
	p := s.policy()
	if p == nil { // draining: nobody comes any more
		return nil
	}
	sources, targets := append(p.Environments(), identity.Unknown), []string{}
	for _, t := range p.Targets {
		targets = append(targets, t.Name, t.Environment)
	}
	return cmp.Or(knownAs("source environment", scope.Source, sources), knownAs("target", scope.Target, targets))
}

func knownAs(what, name string, names []string) error {
	if name == "" || slices.Contains(names, name) {
		return nil
	}
	slices.Sort(names)
	return fmt.Errorf("%w %s %q: the policy has %s", admin.ErrUnknown, what, name, strings.Join(slices.Compact(names), ", "))
}

// policy returns the one in force; nil where the server does not listen.
func (s *Server) policy() *policy.Policy {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.listeners {
		return l.place.Load().policy
	}
	return nil
}

// lockdown returns one that the session is in, nil if there is none.
func (s *session) lockdown() *admin.Lockdown {
	return s.server.lockdowns.find(s.within)
}

// lockedOut refuses a session that begins within a lockdown; nil where there is none.
func (s *session) lockedOut() *relay.Farewell {
	l := s.lockdown()
	if l == nil {
		return nil
	}
	f := s.refusal(policy.Admission{Rule: lockdownRule, Reason: lockdownReason(l)}, s.client.Source)
	f.Hint = lockdownHint(l)
	return f
}

// heedLockdown ends a live session that is within a lockdown.
func (s *session) heedLockdown() {
	if l := s.lockdown(); l != nil {
		s.ending.End(endedBy(l))
	}
}

// endedBy is what the client of a live session is told.
func endedBy(l *admin.Lockdown) *relay.Farewell {
	return &relay.Farewell{
		Code: wire.InvalidAuthorization, Message: "pgcordon ended the session: lockdown, event " + l.Event,
		Detail: lockdownReason(l), Hint: lockdownHint(l),
	}
}

func lockdownReason(l *admin.Lockdown) string {
	return fmt.Sprintf("Lockdown of %s since %s: %s", scopeText(l.Scope), l.Since.Format(time.RFC3339), l.Reason)
}

func lockdownHint(l *admin.Lockdown) string {
	return "An operator lifts it with: pgcordon release" + scopeFlags(l.Scope)
}

func scopeText(scope admin.Scope) string {
	switch {
	case scope.Source != "" && scope.Target != "":
		return "source " + scope.Source + " at target " + scope.Target
	case scope.Source != "":
		return "source " + scope.Source
	case scope.Target != "":
		return "target " + scope.Target
	}
	return "everybody"
}

func scopeFlags(scope admin.Scope) (flags string) {
	if scope.Source != "" {
		flags += " --source " + scope.Source
	}
	if scope.Target != "" {
		flags += " --target " + scope.Target
	}
	return flags
}
