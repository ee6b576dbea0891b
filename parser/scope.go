package parser

import pg_query "github.com/pganalyze/pg_query_go/v6"

// scope is the common table expressions that a name may mean, innermost first.
type scope struct {
	parent *scope
	name   string
	query  *pg_query.Node
}

// find returns the entry of a name, nil where it is no common table expression.
func (s *scope) find(name string) *scope {
	for ; s != nil; s = s.parent {
		if s.name == name {
			return s
		}
	}
	return nil
}

// with visits the common table expressions of a statement, then its body, in
// which their names are known. A WITH query sees those before it, and with
// RECURSIVE all of them (parse_cte.c, transformWithClause).
func (w *walker) with(c *pg_query.WithClause, body func()) {
	saved := w.scope
	if c != nil {
		w.tableExpressions(c)
	}
	body()
	w.scope = saved
}

func (w *walker) tableExpressions(c *pg_query.WithClause) {
	if c.Recursive {
		for _, n := range c.Ctes {
			w.define(n)
		}
	}
	for _, n := range c.Ctes {
		w.node(n)
		if !c.Recursive {
			w.define(n)
		}
	}
}

func (w *walker) define(n *pg_query.Node) {
	if cte := n.GetCommonTableExpr(); cte != nil {
		w.scope = &scope{parent: w.scope, name: cte.Ctename, query: cte.Ctequery}
	}
}
