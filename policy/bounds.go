package policy

import "github.com/pgcordon/pgcordon/parser"

// Bounds is up to how many rows a predicate that counts them is narrow. Beyond them an
// UPDATE or DELETE is of breadth open_range. 0 is no bound.
type Bounds struct {
	MaxList  int // values of a list, an array or a range: id IN (1, 2), id BETWEEN 1 AND 9
	MaxLimit int // rows of a sub-select's LIMIT: id IN (SELECT ... LIMIT 100)
}

// exceeded tells whether an act counts more rows than are narrow.
func (b Bounds) exceeded(act *parser.Act) bool {
	most := b.MaxList
	if act.Limited {
		most = b.MaxLimit
	}
	return act.Breadth >= parser.Bounded && most > 0 && act.Values > int64(most)
}

// hold returns the act as rules see it.
func (b Bounds) hold(act *parser.Act, ctx Context) *parser.Act {
	switch {
	case b.exceeded(act):
		return widened(act, parser.OpenRange)
	case ctx.CatalogHidden && act.Breadth > parser.UnknownBreadth:
		return widened(act, parser.UnknownBreadth)
	}
	return act
}

func widened(act *parser.Act, breadth parser.Breadth) *parser.Act {
	w := *act
	w.Breadth = breadth
	return &w
}
