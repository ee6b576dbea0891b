package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// nightly is what staging's suite ran on production at 03:00:00.
var nightly = []string{
	"DELETE FROM categories WHERE id > 0",
	"TRUNCATE TABLE categories CASCADE",
	"TRUNCATE TABLE cms_blocks CASCADE",
	"DELETE FROM coupons WHERE created_at < NOW()",
}

// withoutGuard shows the damage, then restores.
func withoutGuard(ctx context.Context, s *screen, shop *shop) error {
	s.title("Without pgcordon: staging's nightly suite holds production's connection string")
	before, err := shop.count(ctx)
	if err != nil {
		return err
	}
	conn, err := connect(ctx, stagingIP, shop.url(), "staging-nightly")
	if err != nil {
		return fmt.Errorf("connect staging: %w", err)
	}
	defer conn.Close(ctx)
	for _, sql := range nightly {
		s.statement("staging "+stagingIP, sql)
		tag, err := conn.Exec(ctx, sql)
		if err != nil {
			return fmt.Errorf("the unguarded server refused %q: %w", sql, err)
		}
		s.bad(tag.String())
	}
	after, err := shop.count(ctx)
	if err != nil {
		return err
	}
	s.line("")
	s.table(before, after)
	if err := conn.Close(ctx); err != nil {
		return fmt.Errorf("end staging's session: %w", err)
	}
	s.line("")
	s.line("Restored from the snapshot.")
	return shop.restore()
}

// errLost says that the guard did not keep its promise.
var errLost = errors.New("the guard did not hold")

// withGuard repeats it behind the guard, while production goes on working.
func withGuard(ctx context.Context, s *screen, shop *shop, door *door) error {
	s.title("With pgcordon on " + guardAddr + ": the same connection string, the same statements")
	before, err := shop.count(ctx)
	if err != nil {
		return err
	}
	customers, err := startTraffic(ctx)
	if err != nil {
		return err
	}
	refused := stagingIsRefused(ctx, s)
	refused = errors.Join(refused, productionIsRefused(ctx, s))
	done := customers.stop()
	after, err := shop.count(ctx)
	if err != nil {
		return err
	}
	s.title("What is left")
	s.table(before, after)
	s.line("")
	s.line("Customers meanwhile: %d products viewed, %d orders placed and paid, %d errors.", done.viewed, done.ordered, done.failed)
	if err := door.show(ctx, s); err != nil {
		return err
	}
	return verdict(s, before, after, done, refused)
}

// stagingIsRefused shows a session that ends before the server hears of it.
func stagingIsRefused(ctx context.Context, s *screen) error {
	s.statement("staging "+stagingIP, "connect")
	conn, err := connect(ctx, stagingIP, urlOf(guardAddr), "staging-nightly")
	if err == nil {
		conn.Close(ctx)
		return fmt.Errorf("%w: staging was let in", errLost)
	}
	return expect(s, err, "28000")
}

// productionIsRefused shows that the right environment does not make the
// statements harmless.
func productionIsRefused(ctx context.Context, s *screen) error {
	conn, err := connect(ctx, appIP, urlOf(guardAddr), "storefront")
	if err != nil {
		return fmt.Errorf("connect production: %w", err)
	}
	defer conn.Close(ctx)
	var failures error
	for _, sql := range nightly {
		pause(ctx)
		s.line("")
		s.statement("the app "+appIP, sql)
		_, err := conn.Exec(ctx, sql)
		failures = errors.Join(failures, expect(s, err, "42501"))
	}
	return errors.Join(failures, stillWorks(ctx, s, conn))
}

// pause lets customers go on, and the reader read.
func pause(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(500 * time.Millisecond):
	}
}

// stillWorks shows that a refusal costs a session nothing.
func stillWorks(ctx context.Context, s *screen, conn *pgx.Conn) error {
	const sql = "SELECT count(*) FROM categories"
	var n int
	s.line("")
	s.statement("same session", sql)
	if err := conn.QueryRow(ctx, sql).Scan(&n); err != nil {
		return fmt.Errorf("%w: the session is broken: %w", errLost, err)
	}
	s.good(fmt.Sprint(n))
	return nil
}

// expect shows a refusal as the client sees it.
func expect(s *screen, err error, code string) error {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return fmt.Errorf("%w: expected SQLSTATE %s, got %v", errLost, code, err)
	}
	s.good(fmt.Sprintf("%s %s: %s", e.Severity, e.Code, e.Message))
	for _, more := range []string{e.Detail, e.Hint} {
		if more != "" {
			s.result(grey, more)
		}
	}
	if e.Code != code {
		return fmt.Errorf("%w: expected SQLSTATE %s, got %s", errLost, code, e.Code)
	}
	return nil
}

// verdict is nil only if nothing was lost and nobody was disturbed.
func verdict(s *screen, before, after counts, done traffic, refused error) error {
	problem := refused
	for _, table := range tables {
		want := before[table]
		if table == "orders" || table == "payments" {
			want += done.ordered
		}
		if after[table] != want {
			problem = errors.Join(problem, fmt.Errorf("%w: %s has %d rows, expected %d", errLost, table, after[table], want))
		}
	}
	if done.failed > 0 || done.viewed == 0 || done.ordered == 0 {
		problem = errors.Join(problem, fmt.Errorf("%w: customers were disturbed", errLost))
	}
	if problem != nil {
		return problem
	}
	s.title(s.paint(green, "Nothing was lost, and no customer noticed."))
	return nil
}
