package parser

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// Boundary is what a statement is to the transaction that it runs in.
type Boundary uint8

// The boundaries.
const (
	Within    Boundary = iota // it runs in the transaction that is open, or in one of its own
	Begins                    // BEGIN, START TRANSACTION
	Commits                   // COMMIT, END, PREPARE TRANSACTION
	RollsBack                 // ROLLBACK, ABORT
	Marks                     // SAVEPOINT, RELEASE, ROLLBACK TO
	// Alone is what the server refuses to run inside a transaction block
	// (PreventInTransactionBlock in src/backend/access/transam/xact.c): VACUUM, what is
	// CONCURRENTLY, whole databases. Some forms of these it would run there.
	Alone
	// Quiet is what neither changes rows nor calls functions, and may have to stand in
	// front of the transaction's first query: SET, SHOW, LOCK, DECLARE, PREPARE; SET CONSTRAINTS,
	// which runs no trigger but those of statements before it; and ANALYZE,
	// which outside of a block gives up its locks table by table (vacuum in
	// src/backend/commands/vacuum.c), and calls nothing that VACUUM would not.
	Quiet
	// AtCommit is what runs its query when the transaction commits: DECLARE ... WITH HOLD
	// (PersistHoldablePortal in src/backend/commands/portalcmds.c).
	AtCommit
)

// boundaryOf tells the boundary of a statement, and whether another transaction begins
// behind it: AND CHAIN.
func boundaryOf(n *pg_query.Node) (b Boundary, chains bool) {
	switch {
	case n.GetTransactionStmt() != nil:
		t := n.GetTransactionStmt()
		return transactionBoundaries[t.Kind], t.Chain
	case n.GetDeclareCursorStmt() != nil:
		if n.GetDeclareCursorStmt().Options&cursorWithHold != 0 {
			return AtCommit, false
		}
		return Quiet, false
	case runsAlone(n):
		return Alone, false
	case isQuiet(n):
		return Quiet, false
	}
	return Within, false
}

// cursorWithHold is CURSOR_OPT_HOLD of src/include/nodes/parsenodes.h.
const cursorWithHold = 0x0020

var transactionBoundaries = map[pg_query.TransactionStmtKind]Boundary{
	pg_query.TransactionStmtKind_TRANS_STMT_BEGIN:             Begins,
	pg_query.TransactionStmtKind_TRANS_STMT_START:             Begins,
	pg_query.TransactionStmtKind_TRANS_STMT_COMMIT:            Commits,
	pg_query.TransactionStmtKind_TRANS_STMT_PREPARE:           Commits,
	pg_query.TransactionStmtKind_TRANS_STMT_ROLLBACK:          RollsBack,
	pg_query.TransactionStmtKind_TRANS_STMT_SAVEPOINT:         Marks,
	pg_query.TransactionStmtKind_TRANS_STMT_RELEASE:           Marks,
	pg_query.TransactionStmtKind_TRANS_STMT_ROLLBACK_TO:       Marks,
	pg_query.TransactionStmtKind_TRANS_STMT_COMMIT_PREPARED:   Alone,
	pg_query.TransactionStmtKind_TRANS_STMT_ROLLBACK_PREPARED: Alone,
}

func isQuiet(n *pg_query.Node) bool {
	return n.GetVacuumStmt() != nil || n.GetConstraintsSetStmt() != nil || n.GetVariableSetStmt() != nil || n.GetVariableShowStmt() != nil || n.GetLockStmt() != nil || n.GetPrepareStmt() != nil ||
		n.GetDeallocateStmt() != nil || n.GetListenStmt() != nil || n.GetUnlistenStmt() != nil || n.GetNotifyStmt() != nil || n.GetClosePortalStmt() != nil
}

// runsAlone tells what may not run in a transaction block, in some form at least: in none
// can it take rows away, other than with the whole table by its name.
func runsAlone(n *pg_query.Node) bool {
	switch {
	case n.GetVacuumStmt() != nil:
		return n.GetVacuumStmt().IsVacuumcmd
	case n.GetIndexStmt() != nil:
		return n.GetIndexStmt().Concurrent
	case n.GetDropStmt() != nil:
		return n.GetDropStmt().Concurrent
	case n.GetDiscardStmt() != nil:
		return n.GetDiscardStmt().Target == pg_query.DiscardMode_DISCARD_ALL
	case n.GetAlterTableStmt() != nil:
		return slices.ContainsFunc(n.GetAlterTableStmt().Cmds, func(c *pg_query.Node) bool {
			return c.GetAlterTableCmd().GetDef().GetPartitionCmd().GetConcurrent()
		})
	}
	field := n.ProtoReflect().WhichOneof(nodeFields)
	return field != nil && slices.Contains(lonely, strings.TrimSuffix(string(field.Name()), "_stmt"))
}

var nodeFields = (*pg_query.Node)(nil).ProtoReflect().Descriptor().Oneofs().Get(0)

// lonely are the statements without a form that matters and is not alone, by the name of
// their field in a Node.
var lonely = []string{
	"cluster", "reindex", "createdb", "dropdb", "alter_database", "alter_database_refresh_coll", "create_table_space", "drop_table_space",
	"alter_system", "create_subscription", "alter_subscription", "drop_subscription",
}
