package parser

import (
	"strconv"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// What counts as bounded because somebody counted it is bounded up to a number.

// tooMany tells whether a list has too many items.
func (w *walker) tooMany(items int) bool {
	return w.premise.MaxList > 0 && items > w.premise.MaxList
}

// tooLong tells whether an array may have too many elements. It is true for a value that
// cannot be read.
func (w *walker) tooLong(array *pg_query.Node) bool {
	if w.premise.MaxList == 0 {
		return false
	}
	n := uncast(array)
	if v, ok := (binding{w.premise.values}).value(n); ok {
		elements, known := v.elements()
		return !known || w.tooMany(elements)
	}
	if s := n.GetAConst().GetSval(); s != nil {
		w.literalDependent = true
		elements, known := textElements(s.Sval)
		return known && w.tooMany(elements)
	}
	return w.tooMany(len(n.GetAArrayExpr().GetElements()))
}

// isLimit tells whether LIMIT keeps a query short. LIMIT ALL is a null.
func (w *walker) isLimit(n *pg_query.Node) bool {
	if isNullLiteral(n) || w.premise.MaxLimit == 0 {
		return !isNullLiteral(n)
	}
	w.literalDependent = true
	c := uncast(n).GetAConst()
	if c.GetSval() != nil {
		rows, err := strconv.ParseInt(c.GetSval().Sval, 10, 64)
		return err == nil && rows <= int64(w.premise.MaxLimit)
	}
	return c.GetIval() != nil && int(c.GetIval().Ival) <= w.premise.MaxLimit
}
