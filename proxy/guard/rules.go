package guard

import (
	"github.com/pgcordon/pgcordon/parser"
	"github.com/pgcordon/pgcordon/policy"
)

// Rules is a ruleset with what follows from it for every text. It is immutable, and
// best made once for all sessions that are alike.
type Rules struct {
	ruleset   *policy.Ruleset
	interest  interest
	prefilter *parser.Prefilter
	clean     *judged // the judgement of every text that the prefilter lets pass
}

// NewRules prepares a ruleset.
func NewRules(r *policy.Ruleset) *Rules {
	rules := &Rules{ruleset: r, interest: interestOf(r)}
	rules.prefilter = parser.NewPrefilter(rules.interest.effects, rules.interest.functions)
	rules.clean = &judged{rules: rules}
	return rules
}

// interest is what the prefilter has to look for.
type interest struct {
	effects   parser.EffectSet
	functions []string
}

func interestOf(rules *policy.Ruleset) interest {
	effects, functions := rules.Interest()
	return interest{effects, append(append([]string(nil), watched...), functions...)}
}

// covers tells whether a text in which i finds nothing holds nothing for other.
func (i interest) covers(other interest) bool {
	if other.effects&^i.effects != 0 {
		return false
	}
	have := map[string]bool{}
	for _, f := range i.functions {
		have[f] = true
	}
	for _, f := range other.functions {
		if !have[f] {
			return false
		}
	}
	return true
}
