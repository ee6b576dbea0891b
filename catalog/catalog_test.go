package catalog

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"
)

func name(s string) Name { return Name{"public", s} }

// shop is customers <- orders <- items, orders -> coupons, items split in two, and a table that
// refers to itself.
func shop() *Catalog {
	var tables []*Table
	for _, s := range []string{"customers", "orders", "items", "items_1", "coupons", "notes", "tree", "audit"} {
		t := &Table{Name: name(s), Keys: [][]string{{"id"}}}
		if s == "items_1" {
			t.Parents = []Name{name("items")}
		}
		tables = append(tables, t)
	}
	return New(time.Time{}, tables, []Reference{
		{From: name("orders"), To: name("customers"), OnDelete: Cascade},
		{From: name("items"), To: name("orders"), OnDelete: Cascade},
		{From: name("orders"), To: name("coupons"), OnDelete: Set},
		{From: name("notes"), To: name("items_1"), OnDelete: Cascade},
		{From: name("audit"), To: name("customers"), OnDelete: Restrict},
		{From: name("tree"), To: name("tree"), OnDelete: Cascade},
		{From: name("gone"), To: name("customers"), OnDelete: Cascade},
	})
}

func TestTruncateEmptiesWhateverRefersToTheTable(t *testing.T) {
	for table, want := range map[string]string{
		"customers": "orders audit items notes", "orders": "items notes", "items": "notes", "coupons": "orders items notes", "tree": "",
	} {
		var got []string
		for _, e := range shop().Find("public", table, nil).Emptied() {
			got = append(got, e.Name.Table)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s empties %q, want %q", table, got, want)
		}
	}
}

func TestDeleteReachesWhatItsForeignKeysSay(t *testing.T) {
	for table, want := range map[string]string{
		"customers": "orders+ items+ notes+", "coupons": "orders-", "tree": "tree+", "audit": "",
	} {
		var got []string
		for _, r := range shop().Find("public", table, nil).Deleted() {
			sign := map[bool]string{true: "+", false: "-"}[r.Deleted]
			got = append(got, r.Table.Name.Table+sign)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s reaches %q, want %q", table, got, want)
		}
	}
}

func TestATableIsFoundInTheFirstSchemaThatHasIt(t *testing.T) {
	c := New(time.Time{}, []*Table{{Name: Name{"a", "t"}}, {Name: Name{"b", "t"}}, {Name: Name{"b", "u"}}}, nil)
	for _, test := range []struct{ schema, table, path, want string }{
		{"", "t", "a b", "a.t"}, {"", "t", "b a", "b.t"}, {"", "u", "a b", "b.u"}, {"a", "t", "b", "a.t"}, {"a", "u", "b", ""}, {"", "t", "", ""},
	} {
		got := ""
		if table := c.Find(test.schema, test.table, strings.Fields(test.path)); table != nil {
			got = table.Name.String()
		}
		if got != test.want {
			t.Errorf("%+v: %q", test, got)
		}
	}
}

func columns(text string) iter.Seq2[string, int64] {
	return func(yield func(string, int64) bool) {
		for field := range strings.FieldsSeq(text) {
			var n int64
			column, count, _ := strings.Cut(field, ":")
			if _, err := fmt.Sscan(count, &n); err != nil || !yield(column, n) {
				return
			}
		}
	}
}

func TestAKeyBoundsTheRowsIfAllOfItIsThere(t *testing.T) {
	table := &Table{Keys: [][]string{{"id"}, {"org", "email"}}}
	for text, want := range map[string]int64{
		"id:1": 1, "id:3": 3, "id:3 id:2": 2, "org:2 email:5": 10, "org:1": 0, "email:1 x:1": 0, "": 0,
		"id:7 org:1 email:1": 1, "org:4000000000 email:4000000000": manyRows,
	} {
		if rows, ok := table.AtMost(columns(text)); rows != want || ok != (want > 0) {
			t.Errorf("%s: %d, %v", text, rows, ok)
		}
	}
}

func TestLongChainsOfForeignKeysEnd(t *testing.T) {
	var tables []*Table
	var references []Reference
	for i := range 500 {
		tables = append(tables, &Table{Name: name(fmt.Sprint(i))})
		references = append(references, Reference{From: name(fmt.Sprint(i)), To: name(fmt.Sprint((i + 1) % 500)), OnDelete: Cascade})
	}
	c := New(time.Time{}, tables, references)
	if got := c.Find("public", "7", nil).Deleted(); len(got) != 500 || !slices.ContainsFunc(got, func(r Reach) bool { return r.Table.Name == name("8") }) {
		t.Errorf("reaches %d tables", len(got))
	}
}

func TestPartitionsCountForTheirParents(t *testing.T) {
	c := New(time.Time{}, []*Table{
		{Name: name("root"), Rows: -1},
		{Name: name("branch"), Rows: -1, Parents: []Name{name("root")}},
		{Name: name("leaf"), Rows: 5, Parents: []Name{name("branch")}},
		{Name: name("other"), Rows: 7, Parents: []Name{name("root"), name("gone")}},
		{Name: name("fresh"), Rows: -1, Parents: []Name{name("root")}},
	}, nil)
	for table, want := range map[string]int64{"root": 12, "branch": 5, "leaf": 5, "fresh": -1} {
		if got := c.Find("public", table, nil).Rows; got != want {
			t.Errorf("%s has %d rows, want %d", table, got, want)
		}
	}
}
