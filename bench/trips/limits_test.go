package trips

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgcordon/pgcordon/test/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// limited is a guard in front of a counter, with a limit for each of two roles.
const limited = `
targets:
  - {name: storefront, environment: production, listen: "$listen", upstream: "$upstream"}
sources:
  - {name: here, environment: production, cidr: 127.0.0.0/8}
statements:
  - {name: bounded, action: allow, max_rows: 1000, when: {user: max_rows, effect: update}}
transactions:
  - {name: bounded, max_effects: {deleted: 100, updated: 1000, truncated: 0, altered: 0}, when: {user: max_effects}}
audit: {file: "$audit"}
metrics: {listen: "$metrics"}
limits: {drain: 1s}
`

const update = "UPDATE accounts SET balance = balance + 1 WHERE id = 7"

// transactions are the rows of a table in docs/performance.md: the round trips that each
// takes without a limit, under max_rows, and under max_effects.
var transactions = []struct {
	name string
	run  func(context.Context, *pgconn.PgConn) error
	want [3]int64
}{
	{"a query that changes nothing, simple", queries("SELECT balance FROM accounts WHERE id = 7"), [3]int64{1, 1, 3}},
	{"an UPDATE, simple", queries(update), [3]int64{1, 2, 3}},
	{"an UPDATE, extended or prepared", extended, [3]int64{1, 2, 2}},
	{"BEGIN, three UPDATEs, COMMIT, simple", queries("BEGIN", update, update, update, "COMMIT"), [3]int64{5, 5, 6}},
	{"five UPDATEs in a pipeline with one Sync", pipeline, [3]int64{1, 6, 2}},
}

func queries(list ...string) func(context.Context, *pgconn.PgConn) error {
	return func(ctx context.Context, conn *pgconn.PgConn) error {
		for _, sql := range list {
			if _, err := conn.Exec(ctx, sql).ReadAll(); err != nil {
				return err
			}
		}
		return nil
	}
}

func extended(ctx context.Context, conn *pgconn.PgConn) error {
	return conn.ExecParams(ctx, update, nil, nil, nil, nil).Read().Err
}

func pipeline(ctx context.Context, conn *pgconn.PgConn) error {
	var batch pgconn.Batch
	for range 5 {
		batch.ExecParams(update, nil, nil, nil, nil)
	}
	_, err := conn.ExecBatch(ctx, &batch).ReadAll()
	return err
}

func TestDocumentTellsTheRoundTripsOfEveryTransaction(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile("../../docs/performance.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, tx := range transactions {
		row := fmt.Sprintf("| %s | %d | %d | %d |\n", tx.name, tx.want[0], tx.want[1], tx.want[2])
		if !strings.Contains(string(document), row) {
			t.Errorf("docs/performance.md lacks the row %s", row)
		}
	}
}

func TestLimitsAddTheRoundTripsThatAreDocumented(t *testing.T) {
	t.Parallel()
	for _, major := range pgtest.Majors {
		t.Run(strconv.Itoa(major), func(t *testing.T) {
			t.Parallel()
			server := pgtest.Shared(t, major)
			server.NewDatabase(t, "bank")
			server.Exec(t, "postgres", "CREATE ROLE no_limit LOGIN; CREATE ROLE max_rows LOGIN; CREATE ROLE max_effects LOGIN")
			server.Exec(t, "bank", `
				CREATE TABLE accounts (id int PRIMARY KEY, balance int NOT NULL);
				INSERT INTO accounts VALUES (7, 0);
				GRANT SELECT, UPDATE ON accounts TO PUBLIC`)
			counter := listen(t, server)
			upstream := net.JoinHostPort(host, strconv.Itoa(counter.Port))
			guard := pgtest.StartGuard(t, strings.ReplaceAll(limited, "$upstream", upstream))
			for i, user := range []string{"no_limit", "max_rows", "max_effects"} {
				conn := connect(t, guard.DSN(user, "bank"))
				for _, transaction := range transactions {
					if got := counted(t, counter, conn, transaction.run); got != transaction.want[i] {
						t.Errorf("%s, %s: %d round trips, want %d", user, transaction.name, got, transaction.want[i])
					}
				}
			}
		})
	}
}
