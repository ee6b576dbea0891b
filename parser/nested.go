package parser

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// Statements that contain, name or forget another one.

// explains judges EXPLAIN: with ANALYZE the statement is executed, without it the
// planner looks at it and nothing takes effect.
func (w *walker) explains(n *pg_query.ExplainStmt) {
	w.kind("EXPLAIN")
	w.act(Act{Effect: Session})
	saved := w.planning
	w.planning = saved || !w.analyzes(n)
	w.node(n.Query)
	w.planning = saved
}

// analyzes tells whether EXPLAIN executes. The last ANALYZE counts, with the values
// of defGetBoolean in define.c; any other value is an error there, and true here.
func (w *walker) analyzes(n *pg_query.ExplainStmt) bool {
	analyze := false
	for _, o := range n.Options {
		d := o.GetDefElem()
		if d == nil || d.Defname != "analyze" {
			continue
		}
		analyze = true
		switch arg := d.Arg; {
		case arg.GetInteger() != nil:
			w.literalDependent = true
			analyze = arg.GetInteger().Ival != 0
		case arg.GetString_() != nil:
			w.literalDependent = true
			v := strings.ToLower(arg.GetString_().Sval)
			analyze = v != "false" && v != "off"
		case arg.GetBoolean() != nil:
			analyze = arg.GetBoolean().Boolval
		}
	}
	return analyze
}

func (w *walker) prepares(n *pg_query.PrepareStmt) {
	w.kind("PREPARE")
	w.stmt.Prepares = n.Name
	w.act(Act{Effect: Session})
	w.node(n.Query)
}

func (w *walker) executes(n *pg_query.ExecuteStmt) {
	w.kind("EXECUTE")
	w.stmt.Executes = n.Name
	w.object(n.Name, Execute)
	w.read(n.Params...)
}

func (w *walker) deallocates(n *pg_query.DeallocateStmt) {
	w.kind("DEALLOCATE")
	w.stmt.Deallocates = n.Name
	w.stmt.DeallocatesAll = n.Isall
	w.act(Act{Effect: Session})
}

func (w *walker) discards(n *pg_query.DiscardStmt) {
	w.kind("DISCARD")
	if n.Target != pg_query.DiscardMode_DISCARD_ALL {
		w.act(Act{Effect: Session})
		return
	}
	w.stmt.DeallocatesAll = true
	w.object("all", Settings)
}

// copies judges COPY. What COPY (query) does counts as well as that it copies.
func (w *walker) copies(n *pg_query.CopyStmt) {
	w.kind("COPY")
	w.literalDependent = true // an empty file name is as good as none to pg_query
	a := Act{Effect: CopyOut, Relation: relationOf(n.Relation)}
	switch {
	case n.IsProgram:
		a.Effect, a.Object = CopyProgram, "program"
	case n.Filename != "":
		a.Effect, a.Object = CopyProgram, "file"
	case n.IsFrom:
		a.Effect = CopyIn
	}
	w.act(a)
	w.node(n.Query)
	w.read(n.WhereClause)
	w.nodes(n.Options)
}
