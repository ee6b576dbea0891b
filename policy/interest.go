package policy

import (
	"strings"

	"github.com/pgcordon/pgcordon/identity"
	"github.com/pgcordon/pgcordon/parser"
)

// Interest returns what must be looked for in a text: the effects, and the
// functions by name without schema, on which some rule of this session could do
// anything but plainly allow, or for which a tripwire looks. A text with none of them
// needs no parsing; Decide would allow it, and nothing more. The slice must not be
// changed.
//
// Execute is included whenever anything is: the statement behind a prepared name
// was judged, but under the rules and the search path of another moment.
func (r *Ruleset) Interest() (effects parser.EffectSet, functions []string) {
	return r.effects, r.names
}

func (r *Ruleset) interest() (parser.EffectSet, []string) {
	if r.transaction != nil { // any statement may call a function, and each has its place in the transaction
		return parser.AllEffects, nil
	}
	var set parser.EffectSet
	for _, effect := range parser.AllEffects.List() {
		if r.mayTouch(effect, false) {
			set = set.With(effect)
		}
	}
	var names []string
	if r.mayTouch(parser.Function, true) || r.mayTouch(parser.Call, true) {
		for _, p := range r.counted {
			if !isWord(p.name) {
				return parser.AllEffects, nil
			}
			names = append(names, p.name.String())
		}
	}
	if r.reads {
		set |= emptying
	}
	if set != 0 || names != nil {
		set = set.With(parser.Execute)
	}
	return set, names
}

// mayTouch tells whether a rule could refuse or record an act of an effect.
// Unless named functions are asked about, a rule that lists functions does not
// count: their names find its acts better than the whole effect would.
func (r *Ruleset) mayTouch(effect parser.Effect, named bool) bool {
	for _, rule := range r.rules {
		switch {
		case !rule.effects.Has(effect):
		case rule.maxRows != nil, rule.receipt != nil && undoable.Has(effect):
			return true
		case rule.allowance != nil:
		case rule.action != allow:
			if named || len(rule.functions) == 0 {
				return true
			}
		case !rule.selective():
			return false
		}
	}
	return false
}

// isWord tells whether a function's name can be looked for as a word. Of a glob,
// any word could be meant; other letters are folded by the server's locale, and
// other characters part words.
func isWord(name identity.Glob) bool {
	return name.Literal() && !strings.ContainsFunc(name.String(), func(r rune) bool {
		return r != '_' && (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
}
