package guard

import "github.com/pgcordon/pgcordon/parser"

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
