package policy

import (
	"slices"

	"github.com/pgcordon/pgcordon/parser"
)

// Temporaries are the temporary tables that a session has for certain. A set does not
// change; a Context names it by its address.
type Temporaries struct{ names []string }

// With returns the set and one more name.
func (t *Temporaries) With(name string) *Temporaries {
	if t == nil {
		return &Temporaries{names: []string{name}}
	}
	if slices.Contains(t.names, name) {
		return t
	}
	return &Temporaries{names: append(slices.Clip(t.names), name)}
}

// Without returns the set without a name, nil where none is left.
func (t *Temporaries) Without(name string) *Temporaries {
	if t == nil || !slices.Contains(t.names, name) {
		return t
	}
	if len(t.names) == 1 {
		return nil
	}
	names := slices.DeleteFunc(slices.Clone(t.names), func(n string) bool { return n == name })
	return &Temporaries{names: names}
}

// Len returns the number of tables.
func (t *Temporaries) Len() int {
	if t == nil {
		return 0
	}
	return len(t.names)
}

// onRows are the effects on a table that stay within it.
var onRows = parser.SetOf(parser.Read, parser.Insert, parser.Update, parser.Delete, parser.Merge, parser.Truncate,
	parser.Drop, parser.Alter, parser.Create, parser.CopyIn, parser.CopyOut, parser.Lock, parser.Maintenance)

// temporary is the schema of a session's own temporary objects, in front of all others
// where a search path does not say otherwise.
// https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-SEARCH-PATH
const temporary = "pg_temp"

// traitsOf returns the traits of an act in this session: one on a temporary table of
// its own is Temporary. What a body or a text inside the statement does is not looked at:
// it may run elsewhere, or after the table has gone. So may what a DROP takes along.
func (s *scope) traitsOf(act *parser.Act) parser.TraitSet {
	r := act.Relation
	switch {
	case s.temporaries == nil || !onRows.Has(act.Effect) || !slices.Contains(s.temporaries.names, r.Name):
	case act.Traits&parser.TraitsOf(parser.Inside, parser.Deferred) != 0:
	case act.Effect == parser.Drop && act.Traits.Has(parser.Cascade):
	case r.Schema == temporary, r.Schema == "" && !s.changed && !slices.Contains(s.path, temporary):
		return act.Traits | parser.TraitsOf(parser.Temporary)
	}
	return act.Traits
}
