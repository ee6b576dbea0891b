package parser

import pg_query "github.com/pganalyze/pg_query_go/v6"

// verdict is a truth value of SQL, or that the text does not tell.
type verdict uint8

const (
	undecided verdict = iota
	isTrue
	isFalse
	isNull
)

func (v verdict) not() verdict {
	switch v {
	case isTrue:
		return isFalse
	case isFalse:
		return isTrue
	}
	return v
}

func truth(b bool) verdict {
	if b {
		return isTrue
	}
	return isFalse
}

// fold evaluates a condition on literals. It may leave one undecided, but what it
// decides must be what the server decides, for a condition that is never true
// lets a statement pass.
func (p *predicate) fold(n *pg_query.Node) verdict {
	p.steps++
	switch {
	case n.GetAConst() != nil:
		return p.foldLiteral(n.GetAConst())
	case n.GetTypeCast() != nil:
		return p.foldCast(n.GetTypeCast())
	case n.GetBoolExpr() != nil:
		return p.foldBool(n.GetBoolExpr())
	case n.GetAExpr() != nil:
		return p.foldOperator(n.GetAExpr())
	case n.GetNullTest() != nil:
		v := truth(isNullLiteral(n.GetNullTest().Arg))
		if v == isFalse && n.GetNullTest().Arg.GetAConst() == nil {
			return undecided
		}
		if n.GetNullTest().Nulltesttype == pg_query.NullTestType_IS_NOT_NULL {
			v = v.not()
		}
		return v
	case n.GetBooleanTest() != nil:
		return p.foldTest(n.GetBooleanTest())
	}
	return undecided
}

func (p *predicate) foldLiteral(c *pg_query.A_Const) verdict {
	switch {
	case c.Isnull:
		return isNull
	case c.GetBoolval() != nil:
		return truth(c.GetBoolval().Boolval)
	case c.GetSval() != nil:
		p.literalDependent = true
		switch c.GetSval().Sval { // what parse_bool in bool.c takes, in part
		case "t", "true", "yes", "on", "1":
			return isTrue
		case "f", "false", "no", "off", "0":
			return isFalse
		}
	}
	return undecided
}

func (p *predicate) foldCast(t *pg_query.TypeCast) verdict {
	if isNullLiteral(t.Arg) {
		return isNull
	}
	if _, untyped := undeterminedCast(t); untyped {
		return p.fold(t.Arg) // a boolean, since one is expected here
	}
	if !isBoolean(t) {
		return undecided
	}
	if c := t.Arg.GetAConst(); c.GetIval() != nil {
		p.literalDependent = true
		return truth(c.GetIval().Ival != 0)
	}
	return p.fold(t.Arg)
}

func (p *predicate) foldBool(b *pg_query.BoolExpr) verdict {
	if b.Boolop == pg_query.BoolExprType_NOT_EXPR {
		return p.fold(b.Args[0]).not()
	}
	// AND; OR is its mirror image by De Morgan.
	or := b.Boolop == pg_query.BoolExprType_OR_EXPR
	result := isTrue
	for _, arg := range b.Args {
		v := p.fold(arg)
		if or {
			v = v.not()
		}
		switch {
		case v == isFalse:
			result = isFalse
		case result != isFalse && (v == undecided || result == undecided):
			result = undecided
		case result == isTrue:
			result = v
		}
	}
	if or {
		return result.not()
	}
	return result
}

// foldOperator compares two whole numbers, or two strings for equality.
func (p *predicate) foldOperator(e *pg_query.A_Expr) verdict {
	l, r := e.Lexpr.GetAConst(), e.Rexpr.GetAConst()
	if e.Kind != pg_query.A_Expr_Kind_AEXPR_OP || l == nil || r == nil {
		return undecided
	}
	names := parts(e.Name)
	op := names[len(names)-1]
	switch {
	case comparatorOf(e.Name) == unmeasured:
		return undecided
	case l.Isnull || r.Isnull:
		return isNull
	case l.GetIval() != nil && r.GetIval() != nil:
		p.literalDependent = true
		return compareInts(op, l.GetIval().Ival, r.GetIval().Ival)
	case l.GetSval() != nil && r.GetSval() != nil && (op == "=" || op == "<>"):
		p.literalDependent = true
		return truth((l.GetSval().Sval == r.GetSval().Sval) == (op == "="))
	}
	return undecided
}

func compareInts(op string, l, r int32) verdict {
	switch op {
	case "=":
		return truth(l == r)
	case "<>":
		return truth(l != r)
	case "<":
		return truth(l < r)
	case "<=":
		return truth(l <= r)
	case ">":
		return truth(l > r)
	case ">=":
		return truth(l >= r)
	}
	return undecided
}

func (p *predicate) foldTest(t *pg_query.BooleanTest) verdict {
	v := p.fold(t.Arg)
	if v == undecided {
		return undecided
	}
	switch t.Booltesttype {
	case pg_query.BoolTestType_IS_TRUE:
		return truth(v == isTrue)
	case pg_query.BoolTestType_IS_NOT_TRUE:
		return truth(v != isTrue)
	case pg_query.BoolTestType_IS_FALSE:
		return truth(v == isFalse)
	case pg_query.BoolTestType_IS_NOT_FALSE:
		return truth(v != isFalse)
	case pg_query.BoolTestType_IS_UNKNOWN:
		return truth(v == isNull)
	case pg_query.BoolTestType_IS_NOT_UNKNOWN:
		return truth(v != isNull)
	}
	return undecided
}
