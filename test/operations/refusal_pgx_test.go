package operations

import (
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// statementError fails the test unless err is the refusal of a statement.
func statementError(t testing.TB, err error, rule string) *pgconn.PgError {
	t.Helper()
	var e *pgconn.PgError
	if !errors.As(err, &e) || e.Code != "42501" || !strings.Contains(e.Message, "rule "+rule+",") {
		t.Fatalf("want a refusal by %s, got %v", rule, err)
	}
	return e
}

func TestRefusalIsAnOrdinaryErrorInEveryModeOfPgx(t *testing.T) {
	t.Parallel()
	eachMajor(t, "", func(t *testing.T, s stage) {
		for _, mode := range []pgx.QueryExecMode{
			pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheDescribe, pgx.QueryExecModeDescribeExec,
			pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol,
		} {
			t.Run(mode.String(), func(t *testing.T) {
				conn := s.connect(t, production, inMode(mode))
				for range 2 { // the second time from the driver's cache
					_, err := conn.Exec(deadline(t), "DELETE FROM categories WHERE id > $1", 0)
					statementError(t, err, "builtin/unbounded-delete")
				}
				if n := one(t, conn, "SELECT count(*) FROM categories"); n != "20" {
					t.Errorf("%s of 20 categories are left", n)
				}
			})
		}
	})
}

func TestRefusalInABatchRollsBackTheWholeBatch(t *testing.T) {
	t.Parallel()
	eachMajor(t, "", func(t *testing.T, s stage) {
		conn := s.connect(t, production)
		batch := &pgx.Batch{}
		batch.Queue("INSERT INTO journal VALUES ($1)", "lost")
		batch.Queue("TRUNCATE categories")
		batch.Queue("INSERT INTO journal VALUES ($1)", "lost")
		statementError(t, conn.SendBatch(deadline(t), batch).Close(), "builtin/truncate")
		if n := one(t, conn, "SELECT count(*) FROM journal"); n != "0" {
			t.Errorf("%s rows of the batch remain", n)
		}
	})
}

func TestRefusalLeavesATransactionThatCanOnlyBeRolledBack(t *testing.T) {
	t.Parallel()
	eachMajor(t, "", func(t *testing.T, s stage) {
		conn := s.connect(t, production)
		tx, err := conn.Begin(deadline(t))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(deadline(t), "INSERT INTO journal VALUES ('lost')"); err != nil {
			t.Fatal(err)
		}
		_, err = tx.Exec(deadline(t), "UPDATE categories SET name = upper(name)")
		statementError(t, err, "builtin/unbounded-update")
		if err := tx.Commit(deadline(t)); !errors.Is(err, pgx.ErrTxCommitRollback) {
			t.Errorf("commit said %v", err)
		}
		if n := one(t, conn, "SELECT count(*) FROM journal"); n != "0" {
			t.Errorf("%s rows of the transaction remain", n)
		}
	})
}
