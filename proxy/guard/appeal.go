package guard

import (
	"hash"
	"slices"
	"strings"

	"github.com/pgcordon/pgcordon/parser"
)

// An operator may let through what the policy refuses ("break glass"). The statement is
// refused all the same, and goes through when the client sends it again: nothing waits.
//
// What is let through is a whole query string with the values of its parameters. So where
// operators have a say, what is refused is let through at Parse, which runs nothing, and
// refused at Bind. At Execute it is asked for again, and that uses an approval up.

// Approvals are what operators let through.
type Approvals interface {
	// Covers tells whether Take would let a statement through now.
	Covers(Fingerprint) bool
	// Take returns the approval of a statement that is about to execute, and uses it up
	// where it is for once; nil where there is none.
	Take(Fingerprint) *Approval
}

// glass is what a guard keeps where operators have a say.
type glass struct {
	Approvals
	facts
}

// Ask makes the guard ask for approvals where its rules let operators overrule them. It
// must be called before the guard is used.
func (g *Guard) Ask(a Approvals) {
	if g.rules.ruleset.BreakGlass() {
		g.glass = &glass{Approvals: a}
	}
}

// Approval is the word of operators.
type Approval struct {
	ID string // of the event that reported the refusal
	By []Consent
}

// Consent is what one operator said.
type Consent struct {
	UID, PID int
	Reason   string
}

// Appeal is a refused statement as operators see it.
type Appeal struct {
	Fingerprint Fingerprint
	Values      []string // of its parameters, for people
	Barred      string   // why no operator can let it through; empty where one can
	// taken is set once it was let through: a portal runs once, however many Execute
	// messages read its rows (PortalRun in src/backend/tcop/pquery.c).
	taken bool
}

// Why no operator can let a statement through.
const (
	notWhole     = "pgcordon has not seen it as a whole, with the values of its parameters"
	limited      = "it changes more than a limit on rows or effects allows, or cannot be held to it; that takes another limit"
	uncopied     = "its rule lets it pass only with a copy of its rows (receipt.copy_rows); that takes another statement or another rule"
	unclearText  = "the settings of its session leave open how its text is to be read"
	unclearNames = "its session may have changed its search path or its role, and with it what the names in it mean"
	unclearName  = "what runs may be another statement of that name; let the client prepare it anew"
	older        = "its session is older than admin.break_glass in the policy; let the client connect anew"
	named        = "it prepares or executes a statement by SQL; let the client send that statement itself"
)

// identified notes what identifies a string that is refused, or will be where its
// allowances are used up. types are those that Parse gives to parameters.
func (g *Guard) identified(j *judged, sql []byte, types []uint32) *judged {
	if g.glass == nil || !g.rules.ruleset.BreakGlass() || !j.denied() && !j.claims() {
		return j
	}
	return j.appealing(g.appealOf(j.summary, sql, types))
}

func (g *Guard) appealOf(s *parser.Summary, sql []byte, types []uint32) *Appeal {
	text, ok := parser.ToUTF8(sql, g.encoding())
	switch {
	case s == tooLong:
		return &Appeal{Barred: notWhole}
	case !ok, g.options().NonConforming:
		return &Appeal{Barred: unclearText}
	}
	prepares := func(st parser.Statement) bool { return st.Prepares != "" }
	if s.Effects.Has(parser.Execute) || slices.ContainsFunc(s.Statements, prepares) {
		return &Appeal{Barred: named}
	}
	print := Fingerprint(parser.Fingerprint(string(text))).with(typing(types)).with(g.glass.write)
	if g.cfg.Replication { // another grammar
		print = print.with(func(hash.Hash) {})
	}
	return &Appeal{Fingerprint: print}
}

// appealable tells whether an operator can let a string through if it is refused.
func (j *judged) appealable() bool {
	return j.verdict != nil && j.verdict.appeal != nil && j.verdict.appeal.Barred == ""
}

// withAppeal returns the judgement with the appeal of another one of the same text.
func (j *judged) withAppeal(of *judged) *judged {
	if j.verdict == nil || !of.appealable() {
		return j
	}
	return j.appealing(of.verdict.appeal)
}

func (j *judged) appealing(a *Appeal) *judged {
	v := *j.verdict
	v.appeal = a
	appealing := *j
	appealing.verdict = &v
	return &appealing
}

// ambiguous returns the judgement of what may not be all that runs: an operator would let
// through something else.
func (j *judged) ambiguous() *judged {
	if !j.appealable() {
		return j
	}
	return j.barred(unclearName)
}

// barred returns the judgement of what no operator can let through, and why.
func (j *judged) barred(why string) *judged { return j.appealing(&Appeal{Barred: why}) }

// appeal returns what operators see of a refused statement; nil where they have no say.
func (g *Guard) appeal(j *judged) *Appeal {
	switch {
	case !g.rules.ruleset.BreakGlass():
		return nil
	case g.glass == nil:
		return &Appeal{Barred: older}
	case j.verdict.appeal == nil:
		return &Appeal{Barred: notWhole}
	}
	a := *j.verdict.appeal
	switch d := g.rules.ruleset.Override(j.summary, g.context(g.meaning.within(j.summary))); {
	case d.Deny:
		a.Barred = "rule " + d.Rule + " refuses it, which no operator may overrule (break_glass: false)"
	case a.Barred != "":
	case g.meaning.context.SearchPathChanged, g.meaning.context.CatalogHidden:
		a.Barred = unclearNames
	case !g.glass.certain(g.replies.quiet()):
		a.Barred = unclearText
	}
	a.Fingerprint = a.Fingerprint.with(g.glass.write) // as they are when it runs
	return &a
}

// covered tells whether an operator would let a refused statement through.
func (g *Guard) covered(j *judged) bool {
	if !j.appealable() {
		return false
	}
	a := g.appeal(j)
	return a != nil && a.Barred == "" && g.glass.Covers(a.Fingerprint)
}

// overridden returns the judgement of a string that is about to execute: one that is
// refused passes where an operator lets it through, whatever it was refused for.
func (g *Guard) overridden(j *judged) *judged {
	if !j.denied() || !j.appealable() {
		return j
	}
	a := g.appeal(j)
	if a == nil || a.Barred != "" {
		return j
	}
	passed := &judged{rules: j.rules, context: j.context, summary: j.summary, rule: j.verdict.decision.Rule}
	if a.taken {
		return passed
	}
	approval := g.glass.Take(a.Fingerprint)
	if approval == nil {
		return j
	}
	j.verdict.appeal.taken = true
	// What the grammar does not know may prepare a statement under a name.
	g.postponed = g.postponed || !j.summary.Parsed
	d := j.verdict.decision
	d.Deny, d.Record = false, true
	passed.verdict = &verdict{decision: d, sql: j.verdict.sql, approval: approval}
	return passed
}

// hinting adds to a hint how an operator lets the statement through.
func (a *Appeal) hinting(hint, event string) string {
	if a == nil || a.Barred != "" {
		return hint
	}
	return strings.TrimSuffix(hint, ".") + ". To let it through once: pgcordon allow " + event + " --once --reason TEXT"
}
