package operations

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgcordon/pgcordon/audit"
	"github.com/pgcordon/pgcordon/catalog"
	"github.com/pgcordon/pgcordon/catalog/load"
	"github.com/pgcordon/pgcordon/test/pgtest"
)

// manyKeys has every sort of key that is none, and of those that are.
const manyKeys = `
CREATE TABLE plain (id int PRIMARY KEY, org int, email text, UNIQUE (org, email) INCLUDE (id));
CREATE TABLE none (a int, b int, c text UNIQUE DEFERRABLE, d text);
CREATE INDEX ON none (a);
CREATE UNIQUE INDEX ON none (b) WHERE b > 5;
CREATE UNIQUE INDEX ON none (lower(d));
CREATE TABLE parted (id int, day date, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child () INHERITS (parent);
CREATE TABLE ruled (id int PRIMARY KEY);
CREATE RULE r AS ON DELETE TO ruled DO INSTEAD DELETE FROM none;
CREATE VIEW looked_at AS SELECT * FROM plain;
CREATE TABLE orders (id int PRIMARY KEY, plain_id int REFERENCES plain ON DELETE CASCADE);
CREATE TABLE items (id int PRIMARY KEY, order_id int REFERENCES orders ON DELETE CASCADE, extra int REFERENCES parent ON DELETE SET NULL);
CREATE TABLE strict (id int REFERENCES plain);
INSERT INTO plain SELECT i, i, i FROM generate_series(1, 30) i; ANALYZE plain;
INSERT INTO parted SELECT i, '2020-05-01' FROM generate_series(1, 12) i; ANALYZE parted_1;`

// reader makes a role that may do nothing but connect.
func reader(t *testing.T, server *pgtest.Server, database string) string {
	t.Helper()
	role := "reads_" + database
	server.Exec(t, "postgres", "CREATE ROLE "+role+" LOGIN")
	t.Cleanup(func() { server.Exec(t, "postgres", "DROP ROLE "+role) })
	return role
}

func TestCatalogIsReadByARoleWithoutPrivileges(t *testing.T) {
	t.Parallel()
	for _, major := range pgtest.Majors {
		t.Run(fmt.Sprint(major), func(t *testing.T) {
			server := pgtest.Shared(t, major)
			server.NewDatabase(t, "keys")
			server.Exec(t, "keys", manyKeys)
			role := reader(t, server, "keys")
			c, err := load.Source{Dial: dialer(server), User: role, Database: "keys"}.Read(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			for name, want := range map[string]string{
				"plain": "id; email, org", "none": "", "parted": "day, id", "parted_1": "day, id", "parent": "", "child": "", "ruled": "",
			} {
				table := c.Find("public", name, nil)
				if table == nil || keysOf(table) != want {
					t.Errorf("keys of %s: %+v, want %q", name, table, want)
				}
			}
			if c.Find("public", "looked_at", nil) != nil || c.Find("pg_catalog", "pg_class", nil) != nil {
				t.Error("views and system catalogs are not tables whose keys count")
			}
			for name, want := range map[string]string{"plain": "orders items strict", "parent": "items", "strict": ""} {
				var got []string
				for _, e := range c.Find("public", name, nil).Emptied() {
					got = append(got, e.Name.Table)
				}
				if slices.Sort(got); strings.Join(got, " ") != strings.Join(slices.Sorted(slices.Values(strings.Fields(want))), " ") {
					t.Errorf("TRUNCATE %s CASCADE empties %q, want %q", name, got, want)
				}
			}
			if rows := c.Find("public", "plain", nil).Rows; rows != 30 {
				t.Errorf("plain has %d rows", rows)
			}
			if rows := c.Find("public", "parted", nil).Rows; rows != 12 {
				t.Errorf("parted has %d rows", rows)
			}
		})
	}
}

func dialer(server *pgtest.Server) func(context.Context) (net.Conn, error) {
	return func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "tcp", server.Addr())
	}
}

func keysOf(table *catalog.Table) string {
	var keys []string
	for _, k := range table.Keys {
		keys = append(keys, strings.Join(slices.Sorted(slices.Values(k)), ", "))
	}
	slices.SortFunc(keys, func(a, b string) int { return len(a) - len(b) })
	return strings.Join(keys, "; ")
}

// What the catalog says goes with a table is what the server does to it.
func TestServersEmptyWhatTheCatalogNames(t *testing.T) {
	t.Parallel()
	server := pgtest.Shared(t, 18)
	server.NewDatabase(t, "cascades")
	server.Exec(t, "cascades", manyKeys)
	server.Exec(t, "cascades", "INSERT INTO orders SELECT i, i FROM generate_series(1, 9) i; INSERT INTO items SELECT i, i FROM generate_series(1, 9) i; INSERT INTO strict VALUES (1)")
	c, err := load.Source{Dial: dialer(server), User: reader(t, server, "cascades"), Database: "cascades"}.Read(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	before := map[string]string{}
	for _, table := range []string{"orders", "items", "strict", "parent"} {
		before[table] = server.Query(t, "cascades", "SELECT count(*) FROM "+table)
	}
	named := map[string]bool{}
	for _, e := range c.Find("public", "plain", nil).Emptied() {
		named[e.Name.Table] = true
	}
	server.Exec(t, "cascades", "TRUNCATE plain CASCADE")
	for table := range maps.Keys(before) {
		after := server.Query(t, "cascades", "SELECT count(*) FROM "+table)
		if emptied := before[table] != "0" && after == "0"; emptied != named[table] {
			t.Errorf("%s: %s rows before, %s after, named %v", table, before[table], after, named[table])
		}
	}
}

func TestARefusalNamesTheTablesThatGoWithTheOne(t *testing.T) {
	t.Parallel()
	server := pgtest.Shared(t, 17)
	database := newShop(t, server)
	server.Exec(t, database, manyKeys)
	role := reader(t, server, database)
	guard := pgtest.StartGuard(t, policyFor(server.Addr(),
		fmt.Sprintf("catalog: {user: %s, databases: [%s], refresh: 1s}", role, database), `
statements:
  - {name: by-key, action: allow, when: {effect: delete, relation: plain, breadth: key}}
  - {name: no-other, action: deny, when: {effect: delete, relation: plain}}`))
	conn, err := pgconn.Connect(context.Background(), guard.DSN("postgres", database))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	sent := func(sql string) *pgconn.PgError {
		_, err := conn.Exec(context.Background(), sql).ReadAll()
		var refused *pgconn.PgError
		errors.As(err, &refused)
		return refused
	}
	var refused *pgconn.PgError
	for refused = sent("TRUNCATE plain CASCADE"); !strings.Contains(refused.Detail, "tables:"); { // until it is read
		refused = sent("TRUNCATE plain CASCADE")
	}
	for _, part := range []string{"public.plain (about 30 rows)", "public.orders", "public.items", "public.strict"} {
		if !strings.Contains(refused.Detail, part) {
			t.Errorf("%q is not in %q", part, refused.Detail)
		}
	}
	e := guard.AwaitEvent(t, "the refusal", func(e audit.Event) bool { return len(e.Reaches) > 0 })
	if len(e.Reaches) != 4 || e.Reaches[0].Relation != "public.plain" || *e.Reaches[0].Rows != 30 || e.Reaches[1].Rows != nil {
		t.Errorf("reaches %+v", e.Reaches)
	}
	if refused := sent("DELETE FROM plain WHERE id = 5"); refused != nil {
		t.Errorf("by key: %v", refused)
	}
	if refused := sent("DELETE FROM plain WHERE email = '6'"); refused == nil {
		t.Error("half a key is taken for one")
	}
	// Once the session has changed the schema, the catalog is older than what it did.
	if refused := sent("CREATE TEMP TABLE plain (id int)"); refused != nil {
		t.Fatal(refused)
	}
	if refused := sent("DELETE FROM plain WHERE id = 5"); refused == nil {
		t.Error("a temporary table has the keys of the one it hides")
	}
}
