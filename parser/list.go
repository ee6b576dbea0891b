package parser

import (
	"bytes"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/pgcordon/pgcordon/parser/rawtree"
)

// Lists that a client writes down or passes: arrays, unnest, generate_series. What a
// function or a query makes of the database's own rows is none.

// in measures l IN (items) as the disjunction of equalities that it is, and NOT IN
// as the conjunction.
func (p *predicate) in(l *pg_query.Node, items []*pg_query.Node, c comparator) term {
	if c != equal || len(items) == 0 {
		return term{reach: wide(OpenRange)}
	}
	var widest term
	for i, item := range items {
		t := always(true)
		if !p.same(l, item) {
			t = p.compare(equal, l, item)
		}
		if i == 0 {
			widest = t
			continue
		}
		widest.reach = widest.or(t.reach)
		widest.loose = widest.loose || t.loose
		widest.tie = widest.tie.or(t.tie)
		widest.link = 0
	}
	return widest
}

// anyElement measures l op ANY (array).
func (p *predicate) anyElement(e *pg_query.A_Expr, c comparator, negated bool) term {
	array := e.Rexpr
	if items := array.GetAArrayExpr(); items != nil && len(items.Elements) > 0 {
		return p.in(e.Lexpr, items.Elements, c)
	}
	if s := array.GetSubLink(); s != nil && s.SubLinkType == pg_query.SubLinkType_ARRAY_SUBLINK && c == equal {
		return p.inQuery(e.Lexpr, s.Subselect)
	}
	if negated || c != equal { // NOT (x = ANY('{}')) is true for every row
		return term{reach: wide(OpenRange)}
	}
	l, r := p.operand(e.Lexpr), p.operand(array)
	switch {
	case l.kind == columnOperand && r.kind == givenOperand:
		list := p.list(array)
		return term{reach: list, loose: l.loose, tie: tieTo(l, array).times(list.values)}
	case l.kind == givenOperand && r.kind == columnOperand:
		return term{reach: one, loose: r.loose}
	}
	return term{reach: wide(UnknownBreadth)}
}

// list returns the reach of an equality with one of the elements of an array.
func (p *predicate) list(array *pg_query.Node) reach {
	array = uncast(array)
	switch {
	case isNullLiteral(array):
		return none
	case array.GetAArrayExpr() != nil:
		return counted(float64(elements(array.GetAArrayExpr())))
	case array.GetParamRef() != nil && p.premise.values == nil:
		return wide(Bounded) // the value says, when it comes
	case array.GetFuncCall() != nil:
		return p.listFunction(array.GetFuncCall())
	}
	if n, ok := p.arrayLength(array); ok {
		return counted(float64(n))
	}
	return wide(UnknownBreadth)
}

// arrayLength counts the elements of a literal, or of the value of a parameter.
func (p *predicate) arrayLength(n *pg_query.Node) (int, bool) {
	if v, ok := p.binding().value(n); ok {
		return v.elements()
	}
	if literal, ok := p.stringLiteral(n); ok {
		return textElements(literal)
	}
	return 0, false
}

// elements counts the elements of ARRAY[...], those of nested arrays one by one.
func elements(a *pg_query.A_ArrayExpr) int {
	n := 0
	for _, e := range a.Elements {
		if inner := e.GetAArrayExpr(); inner != nil {
			n += elements(inner)
		} else {
			n++
		}
	}
	return n
}

// listFunctions are PostgreSQL's functions that take a list apart which is their
// argument, or make one of it.
var listFunctions = map[string]bool{
	"unnest": true, "string_to_array": true, "string_to_table": true, "regexp_split_to_array": true,
	"regexp_split_to_table": true, "json_array_elements": true, "json_array_elements_text": true,
	"jsonb_array_elements": true, "jsonb_array_elements_text": true, "json_to_recordset": true,
	"jsonb_to_recordset": true, "json_populate_recordset": true, "jsonb_populate_recordset": true,
	"json_each": true, "json_each_text": true, "jsonb_each": true, "jsonb_each_text": true,
	"json_object_keys": true, "jsonb_object_keys": true,
}

// listFunction returns the reach of a list that a function makes of what the client
// passes.
func (p *predicate) listFunction(f *pg_query.FuncCall) reach {
	name := relationNamed(parts(f.Funcname))
	if name.Schema != "" && name.Schema != "pg_catalog" {
		return wide(UnknownBreadth)
	}
	switch {
	case name.Name == "generate_series":
		return p.series(f.Args)
	case !listFunctions[name.Name]:
		return wide(UnknownBreadth)
	case len(f.Args) == 0:
		return wide(UnknownBreadth)
	case name.Name == "unnest":
		return p.longest(f.Args)
	}
	for _, arg := range f.Args {
		if !isWritten(arg) {
			return wide(UnknownBreadth)
		}
	}
	text, separator := f.Args[0], "" // at most as many elements as characters
	switch {
	case strings.HasPrefix(name.Name, "json"):
		text, separator = f.Args[len(f.Args)-1], ","
	case strings.HasPrefix(name.Name, "string") && len(f.Args) > 1:
		separator, _ = p.stringLiteral(f.Args[1])
	}
	return p.writtenList(text, separator)
}

// longest returns the reach of the rows of unnest, which are as many as the longest of its
// arrays has elements (documentation, 7.2.1.4).
func (p *predicate) longest(arrays []*pg_query.Node) reach {
	widest := p.list(arrays[0])
	for _, array := range arrays[1:] {
		switch r := p.list(array); {
		case r.breadth < widest.breadth:
			widest = r
		case r.breadth == widest.breadth && widest.values != 0 && (r.values == 0 || r.values > widest.values):
			widest = r
		}
	}
	return widest
}

// writtenList returns the reach of a list that is text, of which the separator parts the elements; a
// document has more commas than elements.
func (p *predicate) writtenList(n *pg_query.Node, separator string) reach {
	n = uncast(n)
	switch v, bound := p.binding().value(n); {
	case n.GetParamRef() != nil && p.premise.values == nil:
		return wide(Bounded) // the value says, when it comes
	case bound && !v.Null:
		return counted(float64(bytes.Count(v.Bytes, []byte(separator)) + 1))
	}
	if literal, ok := p.stringLiteral(n); ok {
		return counted(float64(strings.Count(literal, separator) + 1))
	}
	return wide(UnknownBreadth)
}

// series returns the reach of the values of generate_series.
func (p *predicate) series(args []*pg_query.Node) reach {
	if len(args) < 2 {
		return wide(UnknownBreadth)
	}
	from, to := p.quantity(args[0]), p.quantity(args[1])
	step := 1.0
	if len(args) > 2 {
		s := p.quantity(args[2])
		if s.kind != numberQuantity || s.low == 0 {
			return wide(UnknownBreadth)
		}
		step = s.low
	}
	if from.kind != numberQuantity || to.kind != numberQuantity {
		return wide(UnknownBreadth)
	}
	return counted((to.low-from.low)/step + 1)
}

// isWritten tells whether a value is a literal or parameter, however it is cast.
func isWritten(n *pg_query.Node) bool {
	n = uncast(n)
	return n.GetAConst() != nil || n.GetParamRef() != nil || n.GetAArrayExpr() != nil && !mayMakeRows(n)
}

// rowlessFunctions are functions that return one value for one call. Any other one may
// return a set, of as many rows as it likes.
var rowlessFunctions = map[string]bool{
	"now": true, "lower": true, "upper": true, "btrim": true, "ltrim": true, "rtrim": true, "md5": true,
	"abs": true, "length": true, "concat": true, "format": true, "replace": true, "substr": true, "substring": true,
	"nextval": true, "currval": true, "lastval": true, "current_setting": true, "date_trunc": true,
	"to_date": true, "to_timestamp": true, "to_char": true, "to_number": true, "timezone": true, "date": true,
	"make_interval": true, "make_date": true, "gen_random_uuid": true, "round": true, "floor": true, "ceil": true,
	"encode": true, "decode": true, "digest": true, "random": true,
	"min": true, "max": true, "count": true, "sum": true, "avg": true,
}

// mayMakeRows tells whether an expression calls a function that may return a set.
func mayMakeRows(n *pg_query.Node) bool {
	return n != nil && callsOther(n, rowlessFunctions)
}

// callsOther tells whether a tree calls a function that is not among those of
// pg_catalog's that are given.
func callsOther(m proto.Message, known map[string]bool) (found bool) {
	if f, ok := m.(*pg_query.FuncCall); ok {
		name := relationNamed(parts(f.Funcname))
		if name.Schema != "" && name.Schema != "pg_catalog" || !known[name.Name] {
			return true
		}
	}
	rawtree.Children(m, func(_ protoreflect.Name, child proto.Message) {
		found = found || callsOther(child, known)
	})
	return found
}
