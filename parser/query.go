package parser

import (
	"maps"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// selects judges SELECT, VALUES and TABLE.
func (w *walker) selects(n *pg_query.SelectStmt) {
	if n.IntoClause != nil {
		w.kind("SELECT INTO")
		w.creates(n.IntoClause.Rel)
		w.createsTemporary(n.IntoClause.Rel, n.IntoClause.OnCommit, false)
	}
	w.kind("SELECT")
	w.with(n.WithClause, func() {
		w.reading = true
		w.children(n, "with_clause", "into_clause", "locking_clause")
		w.reading = false
		w.locks(n)
	})
}

// locks records FOR UPDATE and its like: on the tables it names, else on all.
func (w *walker) locks(n *pg_query.SelectStmt) {
	for _, l := range n.LockingClause {
		clause := l.GetLockingClause()
		if len(clause.LockedRels) == 0 {
			w.lockAll(n)
		}
		for _, r := range clause.LockedRels {
			w.act(w.rowLock(n, aliased(n.FromClause, r.GetRangeVar())))
		}
	}
}

func (w *walker) lockAll(n *pg_query.SelectStmt) {
	tables := rangeVars(n.FromClause)
	if len(tables) == 0 { // the tables of a sub-select
		w.act(Act{Effect: Lock, Breadth: UnknownBreadth})
	}
	for _, t := range tables {
		if t.Schemaname != "" || w.scope.find(t.Relname) == nil {
			w.act(w.rowLock(n, t))
		}
	}
}

// rowLock returns the lock on those rows of a table that a query returns.
func (w *walker) rowLock(n *pg_query.SelectStmt, t *pg_query.RangeVar) Act {
	p := &predicate{walker: w, victim: relationOf(t), target: sourceOf(t)}
	for _, s := range p.sources(n.FromClause) {
		if !maps.Equal(s.names, p.target.names) {
			p.others = append(p.others, s)
		}
	}
	r := wide(NoPredicate)
	if conditions := conditionsOf(n); len(conditions) > 0 {
		r = p.all(conditions, false)
	}
	r = p.limited(n, r)
	return Act{Effect: Lock, Relation: relationOf(t), Breadth: r.breadth, Values: max(r.values, -r.values), Limited: r.limited}
}

// aliased returns the table of a FROM clause that OF names by its alias.
func aliased(from []*pg_query.Node, r *pg_query.RangeVar) *pg_query.RangeVar {
	for _, t := range rangeVars(from) {
		if t.Alias != nil && t.Alias.Aliasname == r.Relname {
			return t
		}
	}
	return r
}

// rangeVars returns the tables of a FROM clause, those inside joins too.
func rangeVars(from []*pg_query.Node) []*pg_query.RangeVar {
	var tables []*pg_query.RangeVar
	for _, n := range from {
		switch {
		case n.GetRangeVar() != nil:
			tables = append(tables, n.GetRangeVar())
		case n.GetJoinExpr() != nil:
			tables = append(tables, rangeVars([]*pg_query.Node{n.GetJoinExpr().Larg, n.GetJoinExpr().Rarg})...)
		case n.GetRangeTableSample() != nil:
			tables = append(tables, rangeVars([]*pg_query.Node{n.GetRangeTableSample().Relation})...)
		}
	}
	return tables
}

func (w *walker) inserts(n *pg_query.InsertStmt) {
	w.kind("INSERT")
	w.with(n.WithClause, func() {
		w.on(n.Relation, Insert)
		if c := n.OnConflictClause; c != nil && c.Action == pg_query.OnConflictAction_ONCONFLICT_UPDATE {
			w.act(w.onConflict(n))
		}
		w.reading = true
		w.children(n, "with_clause", "relation")
	})
}

// onConflict returns the act of ON CONFLICT DO UPDATE, which reaches the rows that the
// inserted ones collide with: few where the client writes these down, any number where a
// query makes them.
func (w *walker) onConflict(n *pg_query.InsertStmt) Act {
	a := Act{Effect: Update, Relation: relationOf(n.Relation), Breadth: Bounded}
	if s := n.SelectStmt.GetSelectStmt(); s != nil && len(s.ValuesLists) == 0 {
		p := &predicate{walker: w, victim: a.Relation, target: sourceOf(n.Relation)}
		r := p.queryReach(n.SelectStmt)
		a.Breadth, a.Values, a.Limited = r.breadth, r.values, r.limited
	}
	return a
}

func (w *walker) updates(n *pg_query.UpdateStmt) {
	w.kind("UPDATE")
	w.with(n.WithClause, func() {
		w.act(w.onRows(Update, n.Relation, n.FromClause, n.WhereClause))
		w.viewOfSettings(n.Relation)
		w.reading = true
		w.children(n, "with_clause", "relation")
	})
}

// viewOfSettings records UPDATE pg_settings, which a rule turns into set_config
// (system_views.sql, pg_settings_u).
func (w *walker) viewOfSettings(r *pg_query.RangeVar) {
	if r.Relname == "pg_settings" {
		w.set("", TraitsOf(HidesCatalog, ReadWrite))
		w.object("", Role)
	}
}

func (w *walker) deletes(n *pg_query.DeleteStmt) {
	w.kind("DELETE")
	w.with(n.WithClause, func() {
		w.act(w.onRows(Delete, n.Relation, n.UsingClause, n.WhereClause))
		w.reading = true
		w.children(n, "with_clause", "relation")
	})
}

// merges judges MERGE branch by branch: a branch reaches the rows for which both
// ON and its own condition hold.
func (w *walker) merges(n *pg_query.MergeStmt) {
	w.kind("MERGE")
	w.with(n.WithClause, func() {
		w.on(n.Relation, Merge)
		for _, c := range n.MergeWhenClauses {
			w.branch(n, c.GetMergeWhenClause())
		}
		w.reading = true
		w.children(n, "with_clause", "relation")
	})
}

func (w *walker) branch(n *pg_query.MergeStmt, c *pg_query.MergeWhenClause) {
	effect := Unknown
	switch c.CommandType {
	case pg_query.CmdType_CMD_INSERT:
		w.on(n.Relation, Insert)
		return
	case pg_query.CmdType_CMD_NOTHING:
		return
	case pg_query.CmdType_CMD_UPDATE:
		effect = Update
	case pg_query.CmdType_CMD_DELETE:
		effect = Delete
	}
	source := []*pg_query.Node{n.SourceRelation}
	if c.MatchKind == pg_query.MergeMatchKind_MERGE_WHEN_MATCHED {
		w.act(w.onRows(effect, n.Relation, source, n.JoinCondition, c.Condition))
		return
	}
	// NOT MATCHED BY SOURCE: everything but what the source holds.
	a := w.onRows(effect, n.Relation, source, c.Condition)
	a.Breadth = max(OpenRange, a.Breadth)
	w.act(a)
}
