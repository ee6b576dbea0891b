package parser

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/pgcordon/pgcordon/parser/rawtree"
)

// parameterUse looks for parameters whose value can change what a statement does.
//
// Most cannot: what is written into a row, and what a column is compared with. WHERE
// id = $1 is an equality whatever $1 is (with NULL it reaches nothing), id > $1 an open
// range. Two limits together are different, for they may be further apart than any
// row, and so is every other place.
type parameterUse struct {
	values binding // those of them that are known do not count
	found  bool
	// limited is set where a parameter is one limit of a column; lower and upper,
	// where there are limits on these sides at all.
	limited, lower, upper bool
}

// dependsOnParameters tells whether the values of parameters, beyond those that are
// known, can change the acts of a statement.
func dependsOnParameters(n *pg_query.Node, known binding) bool {
	u := &parameterUse{values: known}
	u.node(n, context{idle: true})
	return u.found || u.limited && u.lower && u.upper
}

// context is where in a statement a node is.
type context struct {
	// idle is set where no value matters, as in the rows of an INSERT.
	idle bool
	// deep is set inside what is more than AND, OR and NOT: there a comparison may be
	// looked at for NULL, (id = $1) IS NOT TRUE.
	deep bool
}

func (u *parameterUse) node(n *pg_query.Node, c context) {
	if n != nil {
		u.message(n, c)
	}
}

func (u *parameterUse) message(m proto.Message, c context) {
	switch n := m.(type) {
	case *pg_query.ParamRef:
		u.found = u.found || !c.idle && !u.values.has(n)
	case *pg_query.CreateFunctionStmt: // its parameters are its own
	case *pg_query.DeleteStmt, *pg_query.UpdateStmt, *pg_query.MergeStmt, *pg_query.MergeWhenClause:
		u.children(m, context{}, "returning_list", "target_list", "values")
	case *pg_query.WithClause: // its tables may be looked at from anywhere
		u.children(m, context{})
	case *pg_query.InsertStmt:
		u.children(m, context{idle: true})
	case *pg_query.SelectStmt:
		u.query(n, context{idle: c.idle && len(n.LockingClause) == 0, deep: c.deep})
	case *pg_query.FuncCall:
		names := relationNamed(parts(n.Funcname))
		u.children(m, context{idle: c.idle && functionEffects(names.Schema, names.Name) == 0, deep: true})
	case *pg_query.ResTarget:
		if c.deep || !isGiven(n.Val) {
			u.node(n.Val, c)
		}
	case *pg_query.A_Expr:
		if c.deep || !u.comparison(n, c) {
			u.children(m, context{idle: c.idle, deep: true})
		}
	default:
		u.children(m, context{idle: c.idle, deep: c.deep || !isTransparent(m)})
	}
}

// query looks at a SELECT or VALUES.
func (u *parameterUse) query(n *pg_query.SelectStmt, c context) {
	u.children(n, c, "values_lists")
	for _, row := range n.ValuesLists {
		for _, value := range row.GetList().GetItems() {
			if c.deep || !isGiven(value) {
				u.node(value, c)
			}
		}
	}
}

// isTransparent tells whether a condition inside a node is one of the statement.
func isTransparent(m proto.Message) bool {
	switch m.(type) {
	case *pg_query.Node, *pg_query.List, *pg_query.BoolExpr, *pg_query.SubLink,
		*pg_query.JoinExpr, *pg_query.RangeSubselect, *pg_query.CommonTableExpr,
		*pg_query.ExplainStmt, *pg_query.PrepareStmt, *pg_query.CopyStmt, *pg_query.CreateTableAsStmt:
		return true
	}
	return false
}

func (u *parameterUse) children(m proto.Message, c context, except ...protoreflect.Name) {
	rawtree.Children(m, func(field protoreflect.Name, child proto.Message) {
		if !slices.Contains(except, field) {
			u.message(child, c)
		}
	})
}

// comparison tells whether an operator compares columns with what is given, where the
// value makes no difference.
func (u *parameterUse) comparison(e *pg_query.A_Expr, c context) bool {
	l, r, op := e.Lexpr, e.Rexpr, comparatorOf(e.Name)
	switch e.Kind {
	case pg_query.A_Expr_Kind_AEXPR_IN:
		return isColumn(l) && !slices.ContainsFunc(r.GetList().GetItems(), func(n *pg_query.Node) bool { return !isGiven(n) })
	case pg_query.A_Expr_Kind_AEXPR_DISTINCT, pg_query.A_Expr_Kind_AEXPR_NOT_DISTINCT, pg_query.A_Expr_Kind_AEXPR_OP:
	default:
		return false
	}
	if isColumn(r) {
		l, r, op = r, l, op.mirrored()
	}
	if !isColumn(l) || !isGiven(r) {
		return false
	}
	switch op {
	case equal, unequal:
		return true
	case above:
		u.lower = true
	case below:
		u.upper = true
	default:
		return false
	}
	u.limited = u.limited || !c.idle && u.hasParameter(r)
	return true
}

// isColumn tells whether a node is a column, or columns in brackets.
func isColumn(n *pg_query.Node) bool {
	switch f := n.GetFuncCall(); {
	case n.GetColumnRef() != nil:
		return true
	case n.GetTypeCast() != nil:
		return !isBoolean(n.GetTypeCast()) && isColumn(n.GetTypeCast().Arg)
	case n.GetRowExpr() != nil:
		return !slices.ContainsFunc(n.GetRowExpr().Args, func(n *pg_query.Node) bool { return !isColumn(n) })
	case f != nil:
		return len(f.Args) == 1 && keepsApart(parts(f.Funcname)) && isColumn(f.Args[0])
	}
	return false
}

// isGiven tells whether a node is a parameter or a literal, or several in brackets.
func isGiven(n *pg_query.Node) bool {
	switch {
	case n.GetTypeCast() != nil:
		return !isBoolean(n.GetTypeCast()) && isGiven(n.GetTypeCast().Arg)
	case n.GetRowExpr() != nil:
		return !slices.ContainsFunc(n.GetRowExpr().Args, func(n *pg_query.Node) bool { return !isGiven(n) })
	}
	return n.GetParamRef() != nil || n.GetAConst() != nil
}

func (u *parameterUse) hasParameter(n *pg_query.Node) bool {
	p := uncast(n).GetParamRef()
	return p != nil && !u.values.has(p) || slices.ContainsFunc(n.GetRowExpr().GetArgs(), u.hasParameter)
}
