package parser

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// sets judges SET and RESET in all their forms.
func (w *walker) sets(n *pg_query.VariableSetStmt) {
	switch n.Kind {
	case pg_query.VariableSetKind_VAR_RESET_ALL:
		w.kind("RESET")
		w.object("all", Settings)
	case pg_query.VariableSetKind_VAR_SET_MULTI:
		w.kind("SET")
		w.setsMany(n)
	case pg_query.VariableSetKind_VAR_RESET:
		w.kind("RESET")
		w.set(n.Name, readWrite(n.Name, "", false))
	default:
		w.kind("SET")
		if settingsRead[strings.ToLower(n.Name)] {
			w.literalDependent = true
		}
		value, known := constant(n.Args)
		w.set(n.Name, hidesCatalog(n)|readWrite(n.Name, value, known))
	}
	w.nodes(n.Args)
}

// settingsRead are the settings whose value is looked at.
var settingsRead = map[string]bool{"search_path": true, "transaction_read_only": true, "default_transaction_read_only": true}

// hidesCatalog returns the trait of a SET search_path that names pg_catalog behind other
// schemas. Where it does not name it, it is searched first.
// https://www.postgresql.org/docs/current/ddl-schemas.html#DDL-SCHEMAS-CATALOG
func hidesCatalog(n *pg_query.VariableSetStmt) TraitSet {
	at := slices.IndexFunc(n.Args, func(n *pg_query.Node) bool { return n.GetAConst().GetSval().GetSval() == "pg_catalog" })
	if strings.EqualFold(n.Name, "search_path") && at > 0 {
		return TraitsOf(HidesCatalog)
	}
	return 0
}

// PathHidesCatalog tells whether the value of search_path, as a string, names pg_catalog
// behind other schemas.
func PathHidesCatalog(path string) bool {
	path = strings.ToLower(strings.TrimLeft(path, "\" \t\r\n\f\v"))
	return strings.Contains(path, "pg_catalog") && !strings.HasPrefix(path, "pg_catalog")
}

// setsMany judges SET TRANSACTION and SET SESSION CHARACTERISTICS, which set one
// setting an option; the latter sets the default_ one (ExecSetVariableStmt in
// guc_funcs.c).
func (w *walker) setsMany(n *pg_query.VariableSetStmt) {
	prefix := ""
	switch n.Name {
	case "SESSION CHARACTERISTICS":
		prefix = "default_"
	case "TRANSACTION SNAPSHOT":
		w.act(Act{Effect: Transaction})
		return
	}
	w.modes(n.Args, prefix)
}

// modes records transaction modes as the settings that they are.
func (w *walker) modes(options []*pg_query.Node, prefix string) {
	for _, o := range options {
		if d := o.GetDefElem(); d != nil {
			value, known := constant([]*pg_query.Node{d.Arg})
			w.set(prefix+d.Defname, readWrite(prefix+d.Defname, value, known))
		}
	}
}

var transactionKinds = map[pg_query.TransactionStmtKind]string{
	pg_query.TransactionStmtKind_TRANS_STMT_BEGIN:             "BEGIN",
	pg_query.TransactionStmtKind_TRANS_STMT_START:             "START TRANSACTION",
	pg_query.TransactionStmtKind_TRANS_STMT_COMMIT:            "COMMIT",
	pg_query.TransactionStmtKind_TRANS_STMT_ROLLBACK:          "ROLLBACK",
	pg_query.TransactionStmtKind_TRANS_STMT_SAVEPOINT:         "SAVEPOINT",
	pg_query.TransactionStmtKind_TRANS_STMT_RELEASE:           "RELEASE",
	pg_query.TransactionStmtKind_TRANS_STMT_ROLLBACK_TO:       "ROLLBACK TO",
	pg_query.TransactionStmtKind_TRANS_STMT_PREPARE:           "PREPARE TRANSACTION",
	pg_query.TransactionStmtKind_TRANS_STMT_COMMIT_PREPARED:   "COMMIT PREPARED",
	pg_query.TransactionStmtKind_TRANS_STMT_ROLLBACK_PREPARED: "ROLLBACK PREPARED",
}

func (w *walker) transacts(n *pg_query.TransactionStmt) {
	w.kind(transactionKinds[n.Kind])
	a := Act{Effect: Transaction}
	switch n.Kind {
	case pg_query.TransactionStmtKind_TRANS_STMT_PREPARE, pg_query.TransactionStmtKind_TRANS_STMT_COMMIT_PREPARED,
		pg_query.TransactionStmtKind_TRANS_STMT_ROLLBACK_PREPARED:
		a.Traits = TraitsOf(TwoPhase)
	}
	w.act(a)
	w.modes(n.Options, "")
}

// stringLiteral returns the value of a string literal in lower case, through casts,
// and notes that the summary depends on it.
func (w *walker) stringLiteral(n *pg_query.Node) (string, bool) {
	for n.GetTypeCast() != nil {
		n = n.GetTypeCast().Arg
	}
	c := n.GetAConst()
	if c == nil || c.GetSval() == nil {
		return "", false
	}
	w.literalDependent = true
	return strings.ToLower(c.GetSval().Sval), true
}

// exactLiteral returns the value of a string literal in lower case, unless a cast may
// change it: 'roleX'::varchar(4) is another string.
func (w *walker) exactLiteral(n *pg_query.Node) (string, bool) {
	for c := n.GetTypeCast(); c != nil; c = c.Arg.GetTypeCast() {
		if !keepsText(c.TypeName) {
			return "", false
		}
	}
	return w.stringLiteral(n)
}

func keepsText(t *pg_query.TypeName) bool {
	switch relationNamed(parts(t.GetNames())).Name {
	case "text", "varchar", "name", "unknown":
		return len(t.GetTypmods()) == 0 && len(t.GetArrayBounds()) == 0
	}
	return false
}
