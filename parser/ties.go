package parser

import (
	"iter"
	"strconv"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// Ties are the columns of a table that every row which an act reaches has in common
// with a list of values: WHERE a = 1 AND b IN (2, 3) ties a to one value and b to two.
// With the columns of a unique key among them, the rows are as few as the values,
// which takes a catalog to know. It is text, so that acts can be compared.
type Ties string

// All returns each column, as PostgreSQL folds it, and of how many values it is one.
func (t Ties) All() iter.Seq2[string, int64] {
	return func(yield func(string, int64) bool) {
		for entry := range strings.SplitSeq(string(t), "\x00") {
			count, column, ok := strings.Cut(entry, " ")
			n, err := strconv.ParseInt(count, 10, 64)
			if ok && err == nil && !yield(column, n) {
				return
			}
		}
	}
}

// tie is one column that is equal to one of so many values.
type tie struct {
	column string // empty where there is no tie
	values int64
}

// tiesOf collects the ties of conditions that all hold.
func tiesOf(terms []term) Ties {
	var all []string
	for i := range terms {
		if t := terms[i].tie; t.column != "" && t.values > 0 && !terms[i].loose && !terms[i].foreign {
			all = append(all, strconv.FormatInt(t.values, 10)+" "+t.column)
		}
	}
	return Ties(strings.Join(all, "\x00"))
}

// tieTo returns the tie of a column to a value that compares by the column's own
// equality. Anything wrapped around either may compare by another: citext has no case, and
// two bigints may be one double precision.
func tieTo(o operand, value *pg_query.Node) tie {
	if !o.plain || !isPlain(value) {
		return tie{}
	}
	return tie{column: o.column, values: 1}
}

// or returns the tie of a disjunction.
func (t tie) or(o tie) tie {
	if t.column != o.column {
		return tie{}
	}
	return tie{t.column, t.values + o.values}
}

// times returns the tie to a list of so many values.
func (t tie) times(n int64) tie {
	if n == 0 {
		return tie{}
	}
	return tie{t.column, n}
}

// plainTypes are the types that a value may be cast to and still compare as the
// column does, or fail.
var plainTypes = map[string]bool{
	"int2": true, "int4": true, "int8": true, "numeric": true, "text": true, "varchar": true,
	"uuid": true, "date": true, "timestamp": true, "timestamptz": true,
}

// isPlain tells whether a value is a literal or parameter, cast to a plain type at most.
func isPlain(n *pg_query.Node) bool {
	for n.GetTypeCast() != nil {
		if _, ok := undeterminedCast(n.GetTypeCast()); ok {
			return true
		}
		names := parts(n.GetTypeCast().TypeName.GetNames())
		if len(names) > 2 || len(names) == 2 && names[0] != "pg_catalog" || !plainTypes[names[len(names)-1]] {
			return false
		}
		n = n.GetTypeCast().Arg
	}
	return n.GetParamRef() != nil || n.GetAConst() != nil && !n.GetAConst().Isnull
}
