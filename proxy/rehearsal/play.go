package rehearsal

import (
	"cmp"
	"fmt"

	"github.com/pgcordon/pgcordon/policy"
)

// Result is what came of a test.
type Result struct {
	Failures  []Failure
	Decisions int // how many were compared
	// Denied are the rules that were seen to deny, or to in audit mode.
	Denied []policy.RuleName
}

// Failure is a decision that is not the expected one.
type Failure struct {
	Place     policy.Place // in the file of tests
	What      string       // the SQL, or "source" or "login"
	Want, Got string
	Reason    string // why it was decided so; may be empty
}

// Play runs a test of a policy. The test has come from policy.LoadTests with the
// same policy.
func Play(p *policy.Policy, t *policy.Test) *Result {
	r := &Result{}
	target := p.Targets[0]
	if t.Target != "" {
		target = p.Target(t.Target)
	}
	start, err := startupOf(t)
	if err != nil {
		r.fail(t.Place, "login", t.Login.String(), "error "+err.Error(), "the startup packet cannot be read")
		return r
	}
	client := policy.Client{
		Source: p.Identify(t.Source.Facts), User: start.User, Database: start.Database,
		Application: start.Application, Replication: start.Replication,
	}
	if !t.Source.Given() {
		client.Source.Environment = t.Source.Environment
	}
	r.source(t, client)
	if r.login(t, p.Admit(target, client)) {
		s := newSession(p, target, client, start.Settings)
		for i := range t.Steps {
			r.step(s, &t.Steps[i])
		}
	}
	return r
}

// Judge decides on one query string as a session that begins with it does. Where there
// are parameters they are sent with it, as text. Allowances are unused.
func Judge(p *policy.Policy, t *policy.Target, c policy.Client, sql string, parameters []*string) policy.Decision {
	d, _ := newSession(p, t, c, nil).run(sql, parameters)
	return d
}

func (r *Result) fail(at policy.Place, what, want, got, reason string) {
	r.Failures = append(r.Failures, Failure{at, what, want, got, reason})
}

// source compares the environment of the client.
func (r *Result) source(t *policy.Test, c policy.Client) {
	if want := t.Source.Environment; want != "" && want != c.Source.Environment {
		r.fail(t.Place, "source", "environment "+want, "environment "+c.Source.Environment,
			cmp.Or(c.Source.Fact, "no source rule matches"))
	}
}

// login compares the decision on the session, and tells whether it goes on.
func (r *Result) login(t *policy.Test, a policy.Admission) bool {
	got := policy.Expectation{Decision: "allow", Rule: a.Rule}
	switch {
	case !a.Allowed:
		got.Decision = "deny"
	case a.WouldDeny:
		got.Decision = "would_deny"
	}
	if got.Decision != "allow" {
		r.Denied = append(r.Denied, policy.RuleName{Session: true, Name: a.Rule})
	}
	r.Decisions++
	if !t.Login.Met(got) {
		r.fail(t.Place, "login", t.Login.String(), got.String(), a.Reason)
		if n := len(t.Steps); n > 0 && !a.Allowed {
			r.fail(t.Steps[0].Place, "steps", fmt.Sprintf("%d", n), "none: the session is denied", "")
		}
	}
	return a.Allowed
}

// step sends what a step says and compares what was decided on each query string.
func (r *Result) step(s *session, step *policy.Step) {
	s.now = s.now.Add(step.After)
	for _, sql := range step.SQL {
		r.Decisions++
		d, unsure := s.run(sql.Text, step.Parameters)
		got := expectationOf(d)
		if got.Decision == "deny" || got.Decision == "would_deny" {
			r.Denied = append(r.Denied, policy.RuleName{Name: d.Rule})
		}
		switch {
		case unsure != "":
			r.fail(sql.Place, sql.Text, step.Expectation.String(), "unknown", unsure)
		case !step.Met(got):
			r.fail(sql.Place, sql.Text, step.Expectation.String(), got.String(), d.Reason)
		}
	}
}

func expectationOf(d policy.Decision) policy.Expectation {
	e := policy.Expectation{Decision: "allow", Rule: d.Rule}
	switch {
	case d.Deny:
		e.Decision = "deny"
	case d.WouldDeny:
		e.Decision = "would_deny"
	case d.Record:
		e.Decision = "record"
	}
	return e
}
