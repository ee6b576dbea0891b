package parser

import (
	"math/bits"
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/pgcordon/pgcordon/parser/rawtree"
)

// mention is a set of what an expression mentions; empty, its value is given.
type mention uint64

const (
	target mention = 1 << iota // a column of the target
	loose                      // an unqualified column that may be the target's or another's
	others                     // the first of the other tables; the bits above are further ones
)

// other returns the bit of the nth other table. Those that are too many to be told
// apart share one, with which nothing is linked.
func other(n int) mention { return others << min(n, maxOthers) }

const maxOthers = 61

// covers tells whether everything in o is in m.
func (m mention) covers(o mention) bool { return o&^m == 0 && o < other(maxOthers) }

// single tells whether there is one table in m, and that is known.
func (m mention) single() bool { return bits.OnesCount64(uint64(m&^loose)) == 1 && m&loose == 0 }

// mentions returns what the columns in an expression belong to.
func (p *predicate) mentions(n *pg_query.Node) mention {
	if n == nil {
		return 0
	}
	return p.mentionsIn(n)
}

func (p *predicate) mentionsIn(m proto.Message) (found mention) {
	if p.steps++; p.steps > maxSteps {
		return target
	}
	switch n := m.(type) {
	case *pg_query.ColumnRef:
		return p.whose(n)
	case *pg_query.CurrentOfExpr:
		return target
	case *pg_query.SelectStmt:
		if len(n.FromClause) > 0 {
			p = p.shadowed(n)
		}
	}
	rawtree.Children(m, func(_ protoreflect.Name, child proto.Message) { found |= p.mentionsIn(child) })
	return found
}

// whose tells whose column a reference is.
func (p *predicate) whose(c *pg_query.ColumnRef) mention {
	qualifier, name := columnName(c)
	if qualifier == "" {
		switch {
		case p.target.names[name]: // the whole row
			return target
		case p.named(name) != 0:
			return p.named(name)
		case p.nested:
			return 0
		case p.inner || slices.ContainsFunc(p.others, func(s source) bool { return s.mayHave(name) }):
			return loose
		}
		return target
	}
	if p.target.names[qualifier] {
		return target
	}
	return p.qualified(qualifier) // 0: of a query further out, the same for every row here
}

// qualified returns the table that columns are qualified by a name of, 0 where there is
// none: a table that goes by names that are not known may go by this one.
func (p *predicate) qualified(name string) mention {
	if found := p.named(name); found != 0 {
		return found
	}
	for i, o := range p.others {
		if o.names == nil {
			return other(i)
		}
	}
	return 0
}

// named returns the other table of a name, 0 where there is none.
func (p *predicate) named(name string) mention {
	for i, o := range p.others {
		if o.names[name] {
			return other(i)
		}
	}
	return 0
}

// shadowed returns the predicate as a sub-select sees it: its own tables hide
// those outside, and unqualified columns are its own.
func (p *predicate) shadowed(n *pg_query.SelectStmt) *predicate {
	q := &predicate{walker: p.walker, victim: p.victim, target: source{names: make(map[string]bool)}, nested: true}
	for name := range p.target.names {
		q.target.names[name] = true
	}
	q.others = p.others // not hidden: what is foreign stays foreign
	for _, name := range sourceNames(n.FromClause) {
		delete(q.target.names, name)
	}
	return q
}

// columnName returns the table's name, empty where there is none, and the column's
// ("*" for all).
func columnName(c *pg_query.ColumnRef) (qualifier, name string) {
	names := parts(c.Fields)
	if len(names) < len(c.Fields) {
		names = append(names, "*")
	}
	if len(names) > 1 {
		qualifier = names[len(names)-2]
	}
	if len(names) > 0 {
		name = names[len(names)-1]
	}
	return qualifier, name
}
