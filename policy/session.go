package policy

import (
	"github.com/pgcordon/pgcordon/identity"
)

// globs asks for one of several patterns; without any it asks nothing.
type globs []identity.Glob

func (g globs) match(s string) bool {
	for i := range g {
		if g[i].Match(s) {
			return true
		}
	}
	return len(g) == 0
}

// conditions are what a rule asks of a session. User and database names are
// compared as the startup packet has them: PostgreSQL folds neither.
type conditions struct {
	source, target, user, database, application globs
	replication                                 *bool
}

// reach tells whether the rule is about this way from a source to a target. A
// target goes by its name and by its environment.
func (c *conditions) reach(t *Target, m identity.Match) bool {
	return c.source.match(m.Environment) && (c.target.match(t.Name) || c.target.match(t.Environment))
}

// hold tells whether the session meets every condition.
func (c *conditions) hold(t *Target, client Client) bool {
	return c.reach(t, client.Source) &&
		c.user.match(client.User) &&
		c.database.match(client.Database) &&
		c.application.match(client.Application) &&
		(c.replication == nil || *c.replication == client.Replication)
}

// anyone tells whether nothing is asked beyond source and target.
func (c *conditions) anyone() bool {
	return len(c.user) == 0 && len(c.database) == 0 && len(c.application) == 0 && c.replication == nil
}

// sessionRule lets sessions in or keeps them out.
type sessionRule struct {
	name   string
	place  Place
	action action
	mode   Mode
	// readOnly is of an allow: what the session may do, see readonly.go.
	readOnly bool
	when     conditions
}

// matches tells whether the rule is about the session. A replication connection
// hands out whole databases, so no rule lets one in without saying the word.
func (r *sessionRule) matches(t *Target, c Client) bool {
	if c.Replication && r.action == allow && r.when.replication == nil {
		return false
	}
	return r.when.hold(t, c)
}

// Identify returns the environment that a client comes from.
func (p *Policy) Identify(f identity.Facts) identity.Match { return p.sources.Resolve(f) }

// Admit decides whether a client may open a session on a target. The first rule
// that matches decides; a rule in audit mode is noted and passed over. Where
// none matches, the source's environment must be the target's.
func (p *Policy) Admit(t *Target, c Client) Admission {
	return p.admit(t, c, func(r *sessionRule) bool { return r.matches(t, c) })
}

// MayAdmit decides on a CancelRequest, which names neither user nor database:
// it is admitted where some client of that source could be.
func (p *Policy) MayAdmit(t *Target, m identity.Match) Admission {
	return p.admit(t, Client{Source: m}, func(r *sessionRule) bool {
		return r.when.reach(t, m) && (r.action == allow || r.when.anyone())
	})
}

func (p *Policy) admit(t *Target, c Client, matches func(*sessionRule) bool) Admission {
	var noted *sessionRule
	for i := range p.sessions {
		rule := &p.sessions[i]
		switch {
		case !matches(rule):
		case rule.mode == Enforce:
			a := settle(t, c, rule.name, rule.action == allow, noted)
			a.ReadOnly = rule.readOnly
			return a
		case noted == nil:
			noted = rule
		}
	}
	rule, allowed := p.builtinAdmission(t, c)
	return settle(t, c, rule, allowed, noted)
}

// settle makes the Admission of the rule that decided and of the first
// rule in audit mode that would have refused, nil if there is none.
func settle(t *Target, c Client, rule string, allowed bool, noted *sessionRule) Admission {
	switch {
	case !allowed:
		audit := t.Mode == Audit
		return Admission{Allowed: audit, WouldDeny: audit, Rule: rule, Reason: admissionReason(t, c, rule, false)}
	case noted != nil:
		return Admission{Allowed: true, WouldDeny: true, Rule: noted.name, Reason: admissionReason(t, c, noted.name, false)}
	}
	return Admission{Allowed: true, Rule: rule, Reason: admissionReason(t, c, rule, true)}
}
