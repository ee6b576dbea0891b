package parser

import (
	"strconv"
	"strings"
	"time"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// quantityKind is what is known of a value that does not come from the row.
type quantityKind uint8

const (
	opaqueQuantity    quantityKind = iota // nothing: a function, a sub-select
	parameterQuantity                     // nothing yet: $1
	textQuantity                          // a string, whatever the type of the column makes of it
	numberQuantity
	dateQuantity     // seconds since 1970
	nowQuantity      // seconds since now
	intervalQuantity // seconds
)

// quantity is a value, as far as the text tells. It lies between low and high, which
// differ where it is only roughly known: date_trunc('month', now()).
type quantity struct {
	kind      quantityKind
	low, high float64
	text      string
	sinceNow  bool // of a parameterQuantity: it is added to now, or taken away
	untyped   bool // of a textQuantity: the value of a parameter without a type
}

func number(n float64) quantity { return quantity{kind: numberQuantity, low: n, high: n} }

// day is the seconds of a day.
const day = 24 * 60 * 60

// quantity looks at a value that does not come from the row.
func (p *predicate) quantity(n *pg_query.Node) quantity {
	p.steps++
	switch {
	case n.GetAConst() != nil:
		return p.literalQuantity(n.GetAConst())
	case n.GetParamRef() != nil:
		return quantity{kind: parameterQuantity}
	case n.GetTypeCast() != nil:
		return p.castQuantity(n.GetTypeCast())
	case n.GetCollateClause() != nil:
		return p.quantity(n.GetCollateClause().Arg)
	case n.GetRowExpr() != nil && len(n.GetRowExpr().Args) > 0: // ordered by its first part
		return p.quantity(n.GetRowExpr().Args[0])
	case isScalar(n.GetSubLink()):
		return p.quantity(expressionOf(n.GetSubLink().Subselect.GetSelectStmt()))
	case n.GetSqlvalueFunction() != nil:
		return clock(n.GetSqlvalueFunction())
	case n.GetFuncCall() != nil:
		return p.functionQuantity(n.GetFuncCall())
	case n.GetAExpr() != nil && n.GetAExpr().Kind == pg_query.A_Expr_Kind_AEXPR_OP:
		return p.computed(n.GetAExpr())
	}
	return quantity{}
}

func (p *predicate) literalQuantity(c *pg_query.A_Const) quantity {
	p.literalDependent = true
	switch {
	case c.GetIval() != nil:
		return number(float64(c.GetIval().Ival))
	case c.GetFval() != nil:
		if f, err := strconv.ParseFloat(strings.ReplaceAll(c.GetFval().Fval, "_", ""), 64); err == nil {
			return number(f)
		}
	case c.GetSval() != nil:
		return quantity{kind: textQuantity, text: strings.TrimSpace(c.GetSval().Sval)}
	}
	return quantity{}
}

// castQuantity reads a string as the type says that it is cast to.
func (p *predicate) castQuantity(c *pg_query.TypeCast) quantity {
	q := p.quantity(c.Arg)
	if _, ok := undeterminedCast(c); ok {
		q.untyped = true
		return q
	}
	names := parts(c.TypeName.GetNames())
	if len(names) == 0 {
		return quantity{}
	}
	switch names[len(names)-1] {
	case "interval":
		return q.asInterval(intervalField(c.TypeName))
	case "date", "timestamp", "timestamptz":
		if q.kind == textQuantity {
			return q.asDate()
		}
		if q.kind == nowQuantity || q.kind == dateQuantity {
			q.low -= day
		}
	case "int2", "int4", "int8", "numeric", "float4", "float8":
		if q.kind == textQuantity {
			return q.asNumber()
		}
	case "text", "varchar", "uuid":
	default: // who knows how the values of another type are ordered
		if q.kind != parameterQuantity {
			return quantity{}
		}
	}
	return q
}

// clock looks at CURRENT_DATE and its like.
func clock(f *pg_query.SQLValueFunction) quantity {
	switch f.Op {
	case pg_query.SQLValueFunctionOp_SVFOP_CURRENT_DATE:
		return quantity{kind: nowQuantity, low: -day}
	case pg_query.SQLValueFunctionOp_SVFOP_CURRENT_TIMESTAMP, pg_query.SQLValueFunctionOp_SVFOP_CURRENT_TIMESTAMP_N,
		pg_query.SQLValueFunctionOp_SVFOP_LOCALTIMESTAMP, pg_query.SQLValueFunctionOp_SVFOP_LOCALTIMESTAMP_N:
		return quantity{kind: nowQuantity}
	}
	return quantity{}
}

// truncations is how far date_trunc may move a point in time back, in days
// (documentation, 9.9.2).
var truncations = map[string]float64{
	"microseconds": 1, "milliseconds": 1, "second": 1, "minute": 1, "hour": 1, "day": 1,
	"week": 7, "month": 31, "quarter": 92, "year": 366,
}

func (p *predicate) functionQuantity(f *pg_query.FuncCall) quantity {
	name := relationNamed(parts(f.Funcname))
	if name.Schema != "" && name.Schema != "pg_catalog" {
		return quantity{}
	}
	switch name.Name {
	case "now", "transaction_timestamp", "statement_timestamp", "clock_timestamp":
		return quantity{kind: nowQuantity}
	case "date_trunc":
		if len(f.Args) < 2 {
			return quantity{}
		}
		q := p.quantity(f.Args[1])
		unit, _ := p.stringLiteral(f.Args[0])
		days, ok := truncations[strings.ToLower(unit)]
		if ok && (q.kind == nowQuantity || q.kind == dateQuantity) {
			q.low -= days * day
			return q
		}
	case "timezone": // AT TIME ZONE
		if len(f.Args) == 2 {
			q := p.quantity(f.Args[1])
			q.low, q.high = q.low-day, q.high+day
			return q
		}
	}
	return quantity{}
}

// computed looks at a sum, a difference or a product.
func (p *predicate) computed(e *pg_query.A_Expr) quantity {
	names := parts(e.Name)
	if e.Lexpr == nil || len(names) != 1 {
		return quantity{}
	}
	a, b := p.quantity(e.Lexpr), p.quantity(e.Rexpr)
	switch names[0] {
	case "+":
		return a.plus(b)
	case "-":
		return a.plus(b.negative())
	case "*":
		if a.kind == numberQuantity && b.kind == numberQuantity {
			return number(a.low * b.low)
		}
		if a.kind == intervalQuantity {
			a, b = b, a
		}
		if a.kind == numberQuantity && a.low >= 0 && b.kind == intervalQuantity {
			return quantity{kind: intervalQuantity, low: a.low * b.low, high: a.low * b.high}
		}
	}
	return quantity{}
}

func (q quantity) negative() quantity {
	if q.kind == textQuantity {
		q = q.asInterval("")
	}
	q.low, q.high = -q.high, -q.low
	return q
}

func (q quantity) plus(o quantity) quantity {
	if o.kind == textQuantity {
		o = o.asInterval("")
	}
	if q.kind == intervalQuantity && o.kind != intervalQuantity {
		q, o = o, q
	}
	switch {
	case q.kind == parameterQuantity || o.kind == parameterQuantity:
		return quantity{kind: parameterQuantity, sinceNow: q.sinceNow || o.sinceNow || q.kind == nowQuantity || o.kind == nowQuantity}
	case (q.kind == nowQuantity || q.kind == dateQuantity) && o.kind == numberQuantity: // a date and days
		o.low, o.high = o.low*day, o.high*day
	case o.kind != intervalQuantity && (q.kind != numberQuantity || o.kind != numberQuantity):
		return quantity{}
	case q.kind == numberQuantity && o.kind == intervalQuantity, q.kind == textQuantity, q.kind == opaqueQuantity:
		return quantity{}
	}
	q.low, q.high = q.low+o.low, q.high+o.high
	return q
}

// asNumber reads a string as a number; it stays text where it is none.
func (q quantity) asNumber() quantity {
	if n, err := strconv.ParseFloat(q.text, 64); err == nil && strings.ContainsAny(q.text, "0123456789") {
		return number(n)
	}
	return q
}

// dateLayouts are the forms in which programs write dates: with a time or without, and
// with a zone or without.
var dateLayouts = func() []string {
	layouts := []string{time.DateOnly}
	for _, clock := range []string{" 15:04", " 15:04:05", "T15:04", "T15:04:05"} {
		for _, zone := range []string{"", "Z07:00", "-07", "-0700", " MST"} {
			layouts = append(layouts, time.DateOnly+clock+zone)
		}
	}
	return layouts
}()

// asDate reads a string as a date, leaving a day either way for its time zone.
func (q quantity) asDate() quantity {
	switch strings.ToLower(q.text) {
	case "now":
		return quantity{kind: nowQuantity}
	case "today", "yesterday", "tomorrow":
		return quantity{kind: nowQuantity, low: -2 * day, high: day}
	}
	for _, layout := range dateLayouts {
		if t, err := time.Parse(layout, q.text); err == nil {
			return quantity{kind: dateQuantity, low: float64(t.Unix()), high: float64(t.Unix())}
		}
	}
	return q
}
