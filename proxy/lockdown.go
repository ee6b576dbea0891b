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
	ended, err := s.impose(l)
	done := admin.Effect{Event: l.Event, Ended: ended, Warning: warningOf("it is in force, but a restart lifts it", err)}
	s.recordOrder(audit.Event{Type: audit.LockdownEvent, ID: l.Event, Reason: l.Reason, Ended: int64(done.Ended)}, l.Scope, by)
	return done, nil
}

// impose puts a lockdown in force and ends the sessions in its scope. The error says why
// it does not survive a restart.
func (s *Server) impose(l admin.Lockdown) (ended int, err error) {
	err = s.lockdowns.put(l)
	// Whoever is not seen here looks at the lockdowns when its startup is complete.
	for _, ses := range s.live() {
		if ses.relaying.Load() && ses.within(l.Scope) && ses.ending.End(endedBy(&l)) {
			ended++
		}
	}
	return ended, err
}

// reportLockdowns tells the metrics what is in force.
func (s *Server) reportLockdowns(all []admin.Lockdown) {
	quarantines := 0
	for i := range all {
		if all[i].Tripwire != "" {
			quarantines++
		}
	}
	s.metrics.LockedDown(len(all), quarantines)
}

// Release implements admin.Operator.
func (s *Server) Release(o admin.Order, by admin.Peer) (admin.Effect, error) {
	if err := checkReason(o.Reason); err != nil {
		return admin.Effect{}, err
	}
	lifted, err := s.lockdowns.lift(func(l *admin.Lockdown) bool { return l.Scope == o.Scope })
	if len(lifted) == 0 {
		return admin.Effect{}, fmt.Errorf("%w lockdown: there is none of %s; %s", admin.ErrUnknown, scopeText(o.Scope), inForceText(s.lockdowns.all()))
	}
	s.tripwires.Forget(policy.Between{Source: o.Source, Target: o.Target})
	done := admin.Effect{Event: audit.NewID(), Warning: warningOf("it is lifted, but a restart brings it back", err)}
	s.recordOrder(audit.Event{Type: audit.ReleaseEvent, ID: done.Event, Reason: o.Reason}, o.Scope, by)
	return done, nil
}

func warningOf(what string, err error) string {
	if err == nil {
		return ""
	}
	return what + ": " + err.Error()
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
	return s.server.lockdowns.find(s.within, time.Now())
}

// lockedOut refuses a session that begins within a lockdown; nil where there is none.
func (s *session) lockedOut() *relay.Farewell {
	l := s.lockdown()
	if l == nil {
		return nil
	}
	rule := lockdownRule
	if l.Tripwire != "" {
		rule = quarantineRule
	}
	f := s.refusal(policy.Admission{Rule: rule, Reason: lockdownReason(l)}, s.client.Source)
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
	what := "lockdown, event "
	if l.Tripwire != "" {
		what = "quarantine, incident "
	}
	return &relay.Farewell{
		Code: wire.InvalidAuthorization, Message: "pgcordon ended the session: " + what + l.Event,
		Detail: lockdownReason(l), Hint: lockdownHint(l),
	}
}

func lockdownReason(l *admin.Lockdown) string {
	since := l.Since.Format(time.RFC3339)
	if l.Tripwire != "" {
		return fmt.Sprintf("Quarantine of %s since %s, incident %s: tripwire %s: %s", scopeText(l.Scope), since, l.Event, l.Tripwire, l.Reason)
	}
	return fmt.Sprintf("Lockdown of %s since %s: %s", scopeText(l.Scope), since, l.Reason)
}

func lockdownHint(l *admin.Lockdown) string {
	hint := "An operator lifts it with: " + releaseCommand(l.Scope)
	if !l.Until.IsZero() {
		hint = "It ends at " + l.Until.Format(time.RFC3339) + ". " + hint
	}
	return hint
}

// inForceText tells whoever wants to lift a lockdown how those in force are lifted.
func inForceText(all []admin.Lockdown) string {
	if len(all) == 0 {
		return "nothing is locked down"
	}
	var ways []string
	for i := range all {
		ways = append(ways, releaseCommand(all[i].Scope))
	}
	return "what is in force is lifted with: " + strings.Join(ways, ", or ")
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

// releaseCommand is what an operator types to lift the lockdown of a scope.
func releaseCommand(scope admin.Scope) string {
	command := "pgcordon release"
	if scope.Source != "" {
		command += " --source " + scope.Source
	}
	if scope.Target != "" {
		command += " --target " + scope.Target
	}
	return command
}
