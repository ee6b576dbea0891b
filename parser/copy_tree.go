package parser

import (
	"errors"
	"fmt"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/pgcordon/pgcordon/parser/rawtree"
)

// selectAll is SELECT table.* FROM table LIMIT rows.
func (k copier) selectAll(table *pg_query.RangeVar) *pg_query.SelectStmt {
	star := &pg_query.ColumnRef{Fields: []*pg_query.Node{
		pg_query.MakeStrNode(called(table)), {Node: &pg_query.Node_AStar{AStar: &pg_query.A_Star{}}},
	}}
	return &pg_query.SelectStmt{
		TargetList:  column(&pg_query.Node{Node: &pg_query.Node_ColumnRef{ColumnRef: star}}),
		FromClause:  []*pg_query.Node{rangeVar(table)},
		LimitCount:  pg_query.MakeAConstIntNode(int64(k.rows), 0),
		LimitOption: pg_query.LimitOption_LIMIT_OPTION_COUNT,
		Op:          pg_query.SetOperation_SETOP_NONE,
	}
}

// exists is EXISTS (SELECT 1 FROM from WHERE where).
func exists(from []*pg_query.Node, where *pg_query.Node) *pg_query.Node {
	s := &pg_query.SelectStmt{
		TargetList: column(pg_query.MakeAConstIntNode(1, 0)), FromClause: from, WhereClause: where,
		LimitOption: pg_query.LimitOption_LIMIT_OPTION_DEFAULT, Op: pg_query.SetOperation_SETOP_NONE,
	}
	return &pg_query.Node{Node: &pg_query.Node_SubLink{SubLink: &pg_query.SubLink{
		SubLinkType: pg_query.SubLinkType_EXISTS_SUBLINK, Subselect: &pg_query.Node{Node: &pg_query.Node_SelectStmt{SelectStmt: s}},
	}}}
}

// locking is FOR UPDATE OF table, or a weaker one.
func locking(table string, strength pg_query.LockClauseStrength) []*pg_query.Node {
	of := rangeVar(&pg_query.RangeVar{Relname: table, Inh: true, Relpersistence: "p"})
	return []*pg_query.Node{{Node: &pg_query.Node_LockingClause{LockingClause: &pg_query.LockingClause{
		LockedRels: []*pg_query.Node{of}, Strength: strength, WaitPolicy: pg_query.LockWaitPolicy_LockWaitBlock,
	}}}}
}

// called is the name by which a statement means a table of its own.
func called(table *pg_query.RangeVar) string {
	if alias := table.GetAlias().GetAliasname(); alias != "" {
		return alias
	}
	return table.Relname
}

func column(value *pg_query.Node) []*pg_query.Node {
	return []*pg_query.Node{pg_query.MakeResTargetNodeWithVal(value, 0)}
}

func rangeVar(r *pg_query.RangeVar) *pg_query.Node {
	return &pg_query.Node{Node: &pg_query.Node_RangeVar{RangeVar: r}}
}

// deparsed returns the text of a SELECT, once it is sure that it has the same tree.
func (k copier) deparsed(s *pg_query.SelectStmt) (string, error) {
	stmt := &pg_query.Node{Node: &pg_query.Node_SelectStmt{SelectStmt: s}}
	text, err := pg_query.Deparse(&pg_query.ParseResult{Version: k.version, Stmts: []*pg_query.RawStmt{{Stmt: stmt}}})
	if err != nil {
		return "", fmt.Errorf("the copy cannot be put into words: %w", err)
	}
	again, err := rawtree.Parse(text)
	if err != nil || len(again.Stmts) != 1 {
		return "", errors.New("the copy cannot be put into words")
	}
	read, meant := again.Stmts[0].Stmt, proto.Clone(stmt)
	unplace(read.ProtoReflect())
	unplace(meant.ProtoReflect())
	if !proto.Equal(read, meant) {
		return "", errors.New("the copy cannot be put into the same words")
	}
	return text, nil
}

// unplace forgets where the parts of a tree stand in its text.
func unplace(m protoreflect.Message) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.Name() == "location":
			m.Clear(f)
		case f.IsList() && f.Message() != nil:
			for i := range v.List().Len() {
				unplace(v.List().Get(i).Message())
			}
		case f.Message() != nil:
			unplace(v.Message())
		}
		return true
	})
}
