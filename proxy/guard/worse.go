package guard

import (
	"slices"

	"github.com/pgcordon/pgcordon/parser"
)

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
