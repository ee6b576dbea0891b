package guard

import (
	"slices"

	"github.com/pgcordon/pgcordon/parser"
	"github.com/pgcordon/pgcordon/policy"
)

// judged is a query string and what the policy said of it. It is immutable.
type judged struct {
	rules   *Rules
	context policy.Context
	summary *parser.Summary // nil where the prefilter found nothing to judge
	verdict *verdict        // nil where the string is simply allowed
	limit   *policy.Limit   // how many rows it may change; nil for any
	counted bool            // the server's tag counts them
	adopted bool            // it is a string with PREPARE, and stands for what that has prepared
	event   string          // that is to tell of it, where that has been settled; else empty
	rule    string          // of what is simply allowed: the rule that let it pass, if any
	// parametric is true where the values of parameters may still change the judgement;
	// types are theirs, as far as they are known.
	parametric bool
	types      []uint32
	// also are others that the same name can stand for, where each would use up an
	// allowance of its own.
	also []*judged
}

// verdict is a decision that has to be carried out or recorded.
type verdict struct {
	decision policy.Decision
	sql      string
	appeal   *Appeal   // what identifies the string to operators; nil where they have no say
	approval *Approval // of what an operator let through
}

// memo remembers the last judgements that allowed.
type memo struct {
	judged [8]*judged
	next   int
}

func (m *memo) add(j *judged) {
	m.judged[m.next%len(m.judged)] = j
	m.next++
}

// judge decides on a query string. sql is not kept.
func (g *Guard) judge(sql []byte) *judged {
	if g.clean(sql) {
		return g.rules.clean
	}
	return g.decide(g.summarize(sql), sql)
}

// judgeKept decides on a string that the server will keep under a name, for
// which a summary is worth having: the policy may change before it runs.
func (g *Guard) judgeKept(sql []byte) *judged {
	s := g.summarize(sql)
	if !s.Parsed && g.clean(sql) { // the server's error says it better
		return g.rules.clean
	}
	return g.decide(s, sql)
}

// clean tells whether nothing in a text can matter, wherever it stands.
func (g *Guard) clean(sql []byte) bool {
	return !g.meaning.context.Committed && !g.outlived() && g.rules.prefilter.Clean(sql)
}

// summarize reads a text as the server will.
func (g *Guard) summarize(sql []byte) *parser.Summary {
	if len(sql) > g.cfg.ParseBytes {
		return tooLong
	}
	text, ok := parser.ToUTF8(sql, g.encoding())
	if !ok {
		return unknownEncoding
	}
	s, _ := g.cfg.Cache.Summary(text, g.options())
	return s
}

// options are the facts under which a text is read that comes now.
func (g *Guard) options() parser.Options {
	return parser.Options{
		// During the login the server has yet to say what the settings are.
		NonConforming: !g.login.ready || g.meaning.nonConforming(g.replies.unreported),
		Replication:   g.cfg.Replication,
	}
}

// encoding is the client_encoding of what comes now; empty where it is uncertain, in
// which case ASCII alone can be read.
func (g *Guard) encoding() string {
	if g.meaning.encodingUncertain(g.replies.unreported) {
		return ""
	}
	return g.meaning.encoding
}

// decide asks the policy. It allocates nothing for a summary that it allowed a
// moment ago.
func (g *Guard) decide(s *parser.Summary, sql []byte) *judged {
	if g.memo == nil {
		g.memo = new(memo)
	}
	for _, m := range g.memo.judged {
		if m != nil && m.summary == s && g.current(m) {
			return m
		}
	}
	j := g.decideAnew(s, sql)
	if j.verdict != nil {
		return j
	}
	g.memo.add(j)
	return j
}

// decideAnew asks the policy about a summary that will hardly come again.
func (g *Guard) decideAnew(s *parser.Summary, sql []byte) *judged {
	j := &judged{rules: g.rules, context: g.context(g.meaning), summary: s, parametric: s.Parametric, counted: counts(s)}
	d := g.rules.ruleset.Decide(s, g.context(g.meaning.within(s)))
	if j.rule, j.limit = d.Rule, d.Limit; notable(d) || g.transaction != nil && g.transaction.bounds != nil {
		j.verdict = &verdict{decision: d, sql: string(sql)}
	}
	return j
}

// context returns what names mean, and what is known of the tables that they mean: nothing
// once the session has changed any, for the catalog is older than that.
func (g *Guard) context(m meaning) policy.Context {
	c := m.context
	if g.rules.catalog != nil && !m.reshaped {
		c.Catalog = g.rules.catalog()
	}
	return c
}

// notable tells whether a decision has to be carried out or recorded.
func notable(d policy.Decision) bool {
	return d.Deny || d.WouldDeny || d.Record || d.Limit != nil || d.Signs != nil
}

// spend makes a judgement final whose string is about to execute.
func (g *Guard) spend(j *judged) *judged { return g.overridden(g.watched(g.settle(j))) }

// settle makes a judgement final as far as it rests on allowances.
func (g *Guard) settle(j *judged) *judged {
	if !j.claims() {
		return j
	}
	settled := &judged{rules: j.rules, context: j.context, summary: j.summary, counted: j.counted}
	d := j.rules.ruleset.Settle(j.verdict.decision, j.summary, g.context(g.meaning.within(j.summary)), g.cfg.Claim)
	if settled.rule, settled.limit = d.Rule, d.Limit; notable(d) {
		settled.verdict = &verdict{decision: d, sql: j.verdict.sql, appeal: j.verdict.appeal}
	}
	for _, other := range j.also {
		settled = worse(settled, g.settle(other))
	}
	return settled
}

// current tells whether a judgement still stands: neither the policy nor what
// names mean has changed. (PostgreSQL analyses a prepared statement anew when the
// search path has: src/backend/utils/cache/plancache.c, RevalidateCachedQuery.)
func (g *Guard) current(j *judged) bool {
	return j.rules == g.rules && (j.context == g.context(g.meaning) || j.summary == nil && !g.meaning.context.Committed)
}

// renew judges a prepared statement or portal again where its judgement no longer
// stands.
func (g *Guard) renew(j *judged) *judged {
	switch {
	case g.current(j):
		return j
	case j.summary != nil:
		var sql []byte
		if j.verdict != nil {
			sql = []byte(j.verdict.sql)
		}
		renewed := g.decide(j.summary, sql).typed(j.types).withAppeal(j)
		for _, other := range j.also {
			renewed = worse(renewed, g.renew(other))
		}
		return renewed
	case g.meaning.context.Committed:
		return g.decide(afterCommit, nil)
	case g.stillClean:
		return g.rules.clean
	}
	return g.decide(stale, nil)
}

// observe takes note of what an allowed string does to the meaning of later ones.
func (g *Guard) observe(j *judged) {
	if j.summary == nil {
		return
	}
	g.meaning.observe(j.summary)
	if g.glass != nil {
		g.glass.observe(j.summary)
	}
	for i := range j.summary.Statements {
		st := &j.summary.Statements[i]
		switch {
		case st.DeallocatesAll:
			g.statements.clear()
		case st.Deallocates != "":
			g.statements.drop(st.Deallocates)
		}
	}
}

// prepared notes the statements that a string PREPAREs. It returns false where
// the session has too many.
func (g *Guard) prepared(j *judged) bool {
	if j.summary == nil {
		return true
	}
	for i := range j.summary.Statements {
		if name := j.summary.Statements[i].Prepares; name != "" && !g.statements.adopt(name, j.adopting()) {
			return false
		}
	}
	return true
}

// adopting returns the judgement of what a string prepares, and not of the string.
func (j *judged) adopting() *judged {
	if j.adopted {
		return j
	}
	a := *j
	a.adopted = true
	return &a
}

// executed returns the worst of what EXECUTE in a string can run, or j itself. It is
// asked for anew whenever the string is about to run, for a name can have been given to
// another statement. sql is the text where the guard has it: EXECUTE's arguments are
// the values of the statement's parameters.
func (g *Guard) executed(j *judged, sql []byte) *judged {
	if j.summary == nil || !j.summary.Effects.Has(parser.Execute) {
		return j
	}
	worst := j
	for i := range j.summary.Statements {
		if name := j.summary.Statements[i].Executes; name != "" {
			worst = worse(worst, g.executes([]byte(name), sql, i).ambiguous())
		}
	}
	return worst
}

// executes judges one EXECUTE. The values in a Bind message are not those of its
// parameters.
func (g *Guard) executes(name, sql []byte, statement int) *judged {
	j, open := g.resolve(&g.statements, name, nil)
	if open {
		j, _ = g.resolve(&g.statements, name, g.arguments(sql, statement))
	}
	return j
}

// resolve returns the worst of what a name can stand for, and whether the values of
// parameters, which are nil where it is too early to ask for them, can change that.
//
// A name that is not known was made where the guard does not see, or not at all. Where
// the guard has let pass what it would refuse now, it must be prepared again.
func (g *Guard) resolve(r *registry, name []byte, values []parser.Value) (worst *judged, open bool) {
	g.scratch = r.candidates(name, g.replies.section, g.scratch[:0])
	if len(g.scratch) == 0 {
		if g.meaning.context.Committed && r == &g.statements {
			return g.decide(afterCommit, nil), false
		}
		if (g.reloaded || g.postponed) && r == &g.statements {
			return g.decide(stale, nil), false
		}
		return g.rules.clean, false
	}
	for _, c := range g.scratch {
		adopted := c.adopted
		c = g.renew(c)
		if c.open() && values != nil {
			c = g.with(c, values)
		}
		if adopted {
			c = c.adopting()
		}
		open = open || c.open()
		worst = worse(c, worst)
	}
	if len(g.scratch) > 1 {
		worst = worst.ambiguous()
	}
	return worst, open
}

// worse returns the judgement that refuses or records more, a in case of a tie; both
// in one where both rest on allowances.
func worse(a, b *judged) *judged {
	switch {
	case b == nil:
		return a
	case a.claims() && b.claims():
		both := *a
		both.also = slices.Concat(a.also, []*judged{b}, b.also)
		return &both
	case a.weight() > b.weight(), a.weight() == b.weight() && !b.executes():
		return a.limitedLike(b).signedLike(b)
	}
	return b.limitedLike(a).signedLike(a)
}

func (j *judged) weight() int {
	switch {
	case j.verdict == nil:
		return 0
	case j.verdict.decision.Deny:
		return 5
	case j.claims():
		return 4
	case j.verdict.decision.WouldDeny:
		return 3
	case j.verdict.decision.Record:
		return 2
	}
	return 1 // a limit on rows, or what tripwires look for
}

// claims tells whether the judgement rests on allowances that have not been asked yet.
func (j *judged) claims() bool { return j.verdict != nil && j.verdict.decision.Claims != nil }

// executes tells whether the judgement is not all there is to it: EXECUTE.
func (j *judged) executes() bool {
	return j.summary != nil && j.summary.Effects.Has(parser.Execute)
}

func (j *judged) denied() bool { return j.verdict != nil && j.verdict.decision.Deny }
