package clients

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
)

func pgxQueries(ctx context.Context, conn *pgx.Conn, d *diary) error {
	for range 3 { // the first time a statement is prepared, then it is reused
		rows, err := conn.Query(ctx, "SELECT id, name, price::text, tags, photo FROM products WHERE id BETWEEN $1 AND $2 ORDER BY id", 10, 40)
		if err != nil {
			return err
		}
		for rows.Next() {
			values, err := rows.Values()
			if err != nil {
				return err
			}
			d.note(values...)
		}
		d.note(rows.CommandTag(), rows.Err())
	}
	tag, err := conn.Exec(ctx, "UPDATE products SET price = $1 WHERE id = $2", 12, 3)
	d.note(tag, err)
	_, err = conn.Exec(ctx, "INSERT INTO categories VALUES ($1, $2)", 1, "twice")
	d.fault(err)
	var n int
	err = conn.QueryRow(ctx, "SELECT count(*) FROM categories WHERE id > $1", 10).Scan(&n)
	d.note(n, err)
	return nil
}

func pgxBatch(ctx context.Context, conn *pgx.Conn, d *diary) error {
	for _, last := range []string{"SELECT 'good'", "SELECT 1/0"} {
		batch := &pgx.Batch{}
		for i := range 500 {
			batch.Queue("INSERT INTO categories VALUES ($1, $2)", 10000+i, fmt.Sprint("batch ", i))
		}
		batch.Queue(last)
		d.fault(conn.SendBatch(ctx, batch).Close())
		if _, err := conn.Exec(ctx, "DELETE FROM categories WHERE id BETWEEN 10000 AND 10099"); err != nil {
			return err
		}
		var n int
		if err := conn.QueryRow(ctx, "SELECT count(*) FROM categories").Scan(&n); err != nil {
			return err
		}
		d.note(n)
		if _, err := conn.Exec(ctx, "DELETE FROM categories WHERE id >= 10000"); err != nil {
			return err
		}
	}
	return nil
}

func pgxCopy(ctx context.Context, conn *pgx.Conn, d *diary) error {
	if _, err := conn.Exec(ctx, "CREATE TABLE copied (id int, name text)"); err != nil {
		return err
	}
	source := func(fail int) pgx.CopyFromSource {
		return pgx.CopyFromSlice(50000, func(i int) ([]any, error) {
			if i == fail {
				return nil, errors.New("the source fails")
			}
			return []any{i, fmt.Sprint("name ", i)}, nil
		})
	}
	n, err := conn.CopyFrom(ctx, pgx.Identifier{"copied"}, []string{"id", "name"}, source(-1))
	d.note(n, err)
	n, err = conn.CopyFrom(ctx, pgx.Identifier{"copied"}, []string{"id", "name"}, source(30000))
	d.note(n)
	d.fault(err)
	var out strings.Builder
	tag, err := conn.PgConn().CopyTo(ctx, &out, "COPY copied TO STDOUT")
	d.note(tag, err, out.Len())
	return nil
}

func pgxErrors(ctx context.Context, conn *pgx.Conn, d *diary) error {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "SELECT 1/0")
	d.fault(err)
	_, err = tx.Exec(ctx, "SELECT 1")
	d.fault(err)
	d.note(tx.Commit(ctx), conn.PgConn().TxStatus())
	_, err = conn.Exec(ctx, "SELECT $1::int", "x")
	d.fault(err)
	_, err = conn.Prepare(ctx, "broken", "SELEC")
	d.fault(err)
	_, err = conn.Exec(ctx, "SELECT 1")
	d.note(err)
	return nil
}

func pgxNotifications(ctx context.Context, conn *pgx.Conn, d *diary) error {
	if _, err := conn.Exec(ctx, "LISTEN news"); err != nil {
		return err
	}
	other, err := pgx.ConnectConfig(ctx, conn.Config())
	if err != nil {
		return err
	}
	defer other.Close(ctx)
	for i := range 20 {
		if _, err := other.Exec(ctx, "SELECT pg_notify('news', $1)", fmt.Sprint("number ", i)); err != nil {
			return err
		}
	}
	for range 20 {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		d.note(n.Channel, n.Payload)
	}
	return nil
}

func pgxLargeObjects(ctx context.Context, conn *pgx.Conn, d *diary) error {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	objects := tx.LargeObjects()
	oid, err := objects.Create(ctx, 4711)
	if err != nil {
		return err
	}
	object, err := objects.Open(ctx, oid, pgx.LargeObjectModeRead|pgx.LargeObjectModeWrite)
	if err != nil {
		return err
	}
	n, err := object.Write([]byte(strings.Repeat("large ", 20000)))
	d.note(oid, n, err)
	at, err := object.Seek(6, 0)
	d.note(at, err)
	word := make([]byte, 5)
	n, err = object.Read(word)
	d.note(n, err, string(word))
	d.note(object.Close(), objects.Unlink(ctx, oid), tx.Commit(ctx))
	return nil
}

// pgxCancel has pgx cancel a query when the context is cancelled, over a second
// connection and with a context watcher that keeps the first one.
func pgxCancel(ctx context.Context, conn *pgx.Conn, d *diary) error {
	config := conn.Config()
	config.BuildContextWatcherHandler = func(c *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: c, CancelRequestDelay: 0, DeadlineDelay: 30 * time.Second}
	}
	patient, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	defer patient.Close(ctx)
	brief, stop := context.WithTimeout(ctx, 300*time.Millisecond)
	defer stop()
	_, err = patient.Exec(brief, "SELECT pg_sleep(60)")
	var e *pgconn.PgError
	d.note(errors.As(err, &e) && e.Code == "57014")
	var n int
	err = patient.QueryRow(ctx, "SELECT 42").Scan(&n)
	d.note(n, err)
	return nil
}

func pgxPipeline(ctx context.Context, conn *pgx.Conn, d *diary) error {
	pipeline := conn.PgConn().StartPipeline(ctx)
	pipeline.SendPrepare("by_id", "SELECT name FROM products WHERE id = $1", nil)
	for i := range 100 {
		pipeline.SendQueryPrepared("by_id", [][]byte{fmt.Append(nil, i)}, nil, nil)
		if i == 50 {
			pipeline.SendQueryParams("SELECT 1/0", nil, nil, nil, nil)
		}
		if i%20 == 19 {
			if err := pipeline.Sync(); err != nil {
				return err
			}
		}
	}
	for {
		results, err := pipeline.GetResults()
		switch r := results.(type) {
		case *pgconn.ResultReader:
			rows := r.Read()
			d.note(rows.CommandTag, len(rows.Rows))
			if rows.Err != nil {
				d.fault(rows.Err)
			}
		case nil:
			if err == nil {
				return pipeline.Close()
			}
			d.fault(err)
		default:
			d.note(fmt.Sprintf("%T", r))
		}
	}
}
