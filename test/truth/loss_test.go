package truth

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// held is a small database of eight rows, two columns and some things.
func held() snapshot {
	return snapshot{
		"rows":         {"1": "t a b c d e f g h"},
		"column":       {"1.1": "column x of t", "1.2": "column y of t"},
		"object":       {"pg_class/1": "table t", "pg_class/2": "index i", "pg_proc/3": "function f()"},
		"large object": {"10": "aa", "11": "bb", "12": "cc", "13": "dd"},
		"sequence":     {"s": "500"},
		"setting":      {"work_mem": "work_mem=4MB"},
		"database":     {"20": "legacy"},
	}
}

func TestLossesAreFound(t *testing.T) {
	for _, c := range []struct {
		name  string
		alter func(snapshot)
		want  string // ways
	}{
		{"nothing", func(snapshot) {}, ""},
		{"one row less", func(s snapshot) { s["rows"]["1"] = "t a b c d e f g" }, ""},
		{"rows more", func(s snapshot) { s["rows"]["1"] += " i j k" }, ""},
		{"half of the rows", func(s snapshot) { s["rows"]["1"] = "t a b c d" }, "rows"},
		{"all rows overwritten", func(s snapshot) { s["rows"]["1"] = "t k l m n o p q r" }, "values"},
		{"one of equal rows", func(s snapshot) { s["rows"]["1"] = "t a a a a a a a a" }, "values"},
		{"a column", func(s snapshot) { delete(s["column"], "1.2"); s["rows"]["1"] = "t k l m n o p q r" }, "columns"},
		{"a table with its columns", func(s snapshot) { delete(s["object"], "pg_class/1"); clear(s["column"]); clear(s["rows"]) }, "objects"},
		{"an index made anew", func(s snapshot) { delete(s["object"], "pg_class/2"); s["object"]["pg_class/9"] = "index i" }, ""},
		{"a table made anew", func(s snapshot) { delete(s["object"], "pg_class/1"); s["object"]["pg_class/9"] = "table t" }, "objects"},
		{"a renamed function", func(s snapshot) { s["object"]["pg_proc/3"] = "function g()" }, ""},
		{"one large object", func(s snapshot) { delete(s["large object"], "10") }, ""},
		{"half of the large objects", func(s snapshot) { s["large object"]["10"] = "x"; delete(s["large object"], "11") }, "large objects"},
		{"a sequence goes on", func(s snapshot) { s["sequence"]["s"] = "501" }, ""},
		{"a sequence goes back", func(s snapshot) { s["sequence"]["s"] = "1" }, "sequences"},
		{"a setting", func(s snapshot) { s["setting"]["work_mem"] = "work_mem=8MB" }, "settings"},
		{"a setting more", func(s snapshot) { s["setting"]["x"] = "x=1" }, "settings"},
		{"a database", func(s snapshot) { clear(s["database"]) }, "objects"},
	} {
		t.Run(c.name, func(t *testing.T) {
			after := held()
			c.alter(after)
			got, unclear := compare(held(), after)
			if ways := strings.Join(slices.Sorted(maps.Keys(got)), ","); ways != c.want || len(unclear) > 0 {
				t.Errorf("got %q (%s), unclear %v, want %q", ways, got, unclear, c.want)
			}
		})
	}
}

func TestBetweenAQuarterAndAHalfNothingIsProven(t *testing.T) {
	after := held()
	after["rows"]["1"] = "t a b c d e"
	if got, unclear := compare(held(), after); len(got) > 0 || len(unclear) != 1 {
		t.Errorf("got %v, unclear %v", got, unclear)
	}
}
