package parser

import (
	"strconv"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/pgcordon/pgcordon/parser/rawtree"
)

// binding puts the values of parameters into a tree, so that it is judged as if the
// client had written them, and takes out what is decided by them, or by literals that
// a client wrote there itself. What cannot be read, and every array, stays a parameter.
type binding struct {
	values  []Value
	literal *bool // set where the value of a literal was looked at
}

// in replaces what is inside a node, innermost first. A function's body has parameters
// of its own.
func (b binding) in(m proto.Message) {
	if _, isBody := m.(*pg_query.CreateFunctionStmt); isBody {
		return
	}
	rawtree.Children(m, func(_ protoreflect.Name, child proto.Message) { b.in(child) })
	if n, ok := m.(*pg_query.Node); ok {
		if simpler := b.simplify(n); simpler != nil {
			n.Node = simpler.Node
		}
	}
}

// simplify returns what a node is with the values known, nil where that is no simpler.
func (b binding) simplify(n *pg_query.Node) *pg_query.Node {
	switch e := n.GetAExpr(); {
	case n.GetParamRef() != nil:
		if v, ok := b.value(n); ok {
			return v.constant()
		}
	case n.GetTypeCast() != nil:
		return castString(n.GetTypeCast())
	case n.GetNullTest() != nil:
		return b.nullTest(n.GetNullTest())
	case n.GetCoalesceExpr() != nil:
		return b.coalesce(n.GetCoalesceExpr())
	case n.GetFuncCall() != nil:
		return b.length(n.GetFuncCall())
	case e != nil && (e.Kind == pg_query.A_Expr_Kind_AEXPR_OP_ANY || e.Kind == pg_query.A_Expr_Kind_AEXPR_OP_ALL):
		return b.array(e)
	case e != nil && e.Kind == pg_query.A_Expr_Kind_AEXPR_NULLIF:
		return b.nullIf(e)
	case e != nil && e.Kind == pg_query.A_Expr_Kind_AEXPR_OP:
		return b.comparison(e)
	}
	return nil
}

// value returns the value of a parameter, through casts.
func (b binding) value(n *pg_query.Node) (Value, bool) {
	p := uncast(n).GetParamRef()
	if p == nil || !b.has(p) {
		return Value{}, false
	}
	return b.values[p.Number-1], true
}

// has tells whether the value of a parameter is known.
func (b binding) has(p *pg_query.ParamRef) bool {
	return p.Number >= 1 && int(p.Number) <= len(b.values) && !b.values[p.Number-1].Any
}

func uncast(n *pg_query.Node) *pg_query.Node {
	for n.GetTypeCast() != nil {
		n = n.GetTypeCast().Arg
	}
	return n
}

// castString makes '5'::unknown::int '5'::int: a parameter without a type takes that of
// its cast (variable_coerce_param_hook in src/backend/parser/parse_param.c).
func castString(c *pg_query.TypeCast) *pg_query.Node {
	if s, ok := undetermined(c.Arg); ok {
		c.Arg = pg_query.MakeAConstStrNode(s, -1)
	}
	return nil
}

// undetermined returns the value of a parameter whose type is not known.
func undetermined(n *pg_query.Node) (string, bool) {
	return undeterminedCast(n.GetTypeCast())
}

func undeterminedCast(c *pg_query.TypeCast) (string, bool) {
	if names := parts(c.GetTypeName().GetNames()); len(names) != 2 || names[1] != typeNames[unknownType] {
		return "", false
	}
	return c.Arg.GetAConst().GetSval().GetSval(), true
}

// nullTest decides IS [NOT] NULL on a value. A row of nulls is null itself, so what may
// be a row is left alone.
func (b binding) nullTest(t *pg_query.NullTest) *pg_query.Node {
	wantsNull := t.Nulltesttype == pg_query.NullTestType_IS_NULL
	if isNullLiteral(t.Arg) {
		return booleanNode(wantsNull)
	}
	if s, ok := undetermined(t.Arg); ok && strings.HasPrefix(s, "(") {
		return nil
	}
	if c := uncast(t.Arg).GetAConst(); c != nil {
		return booleanNode(!wantsNull)
	}
	v, ok := b.value(t.Arg)
	if !ok || len(v.Bytes) > 0 && (v.Bytes[0] == '(' || v.Binary && v.Bytes[0] == 0) {
		return nil
	}
	return booleanNode(!wantsNull)
}

// coalesce takes off the arguments that are NULL, and what stands behind one that is
// not.
func (b binding) coalesce(c *pg_query.CoalesceExpr) *pg_query.Node {
	args := c.Args[:0]
	for _, arg := range c.Args {
		if isNullLiteral(arg) {
			continue
		}
		args = append(args, arg)
		if uncast(arg).GetAConst() != nil {
			break
		}
	}
	switch len(args) {
	case 0:
		return Value{Null: true}.constant()
	case 1:
		return args[0]
	}
	c.Args = args
	return nil
}

// length decides how many elements an array has.
func (b binding) length(f *pg_query.FuncCall) *pg_query.Node {
	if names := parts(f.Funcname); len(f.Args) != 1 || names[len(names)-1] != "cardinality" {
		return nil
	}
	v, ok := b.value(f.Args[0])
	if n, known := v.elements(); ok && known {
		return pg_query.MakeAConstIntNode(int64(n), -1)
	}
	return nil
}

// array decides op ANY and op ALL where there is no array, or nothing in it.
func (b binding) array(e *pg_query.A_Expr) *pg_query.Node {
	if isNullLiteral(e.Rexpr) {
		return Value{Null: true}.constant()
	}
	v, ok := b.value(e.Rexpr)
	if n, known := v.elements(); ok && known && n == 0 {
		return booleanNode(e.Kind == pg_query.A_Expr_Kind_AEXPR_OP_ALL)
	}
	return nil
}

// nullIf decides NULLIF (”, ...), with which clients say that there is no filter.
func (b binding) nullIf(e *pg_query.A_Expr) *pg_query.Node {
	same := b.same(e.Lexpr, e.Rexpr)
	switch {
	case isNullLiteral(e.Lexpr), same == isTrue:
		return Value{Null: true}.constant()
	case isNullLiteral(e.Rexpr), same == isFalse:
		return e.Lexpr
	}
	return nil
}

// comparison decides = and <> on strings, among them values whose type is not known.
func (b binding) comparison(e *pg_query.A_Expr) *pg_query.Node {
	c := comparatorOf(e.Name)
	if c == equal && e.Lexpr != nil && (isWrittenNull(e.Lexpr) || isWrittenNull(e.Rexpr)) {
		return isNullNode(e)
	}
	if e.Lexpr == nil || c != equal && c != unequal {
		return nil
	}
	same := b.same(e.Lexpr, e.Rexpr)
	if same == undecided {
		return nil
	}
	return booleanNode((same == isTrue) == (c == equal))
}

// isWrittenNull tells whether a node is the word NULL, and not a parameter without a
// value.
func isWrittenNull(n *pg_query.Node) bool {
	return n.GetAConst().GetIsnull() && n.GetAConst().Location >= 0
}

// isNullNode takes x = NULL for x IS NULL, which it is where transform_null_equals is on;
// otherwise it is never true (transformAExprOp in src/backend/parser/parse_expr.c).
func isNullNode(e *pg_query.A_Expr) *pg_query.Node {
	x := e.Lexpr
	if isWrittenNull(x) {
		x = e.Rexpr
	}
	return &pg_query.Node{Node: &pg_query.Node_NullTest{NullTest: &pg_query.NullTest{
		Arg: x, Nulltesttype: pg_query.NullTestType_IS_NULL,
	}}}
}

// same compares two strings, or a string with a number, which makes it one. A value
// whose type is not known differs for sure from the empty string alone, unless it is
// blank: '1 day' equals '24:00' as an interval.
func (b binding) same(l, r *pg_query.Node) verdict {
	left, vague, isString := stringConstant(l)
	right, alsoVague, alsoString := stringConstant(r)
	if isString || alsoString {
		*b.literal = true
	}
	switch {
	case isString && r.GetAConst().GetIval() != nil:
		return sameNumber(left, r)
	case alsoString && l.GetAConst().GetIval() != nil:
		return sameNumber(right, l)
	case !isString || !alsoString:
		return undecided
	case left == right:
		return isTrue
	case !vague && !alsoVague || left == "" && strings.TrimSpace(right) != "" || right == "" && strings.TrimSpace(left) != "":
		return isFalse
	}
	return undecided
}

func sameNumber(text string, n *pg_query.Node) verdict {
	value, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return undecided
	}
	return truth(int32(value) == n.GetAConst().GetIval().Ival)
}

// stringConstant returns the string that a node is; vague is set where its type is not
// known.
func stringConstant(n *pg_query.Node) (s string, vague, ok bool) {
	if s, ok = undetermined(n); ok {
		return s, true, true
	}
	c := n.GetAConst()
	return c.GetSval().GetSval(), false, c.GetSval() != nil
}
