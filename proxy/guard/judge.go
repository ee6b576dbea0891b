package guard

import (
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
