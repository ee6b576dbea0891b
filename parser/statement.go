package parser

import (
	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
)

// statement judges a statement, at the top or inside another one. Each case
// records its acts and visits what is inside; statements that need nothing but a
// name and an effect are in the table of utility.go.
func (w *walker) statement(m proto.Message) {
	saved := w.reading
	w.reading = false
	switch n := m.(type) {
	case *pg_query.SelectStmt:
		w.selects(n)
	case *pg_query.InsertStmt:
		w.changes++
		w.inserts(n)
	case *pg_query.UpdateStmt:
		w.changes++
		w.updates(n)
	case *pg_query.DeleteStmt:
		w.changes++
		w.deletes(n)
	case *pg_query.MergeStmt:
		w.changes++
		w.merges(n)
	case *pg_query.TruncateStmt:
		w.truncates(n)
	case *pg_query.LockStmt:
		w.locksTable(n)
	case *pg_query.DropStmt:
		w.drops(n)
	case *pg_query.AlterDomainStmt:
		w.altersDomain(n)
	case *pg_query.AlterTableStmt:
		w.altersTable(n)
	case *pg_query.GrantStmt:
		w.grants(n)
	case *pg_query.CopyStmt:
		w.copies(n)
	case *pg_query.ExplainStmt:
		w.explains(n)
	case *pg_query.PrepareStmt:
		w.prepares(n)
	case *pg_query.ExecuteStmt:
		w.executes(n)
	case *pg_query.DeallocateStmt:
		w.deallocates(n)
	case *pg_query.DiscardStmt:
		w.discards(n)
	case *pg_query.CreateTableAsStmt:
		w.createsTableAs(n)
	case *pg_query.ViewStmt:
		w.createsView(n)
	case *pg_query.CreateStmt:
		w.createsTable(n)
	case *pg_query.DoStmt:
		w.does(n)
	case *pg_query.CreateFunctionStmt:
		w.createsFunction(n)
	case *pg_query.VariableSetStmt:
		w.sets(n)
	case *pg_query.AlterSystemStmt:
		w.kind("ALTER SYSTEM")
		w.act(Act{Effect: Alter, Object: n.Setstmt.GetName(), Traits: TraitsOf(Persistent)})
		w.message(n.Setstmt)
	case *pg_query.TransactionStmt:
		w.transacts(n)
	case *pg_query.VacuumStmt:
		w.vacuums(n)
	default:
		w.utility(m.ProtoReflect())
	}
	w.reading = saved
}

// isChange tells whether a statement is one of those that change rows, or prepares one,
// and not another one around it.
func isChange(n *pg_query.Node) bool {
	if p := n.GetPrepareStmt(); p != nil {
		n = p.Query
	}
	return n.GetInsertStmt() != nil || n.GetUpdateStmt() != nil || n.GetDeleteStmt() != nil || n.GetMergeStmt() != nil
}

// kind names the statement for people; the outermost one counts.
func (w *walker) kind(k string) {
	if w.stmt.Kind == "" {
		w.stmt.Kind = k
	}
}
