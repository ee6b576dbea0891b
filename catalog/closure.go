package catalog

import (
	"slices"
	"strings"
)

// graph is who refers to whom, and which tables are parts of others.
type graph struct {
	referrers map[Name][]Reference
	children  map[Name][]Name
}

// graphOf connects the tables. Rows of partitions and children are rows of their parent,
// so their foreign keys count for it.
func graphOf(tables []*Table, references []Reference) graph {
	g := graph{referrers: map[Name][]Reference{}, children: map[Name][]Name{}}
	for _, r := range references {
		g.referrers[r.To] = append(g.referrers[r.To], r)
	}
	for _, t := range tables {
		for _, parent := range t.Parents {
			g.children[parent] = append(g.children[parent], t.Name)
		}
	}
	for _, children := range g.children {
		slices.SortFunc(children, func(a, b Name) int { return strings.Compare(a.String(), b.String()) })
	}
	return g
}

// addParts counts the rows of partitions and children as their parents'.
func (c *Catalog) addParts(g graph) {
	counted := map[Name]bool{}
	var count func(name Name) int64
	count = func(name Name) int64 {
		t := c.tables[name]
		switch {
		case t == nil:
			return -1
		case counted[name]:
			return t.Rows
		}
		counted[name] = true
		for _, child := range g.children[name] {
			if n := count(child); n >= 0 {
				t.Rows = max(t.Rows, 0) + n
			}
		}
		return t.Rows
	}
	for name := range g.children {
		count(name)
	}
}

// emptied follows every foreign key, whatever its action (heap_truncate_find_FKs in
// heap.c).
func (c *Catalog) emptied(g graph, start Name) []*Table {
	var found []*Table
	seen := map[Name]bool{start: true}
	for queue := []Name{start}; len(queue) > 0; queue = queue[1:] {
		for _, child := range g.children[queue[0]] {
			if !seen[child] {
				seen[child] = true
				queue = append(queue, child)
			}
		}
		for _, r := range g.referrers[queue[0]] {
			if t := c.tables[r.From]; t != nil && !seen[r.From] {
				seen[r.From] = true
				found = append(found, t)
				queue = append(queue, r.From)
			}
		}
	}
	return found
}

// deleted follows the foreign keys that delete or change the rows that refer to a
// deleted one. A table that is reached in both ways counts as deleted from.
func (c *Catalog) deleted(g graph, start Name) []Reach {
	var found []Reach
	at := map[Name]int{} // where in found
	expanded := map[Name]bool{start: true}
	for queue := []Name{start}; len(queue) > 0; queue = queue[1:] {
		for _, child := range g.children[queue[0]] {
			if !expanded[child] {
				expanded[child] = true
				queue = append(queue, child)
			}
		}
		for _, r := range g.referrers[queue[0]] {
			t := c.tables[r.From]
			if t == nil || r.OnDelete == Restrict {
				continue
			}
			i, known := at[r.From]
			if !known {
				i = len(found)
				at[r.From] = i
				found = append(found, Reach{Table: t})
			}
			if r.OnDelete == Cascade && !expanded[r.From] {
				expanded[r.From] = true
				queue = append(queue, r.From)
			}
			found[i].Deleted = found[i].Deleted || r.OnDelete == Cascade
		}
	}
	return found
}
