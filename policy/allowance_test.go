package policy

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pgcordon/pgcordon/parser"
)

// counter is a ruleset of which exceptions are asked, and the time at which they are.
type counter struct {
	t          *testing.T
	rules      *Ruleset
	allowances *Allowances
	now        time.Time
}

func newCounter(t *testing.T, statements string) *counter {
	c := &counter{t: t, rules: rulesOf(t, statements), now: time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)}
	c.allowances = NewAllowances(func() time.Time { return c.now })
	return c
}

// settle decides on a string of statements and executes it.
func (c *counter) settle(who Holder, statements ...string) Decision {
	c.t.Helper()
	s := &parser.Summary{Parsed: true}
	for _, text := range statements {
		s.Statements = append(s.Statements, parser.Statement{Acts: acts(c.t, strings.Split(text, " and ")...)})
	}
	d := c.rules.Decide(s, Context{})
	return c.rules.Settle(d, s, Context{}, func(claims []Claim) *Spent { return c.allowances.Claim(who, claims) })
}

func (c *counter) want(who Holder, want string, statements ...string) Decision {
	c.t.Helper()
	d := c.settle(who, statements...)
	if outcome(d) != want {
		c.t.Errorf("%q at %s: %s, want %s", statements, c.now.Format(time.TimeOnly), outcome(d), want)
	}
	return d
}

const purge = `statements:
  - {name: purge, action: allow, allowance: {per: 24h}, when: {effect: [delete, truncate], relation: "events*"}}
`

func TestAnExceptionIsMadeOncePerPeriod(t *testing.T) {
	c := newCounter(t, purge)
	c.want(Holder{}, "record purge", "truncate events")
	c.now = c.now.Add(23 * time.Hour)
	d := c.want(Holder{}, "deny builtin/truncate", "truncate events")
	const reason = "TRUNCATE on events removes every row; rule purge allows no more than 1 statement in 24h, next at 2026-11-23T03:00:00Z"
	if d.Reason != reason || !strings.HasPrefix(d.Hint, "wait until 2026-11-23T03:00:00Z, or ") {
		t.Errorf("reason %q, hint %q", d.Reason, d.Hint)
	}
	c.now = c.now.Add(time.Hour)
	c.want(Holder{}, "record purge", "delete events none")
}

func TestWhatIsAllowedAnywayUsesNoAllowance(t *testing.T) {
	c := newCounter(t, purge)
	for range 3 {
		c.want(Holder{}, "allow", "delete events key")
		c.want(Holder{}, "deny builtin/truncate", "truncate events", "truncate orders")
	}
	c.want(Holder{}, "record purge", "truncate events")
}

func TestEachStatementOfAStringCounts(t *testing.T) {
	c := newCounter(t, strings.Replace(purge, "per: 24h", "times: 3, per: 1h", 1))
	d := c.want(Holder{}, "deny builtin/truncate", "truncate events", "truncate events", "truncate events", "truncate events")
	if !strings.HasSuffix(d.Reason, "3 statements in 1h, and here are more at once") {
		t.Error(d.Reason)
	}
	c.want(Holder{}, "record purge", "truncate events_1 and truncate events_2", "delete events none")
	c.now = c.now.Add(time.Minute)
	c.want(Holder{}, "deny builtin/truncate", "truncate events", "truncate events")
	c.want(Holder{}, "record purge", "truncate events")
	d = c.want(Holder{}, "deny builtin/truncate", "truncate events", "truncate events", "truncate events")
	if !strings.HasSuffix(d.Reason, "next at 2026-11-22T04:01:00Z") { // when the last of the three is forgotten
		t.Error(d.Reason)
	}
}

func TestWhoSharesACount(t *testing.T) {
	ada := Holder{Target: "shop", Source: "production", User: "ada", Session: "1"}
	for each, shares := range map[string][4]bool{ // with another target, source, user, session
		"":                {false, true, true, true},
		", each: source":  {false, false, true, true},
		", each: user":    {false, true, false, true},
		", each: session": {false, true, true, false},
	} {
		for i, other := range []Holder{
			{Target: "copy", Source: "production", User: "ada", Session: "1"},
			{Target: "shop", Source: "ci", User: "ada", Session: "1"},
			{Target: "shop", Source: "production", User: "bob", Session: "1"},
			{Target: "shop", Source: "production", User: "ada", Session: "2"},
		} {
			c := newCounter(t, strings.Replace(purge, "per: 24h", "per: 24h"+each, 1))
			c.want(ada, "record purge", "truncate events")
			want := "record purge"
			if shares[i] {
				want = "deny builtin/truncate"
			}
			c.want(other, want, "truncate events")
		}
	}
}

func TestTheNextExceptionIsTriedWhereOneIsUsedUp(t *testing.T) {
	c := newCounter(t, `statements:
  - {name: one, action: allow, allowance: {per: 1h}, when: {effect: truncate}}
  - {name: two, action: allow, allowance: {per: 1h}, when: {effect: truncate}}
  - {name: watch, action: deny, mode: audit, when: {effect: truncate}}
`)
	c.want(Holder{}, "record one", "truncate a")
	c.want(Holder{}, "record two", "truncate a")
	c.want(Holder{}, "deny builtin/truncate", "truncate a")
}

func TestNothingIsTakenUnlessAllIs(t *testing.T) {
	c := newCounter(t, `statements:
  - {name: cut, action: allow, allowance: {per: 1h}, when: {effect: truncate}}
  - {name: fell, action: allow, allowance: {per: 1h}, when: {effect: drop}}
`)
	c.want(Holder{}, "record fell", "drop a")
	c.want(Holder{}, "deny builtin/drop", "truncate a", "drop b")
	c.want(Holder{}, "record cut", "truncate a")
}

func TestCountsSurviveAReload(t *testing.T) {
	c := newCounter(t, purge)
	c.want(Holder{}, "record purge", "truncate events")
	c.rules = rulesOf(t, strings.Replace(purge, "per: 24h", "per: 1h", 1))
	c.now = c.now.Add(30 * time.Minute)
	c.want(Holder{}, "deny builtin/truncate", "truncate events")
	c.rules = rulesOf(t, strings.Replace(purge, "per: 24h", "times: 2, per: 1h", 1))
	c.want(Holder{}, "record purge", "truncate events")
	c.want(Holder{}, "deny builtin/truncate", "truncate events")
}

func TestAllowanceInAuditModeIsUsedUpToo(t *testing.T) {
	c := newCounter(t, purge)
	c.rules.audit = true
	c.want(Holder{}, "record purge", "truncate events")
	d := c.want(Holder{}, "would_deny builtin/truncate", "truncate events")
	if !strings.Contains(d.Reason, "rule purge allows no more") {
		t.Error(d.Reason)
	}
}

func TestAccountsAreBoundedAndCloseByThemselves(t *testing.T) {
	c := newCounter(t, strings.Replace(purge, "per: 24h", "per: 1h, each: session", 1))
	session := func(i int) Holder { return Holder{Session: string(rune('0' + i))} }
	for i := range maxAccounts {
		c.settle(session(i), "truncate events")
	}
	c.want(session(maxAccounts), "deny builtin/truncate", "truncate events")
	c.now = c.now.Add(time.Hour)
	c.want(session(maxAccounts), "record purge", "truncate events")
	if n := len(c.allowances.used); n != 1 {
		t.Errorf("%d accounts are open", n)
	}
}

func TestClaimsAtOnceDoNotExceedTheAllowance(t *testing.T) {
	c := newCounter(t, strings.Replace(purge, "per: 24h", "times: 5, per: 24h", 1))
	var allowed atomic.Int32
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if c.settle(Holder{}, "truncate events").Record {
				allowed.Add(1)
			}
		})
	}
	all.Wait()
	if n := allowed.Load(); n != 5 {
		t.Errorf("%d statements are allowed, want 5", n)
	}
}

func TestMistakesInAllowancesAreNamedWithTheirPlace(t *testing.T) {
	compare(t, complaints(t, oneTarget+`statements:
  - {name: a, action: deny, allowance: {per: 1h}}
  - {name: b, action: allow, allowance: {times: 0, each: role}}
  - {name: c, action: allow, allowance: once}
  - {name: d, action: allow, allowance: {once_per: 1 day}}
  - {name: e, action: allow, allowance: {per: 1d}}
`), []string{
		"7:40: allowance is for rules with action allow: it says how often the rule allows",
		`8:41: key "per" is missing: the period, which ends with each statement: 15m, 24h`,
		"8:49: 0 is not between 1 and 100",
		`8:58: unknown value "role"; did you mean "user"?`,
		`9:41: expected a mapping, found the text "once"`,
		`10:41: key "per" is missing: the period, which ends with each statement: 15m, 24h`,
		`10:42: unknown key "once_per"; known are times, per, each`,
		`11:47: "1d" is not a duration; write it like 500ms, 30s, 5m or 24h`,
	})
	idle := mustParse(t, oneTarget+"sources: [{name: all, environment: production}]\nbuiltin: false\n"+purge+
		"  - {name: no, action: deny, when: {effect: insert}}\n")
	compare(t, places(idle.Warnings), []string{
		"9:45: the allowance of rule purge bounds nothing: no rule behind it refuses what it allows"})
}
