package policy

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// allowance bounds how often an allow rule makes an exception.
type allowance struct {
	times int           // statements
	per   time.Duration // in any period of this length
	each  counting
}

// counting says whose statements count together.
type counting int

const (
	together counting = iota
	eachSource
	eachUser
	eachSession
)

// String says what is allowed: "1 statement in 24h for each user".
func (a *allowance) String() string {
	noun := "statements"
	if a.times == 1 {
		noun = "statement"
	}
	whose := [...]string{"", " for each source environment", " for each user", " for each session"}[a.each]
	return fmt.Sprintf("%d %s in %s%s", a.times, noun, Period(a.per), whose)
}

// Period writes a duration as the file does: 24h, not 24h0m0s.
func Period(d time.Duration) string {
	text := d.String()
	if d%time.Minute == 0 {
		text = strings.TrimSuffix(text, "0s")
	}
	if d%time.Hour == 0 {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// Claim is what a decision asks of an allowance: that so many statements, which
// would be refused without it, are covered.
type Claim struct {
	rule       *statementRule
	last       int // index of the last statement that was counted
	statements int
}

// Holder is who claims.
type Holder struct {
	Target  string // name; each has counts of its own
	Source  string // environment
	User    string
	Session string // anything that no other session has
}

// Spent tells which allowance does not cover a claim, and when it will.
type Spent struct {
	rule *statementRule
	next time.Time // zero: never, the string has more statements than the rule ever allows
}

// Allowances counts what was used of the allowances of all rules. It outlives a
// reload: a rule goes by its name. It is safe for concurrent use.
type Allowances struct {
	now  func() time.Time
	mu   sync.Mutex
	used map[account]*uses
}

// account is one count.
type account struct{ rule, target, holder string }

// uses are the statements of an account that still count, oldest first.
type uses struct {
	at  []time.Time
	per time.Duration // as the rule was when it was last used
}

// maxAccounts bounds what is remembered: each session, for one, can have an account of
// its own. Beyond it, what needs a new account is not covered.
const maxAccounts = 1 << 14

// NewAllowances returns counts that are all zero. now is asked for the time of each claim.
func NewAllowances(now func() time.Time) *Allowances {
	return &Allowances{now: now, used: map[account]*uses{}}
}

// Claim takes all of what is claimed and returns nil, or takes nothing and returns
// an allowance that does not cover its claim.
func (a *Allowances) Claim(who Holder, claims []Claim) *Spent {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	for i := range claims {
		if next, covered := a.covers(who, &claims[i], now); !covered {
			return &Spent{claims[i].rule, next}
		}
	}
	for i := range claims {
		a.take(who, &claims[i], now)
	}
	return nil
}

// covers tells whether an allowance has room for a claim, or from when on it will;
// the zero time stands for never.
func (a *Allowances) covers(who Holder, c *Claim, now time.Time) (next time.Time, covered bool) {
	allowed := c.rule.allowance
	if c.statements > allowed.times {
		return time.Time{}, false
	}
	u := a.used[accountOf(who, c.rule)]
	if u == nil {
		full := len(a.used)+1 > maxAccounts && !a.forget(now)
		return now.Add(allowed.per), !full
	}
	u.per = allowed.per
	u.expire(now)
	over := len(u.at) + c.statements - allowed.times
	if over <= 0 {
		return now, true
	}
	return u.at[over-1].Add(u.per), false
}

func (a *Allowances) take(who Holder, c *Claim, now time.Time) {
	key := accountOf(who, c.rule)
	u := a.used[key]
	if u == nil {
		u = &uses{per: c.rule.allowance.per}
		a.used[key] = u
	}
	for range c.statements {
		u.at = append(u.at, now)
	}
}

func (u *uses) expire(now time.Time) {
	u.at = slices.DeleteFunc(u.at, func(t time.Time) bool { return now.Sub(t) >= u.per })
}

// forget closes the accounts in which nothing counts any more. It returns false
// where there are none.
func (a *Allowances) forget(now time.Time) bool {
	before := len(a.used)
	for key, u := range a.used {
		if u.expire(now); len(u.at) == 0 {
			delete(a.used, key)
		}
	}
	return len(a.used) < before
}

func accountOf(who Holder, rule *statementRule) account {
	key := account{rule: rule.name, target: who.Target}
	switch rule.allowance.each {
	case eachSource:
		key.holder = who.Source
	case eachUser:
		key.holder = who.User
	case eachSession:
		key.holder = who.Session
	}
	return key
}
