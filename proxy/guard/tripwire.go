package guard

import (
	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/wire"
)

// What a string would empty is counted before it runs, not when it has: of so many
// tables the last one is still there. It is counted once a string is about to execute,
// as allowances are, so that what is only prepared does not count.

// untrusted tells whether a message has to wait until the server has accepted the login:
// what a tripwire counts, or a stranger could have others locked out. A client that need
// not log in gets no further ahead of the count either.
func (g *Guard) untrusted(t byte) bool {
	if !g.rules.tripwired || g.login.accepted {
		return false
	}
	switch t {
	case wire.Query, wire.Parse, wire.Bind, wire.Execute, wire.FunctionCall:
		return true
	}
	return false
}

// signs returns what tripwires look for in the string; nil where there is nothing of it.
func (j *judged) signs() *policy.Signs {
	if j.verdict == nil {
		return nil
	}
	return j.verdict.decision.Signs
}

// watched tells the tripwires of a string that is about to execute, and returns its
// refusal where one has tripped.
func (g *Guard) watched(j *judged) *judged {
	signs := j.signs()
	if signs == nil || j.denied() || g.cfg.Watch == nil {
		return j
	}
	noted := *j
	event, trip := g.cfg.Watch(signs)
	if noted.event = event; trip != nil {
		noted.limit = nil
		noted.verdict = &verdict{decision: trip.Refusal(signs), sql: j.verdict.sql}
	}
	return &noted
}

// signedLike returns the judgement with the signs of both.
func (j *judged) signedLike(other *judged) *judged {
	signs := j.signs().With(other.signs())
	if signs == j.signs() || j.denied() {
		return j
	}
	both, v := *j, *j.verdict // not nil: other is noted and weighs no more
	v.decision.Signs = signs
	both.verdict = &v
	return &both
}
