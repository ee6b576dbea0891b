package policy

import (
	"strings"
	"testing"
	"time"

	"github.com/pgcordon/pgcordon/catalog"
	"github.com/pgcordon/pgcordon/parser"
)

func tableNamed(name string, rows int64, keys ...[]string) *catalog.Table {
	return &catalog.Table{Name: catalog.Name{Schema: "public", Table: name}, Rows: rows, Keys: keys}
}

// shop is customers <- orders <- items, and orders -> coupons, which are set to NULL.
var shop = catalog.New(time.Time{}, []*catalog.Table{
	tableNamed("customers", 120, []string{"id"}, []string{"org", "email"}),
	tableNamed("orders", 4000, []string{"id"}), tableNamed("items", -1, []string{"id"}), tableNamed("coupons", 7, []string{"code"}),
}, []catalog.Reference{
	{From: catalog.Name{Schema: "public", Table: "orders"}, To: catalog.Name{Schema: "public", Table: "customers"}, OnDelete: catalog.Cascade},
	{From: catalog.Name{Schema: "public", Table: "items"}, To: catalog.Name{Schema: "public", Table: "orders"}, OnDelete: catalog.Cascade},
	{From: catalog.Name{Schema: "public", Table: "orders"}, To: catalog.Name{Schema: "public", Table: "coupons"}, OnDelete: catalog.Set},
})

func rulesWith(t *testing.T, rules string) *Ruleset {
	t.Helper()
	p, err := Parse("p.yaml", []byte(oneTarget+rules))
	if err != nil {
		t.Fatal(err)
	}
	return p.Ruleset(p.Targets[0], Client{})
}

func TestAnEqualityWithAWholeKeyIsOfBreadthKey(t *testing.T) {
	rules := rulesWith(t, `limits: {max_list: 3}
builtin: false
statements:
  - {name: by-key, action: allow, when: {effect: [update, delete], breadth: key}}
  - {name: else, action: deny, when: {effect: [update, delete]}}
`)
	for sql, key := range map[string]bool{
		"DELETE FROM items WHERE id = 5":                                      true,
		"DELETE FROM items WHERE id = $1":                                     true,
		"DELETE FROM items WHERE 5 = public.items.id":                         true,
		"DELETE FROM items WHERE id IN (1, 2, 3)":                             true,
		"DELETE FROM items WHERE id IN (1, 2, 3, 4)":                          false, // beyond max_list
		"DELETE FROM items WHERE id = ANY ('{1,2}'::int[])":                   true,
		"DELETE FROM items WHERE id = 5 AND name = 'x'":                       true,
		"DELETE FROM items WHERE id = 5 OR id = 6":                            false,
		"DELETE FROM items WHERE id = 5 OR name = 'x'":                        false,
		"DELETE FROM items WHERE name = 'x'":                                  false,
		"DELETE FROM items WHERE NOT id = 5":                                  false,
		"DELETE FROM items WHERE id::text = '5'":                              false,
		"DELETE FROM items WHERE id = 5.0::float8":                            false,
		"DELETE FROM items WHERE id IS NOT DISTINCT FROM 5":                   false,
		"DELETE FROM items WHERE id BETWEEN 5 AND 5":                          false,
		"DELETE FROM items i USING other o WHERE i.id = 5 AND o.x = 1":        true,
		"DELETE FROM items i USING other o WHERE id = 5":                      false, // other's, perhaps
		"DELETE FROM items i USING other o WHERE o.id = 5":                    false,
		"UPDATE customers SET x = 1 WHERE email = 'a' AND org = 1":            true,
		"UPDATE customers SET x = 1 WHERE email = 'a'":                        false,
		"UPDATE customers SET x = 1 WHERE lower(email) = 'a' AND org = 1":     false,
		"UPDATE customers SET x = 1 WHERE org IN (1, 2) AND email IN ($1)":    true,
		"UPDATE customers SET x = 1 WHERE (org, email) = (1, 'a')":            false,
		"UPDATE other.customers SET x = 1 WHERE id = 5":                       false,
		"DELETE FROM nowhere WHERE id = 5":                                    false,
		"WITH d AS (DELETE FROM items WHERE id = 5 RETURNING id) SELECT 1":    true,
		"DELETE FROM items WHERE id = (SELECT max(id) FROM items)":            false,
		"DELETE FROM items WHERE id = 5 AND id IN (SELECT id FROM items)":     true,
		"MERGE INTO items USING s ON items.id = 5 WHEN MATCHED THEN DELETE":   true,
		"MERGE INTO items USING s ON items.id = s.x WHEN MATCHED THEN DELETE": false,
	} {
		d := rules.Decide(parser.Summarize(sql, parser.Options{}), Context{Catalog: shop})
		if d.Deny == key {
			t.Errorf("%s: %s by %s: %s", sql, d.Act.Breadth, d.Rule, d.Reason)
		}
		if d := rules.Decide(parser.Summarize(sql, parser.Options{}), Context{}); !d.Deny {
			t.Errorf("%s: a key without a catalog", sql)
		}
		if d := rules.Decide(parser.Summarize(sql, parser.Options{}), Context{Catalog: shop, SearchPathChanged: true}); !d.Deny {
			t.Errorf("%s: a key although the name may be another table's", sql)
		}
	}
}

func TestWhatGoesWithATableIsJudgedToo(t *testing.T) {
	rules := rulesWith(t, `
statements:
  - {name: not-items, action: deny, when: {effect: "@destructive", relation: items}}
  - {name: not-orders, action: deny, when: {effect: update, relation: orders}}
  - {name: may-truncate, action: allow, when: {effect: truncate, relation: [customers, orders, coupons]}}
`)
	for sql, want := range map[string]string{
		"TRUNCATE customers":                       "",
		"TRUNCATE customers CASCADE":               "not-items",
		"TRUNCATE public.coupons CASCADE":          "not-items",
		"DELETE FROM customers WHERE id = 5":       "not-items",
		"DELETE FROM coupons WHERE code = 'x'":     "not-orders",
		"UPDATE customers SET x = 1 WHERE id = 5":  "",
		"DELETE FROM other.customers WHERE id = 5": "",
	} {
		d := rules.Decide(parser.Summarize(sql, parser.Options{}), Context{Catalog: shop})
		if d.Rule != want && (want != "" || d.Deny) {
			t.Errorf("%s: %q, want %q", sql, d.Rule, want)
		}
		if d := rules.Decide(parser.Summarize(sql, parser.Options{}), Context{}); d.Deny {
			t.Errorf("%s: refused by %s without a catalog", sql, d.Rule)
		}
	}
}

func TestAReasonNamesWhatGoesWithATable(t *testing.T) {
	for _, c := range []struct{ rules, sql, want string }{
		{"", "TRUNCATE customers CASCADE", "tables: public.customers (about 120 rows), public.orders (about 4000 rows), public.items"},
		{"", "TRUNCATE items", "tables: public.items"},
		{"", "DELETE FROM orders", "tables: public.orders (about 4000 rows), public.items"},
		{"statements: [{name: x, action: deny, when: {effect: delete, relation: items}}]\n", "DELETE FROM orders WHERE id = 5",
			"DELETE on public.items reaches a bounded set of rows (bounded), which DELETE on orders entails by its foreign keys; tables: public.orders (about 4000 rows), public.items"},
	} {
		d := rulesWith(t, c.rules).Decide(parser.Summarize(c.sql, parser.Options{}), Context{Catalog: shop})
		if !d.Deny || !strings.HasSuffix(d.Reason, c.want) {
			t.Errorf("%s\n got %s\nwant %s", c.sql, d.Reason, c.want)
		}
	}
}

func TestNothingIsRefusedLessForACatalog(t *testing.T) {
	rules := rulesWith(t, "")
	for _, sql := range []string{
		"TRUNCATE customers", "DELETE FROM customers", "DELETE FROM customers WHERE id > 0", "DELETE FROM customers WHERE id = id",
		"DELETE FROM customers WHERE id = 5 OR true", "UPDATE customers SET x = 1 WHERE id IS NOT NULL",
		"DELETE FROM customers WHERE id IN (SELECT id FROM customers)", "DROP TABLE customers",
	} {
		if d := rules.Decide(parser.Summarize(sql, parser.Options{}), Context{Catalog: shop}); !d.Deny {
			t.Errorf("%s: allowed by %q", sql, d.Rule)
		}
	}
}
