package parser

// Breadth says how much of a relation a predicate can reach, from the text
// alone. A larger value is narrower, so comparison reads naturally.
type Breadth uint8

// The breadths, widest first.
const (
	NotApplicable  Breadth = iota // the effect has no predicate (INSERT, DROP, ...)
	NoPredicate                   // DELETE without WHERE
	Tautology                     // WHERE true, x = x, 1 = 1: no row is kept out
	SameTable                     // restricted only by the relation's own rows: id IN (SELECT id FROM same)
	OpenRange                     // one-sided: id > 0, created_at < now(), <>, IS NOT NULL
	UnknownBreadth                // a predicate that text cannot measure: WHERE f(x)
	Bounded                       // an equality, a list, a two-sided range
	Key                           // equality with the whole of a key (needs a catalog; text alone never says it)
)

var breadthNames = [...]string{
	"", "none", "tautology", "same_table", "open_range", "unknown", "bounded", "key",
}

// String returns the name that policies and audit events use; empty for NotApplicable.
func (b Breadth) String() string { return breadthNames[b] }

// ParseBreadth returns the breadth with the given name.
func ParseBreadth(name string) (Breadth, bool) {
	for i, n := range breadthNames {
		if n == name && n != "" {
			return Breadth(i), true
		}
	}
	return 0, false
}

// BreadthNames lists every breadth's name, widest first.
func BreadthNames() []string { return append([]string(nil), breadthNames[1:]...) }
