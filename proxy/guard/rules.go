package guard

import (
	"slices"

	"github.com/pgcordon/pgcordon/catalog"
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
	catalog   func() *catalog.Catalog
	tripwired bool // what the session sends counts for tripwires
	readOnly  bool
}

// ReadOnly tells whether the session is to be kept read-only. It must have begun with
// default_transaction_read_only, see wire.WithSetting.
func (r *Rules) ReadOnly() bool { return r.readOnly }

// NewRules prepares a ruleset.
func NewRules(r *policy.Ruleset) *Rules {
	rules := &Rules{ruleset: r, interest: interestOf(r), tripwired: r.Tripwired(), readOnly: r.ReadOnly()}
	rules.prefilter = parser.NewPrefilter(rules.interest.effects, rules.interest.functions)
	rules.clean = &judged{rules: rules}
	return rules
}

// Consult makes the rules look tables up in what current returns, which may be nil. It
// must be called before the rules are used.
func (r *Rules) Consult(current func() *catalog.Catalog) {
	r.catalog = current
	if r.interest.effects == 0 {
		return
	}
	r.interest.functions = append(r.interest.functions, reshapers...)
	if r.interest.effects.Has(parser.Update) { // ON DELETE SET NULL
		r.interest.effects = r.interest.effects.With(parser.Delete)
	}
	r.prefilter = parser.NewPrefilter(r.interest.effects, r.interest.functions)
}

// reshapers are words of which one stands in every text that may make a name mean
// another table.
var reshapers = []string{"create", "alter", "drop", "temp", "temporary", "pg_temp", "do", "call"}

// interest is what the prefilter has to look for.
type interest struct {
	effects   parser.EffectSet
	functions []string
}

func interestOf(rules *policy.Ruleset) interest {
	effects, functions := rules.Interest()
	words := slices.Concat(watched, functions)
	if rules.BreakGlass() {
		words = append(words, styled...)
	}
	return interest{effects, words}
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
