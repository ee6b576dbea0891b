package main

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// traffic is what customers did.
type traffic struct{ viewed, ordered, failed int }

// customers browse and buy through the guard until they are stopped.
type customers struct {
	conn   *pgx.Conn
	quit   chan struct{}
	result chan traffic
}

// startTraffic opens the application's session and returns once customers have
// bought something.
func startTraffic(ctx context.Context) (*customers, error) {
	conn, err := connect(ctx, appIP, urlOf(guardAddr), "storefront")
	if err != nil {
		return nil, fmt.Errorf("connect the application: %w", err)
	}
	c := &customers{conn: conn, quit: make(chan struct{}), result: make(chan traffic, 1)}
	first := make(chan struct{})
	go c.shop(ctx, first)
	<-first
	return c, nil
}

// stop sends the customers home and tells what they did.
func (c *customers) stop() traffic {
	close(c.quit)
	return <-c.result
}

func (c *customers) shop(ctx context.Context, first chan<- struct{}) {
	var done traffic
	defer func() {
		c.conn.Close(ctx)
		c.result <- done
	}()
	for i := 1; ; i++ {
		done.note(c.buy(ctx, i%11388+1))
		if i == 1 {
			close(first)
		}
		select {
		case <-c.quit:
			return
		case <-time.After(2 * time.Millisecond):
		}
	}
}

func (t *traffic) note(err error) {
	if err != nil {
		t.failed++
		return
	}
	t.viewed++
	t.ordered++
}

// buy looks at a product, orders it and pays, in one transaction.
func (c *customers) buy(ctx context.Context, product int) error {
	return pgx.BeginFunc(ctx, c.conn, func(tx pgx.Tx) error {
		var price string
		if err := tx.QueryRow(ctx, "SELECT price::text FROM products WHERE id = $1", product).Scan(&price); err != nil {
			return err
		}
		var order int64
		if err := tx.QueryRow(ctx, "INSERT INTO orders (product_id) VALUES ($1) RETURNING id", product).Scan(&order); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "INSERT INTO payments (order_id, amount) VALUES ($1, $2::text::numeric)", order, price)
		return err
	})
}
