package parser

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// containment measures @>, <@ and && of a column with a literal: arrays and documents
// contain what is asked for as a column equals a value, but every one of them contains
// nothing at all. ok is false for any other operator.
func (p *predicate) containment(e *pg_query.A_Expr, negated bool) (t term, ok bool) {
	names := parts(e.Name)
	if len(names) == 0 || len(names) > 1 && names[0] != "pg_catalog" {
		return term{}, false
	}
	op, l, r := names[len(names)-1], e.Lexpr, e.Rexpr
	switch op {
	case "@>", "<@", "&&":
	default:
		return term{}, false
	}
	if p.operand(l).kind == givenOperand {
		l, r = r, l
		op = map[string]string{"@>": "<@", "<@": "@>", "&&": "&&"}[op]
	}
	column := p.operand(l)
	if column.kind != columnOperand || p.operand(r).kind != givenOperand {
		return term{reach: wide(UnknownBreadth)}, true
	}
	t = term{reach: p.contained(op, r), loose: column.loose}
	if negated {
		t.reach = wide(OpenRange)
	}
	return t, true
}

// contained measures column op value.
func (p *predicate) contained(op string, value *pg_query.Node) reach {
	value = uncast(value)
	if r, ok := p.rangeOf(value); ok {
		switch {
		case op == "@>": // the rows whose own range holds the value's
			return wide(UnknownBreadth)
		case r.open:
			return wide(OpenRange)
		}
		return apart(r.lower, r.upper)
	}
	literal, isText := p.stringLiteral(value)
	n, isArray := p.arrayLength(value)
	if value.GetAArrayExpr() != nil {
		n, isArray = elements(value.GetAArrayExpr()), true
	}
	empty := isArray && n == 0 || isText && strings.Trim(literal, "{}[] \t\r\n") == ""
	switch {
	case op == "<@": // an empty array is in every other
		return wide(UnknownBreadth)
	case op == "@>" && empty:
		return wide(Tautology)
	case op == "@>" && (isText || isArray):
		return one
	case op == "&&" && empty:
		return none // never true
	case op == "&&":
		return p.list(value)
	}
	return wide(UnknownBreadth)
}

// rangeFunctions make a range of its two bounds.
var rangeFunctions = map[string]bool{
	"int4range": true, "int8range": true, "numrange": true, "daterange": true, "tsrange": true, "tstzrange": true,
}

// extent is a range as a value; open where a side of it has no bound.
type extent struct {
	lower, upper quantity
	open         bool
}

// rangeOf reads a range: a call of its function, or a literal as range_in takes it
// (rangetypes.c).
func (p *predicate) rangeOf(n *pg_query.Node) (extent, bool) {
	if f := n.GetFuncCall(); f != nil {
		name := parts(f.Funcname)
		if len(name) == 0 || !rangeFunctions[name[len(name)-1]] || len(f.Args) < 2 {
			return extent{}, false
		}
		return extent{p.quantity(f.Args[0]), p.quantity(f.Args[1]), isNullLiteral(f.Args[0]) || isNullLiteral(f.Args[1])}, true
	}
	literal, isText := p.stringLiteral(n)
	literal = strings.TrimSpace(literal)
	if !isText || len(literal) < 3 || !strings.Contains("[(", literal[:1]) || !strings.Contains("])", literal[len(literal)-1:]) {
		return extent{}, false
	}
	from, to, comma := strings.Cut(literal[1:len(literal)-1], ",")
	from, to = strings.Trim(from, "\" \t"), strings.Trim(to, "\" \t")
	return extent{textOrNumber(from), textOrNumber(to), from == "" || to == ""}, comma
}

func textOrNumber(text string) quantity {
	return quantity{kind: textQuantity, text: text}.asNumber()
}
