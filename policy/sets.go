package policy

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/pgcordon/pgcordon/parser"
)

// effectSet is a name for effects that are usually meant together. The name begins
// with an @, which no effect does.
type effectSet struct {
	name string
	set  parser.EffectSet
	node *yaml.Node // where the file declares it; nil for the built-in ones
	read bool       // false while set is not yet known
}

const setForm = `^[a-z][a-z0-9_]{0,62}$`

var validSet = regexp.MustCompile(setForm)

// declaredSets is the key of the author's own sets. They are read by readSets, ahead
// of everything else, so that rules may name them wherever in the file they stand.
var declaredSets = key[Policy]{
	name: "sets",
	doc:  "Names for effects that rules mean together: name: [effects]. A rule writes it \"@name\".",
	schema: schema{
		"type": "object", "propertyNames": schema{"pattern": setForm}, "additionalProperties": effects.schema,
		"description": "Names for effects that rules mean together. A rule writes it \"@name\".",
	},
	read: func(*decoder, *yaml.Node, *Policy) bool { return true },
}

// readSets reads the sets of a file; a set may use those above it.
func (d *decoder) readSets(root *yaml.Node) {
	d.sets = slices.Clone(effectSets)
	n := lookup(root, declaredSets.name)
	switch {
	case n == root:
		return
	case n.Kind != yaml.MappingNode:
		d.expected(n, "a mapping from names to effects")
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		d.declareSet(n.Content[i])
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		set, _ := effects.read(d, n.Content[i+1])
		if s := d.set("@" + n.Content[i].Value); s != nil && s.node == n.Content[i] {
			s.set, s.read = set, true
		}
	}
}

func (d *decoder) declareSet(name *yaml.Node) {
	called := "@" + name.Value
	switch other := d.set(called); {
	case strings.HasPrefix(name.Value, "@"):
		d.errorf(name, "the name of a set is written without @ where it is declared: %s", name.Value[1:])
	case name.Kind != yaml.ScalarNode || !validSet.MatchString(name.Value):
		d.errorf(name, "%q is no name for a set; use small letters, digits and _ and begin with a letter", name.Value)
	case other != nil && other.node == nil:
		d.errorf(name, "the set %s is built in; choose another name", called)
	case other != nil:
		d.errorf(name, "the set %s is already declared in line %d", called, other.node.Line)
	default:
		d.sets = append(d.sets, effectSet{name: called, node: name})
	}
}

// set returns the set of that name, nil if there is none so far.
func (d *decoder) set(called string) *effectSet {
	for i := range d.sets {
		if d.sets[i].name == called {
			return &d.sets[i]
		}
	}
	return nil
}

// parseEffect returns what a word under effect stands for.
func (d *decoder) parseEffect(word string) (parser.EffectSet, error) {
	if effect, ok := parser.ParseEffect(word); ok {
		return parser.SetOf(effect), nil
	}
	if s := d.set(word); s != nil {
		if s.node != nil && !s.read {
			return 0, fmt.Errorf("the set %s is declared in line %d; declare it above the sets that use it", s.name, s.node.Line)
		}
		return s.set, nil
	}
	known := parser.EffectNames()
	for _, s := range d.sets {
		known = append(known, s.name)
	}
	if s := d.set("@" + word); s != nil {
		return 0, fmt.Errorf("unknown effect %q; the set is written %q, in quotes", word, s.name)
	}
	return 0, fmt.Errorf("unknown effect %q; %s", word, suggestion(word, known))
}
