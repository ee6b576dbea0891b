package policy

import (
	"fmt"

	"github.com/pgcordon/pgcordon/parser"
)

// traits reads a list of traits, of which an act must have one.
var traits = mapped(
	listOf(parsed(schema{"type": "string", "enum": parser.TraitNames()}, parseTrait)),
	func(list []parser.Trait) parser.TraitSet { return parser.TraitsOf(list...) })

func parseTrait(word string) (parser.Trait, error) {
	if trait, ok := parser.ParseTrait(word); ok {
		return trait, nil
	}
	return 0, fmt.Errorf("unknown trait %q; %s", word, suggestion(word, parser.TraitNames()))
}

// aboutTraits tells whether the rule is about acts with such traits.
func (r *statementRule) aboutTraits(t parser.TraitSet) bool {
	return (r.traits == 0 || r.traits&t != 0) && r.spares&t == 0
}
