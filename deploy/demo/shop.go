package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/pgcordon/pgcordon/test/cluster"
)

// Where everything is. pgcordon.yaml says the same.
const (
	address     = "127.0.10.10"
	serverPort  = 15432
	guardAddr   = address + ":16432"
	metricsAddr = address + ":19432"
	stagingIP   = "127.0.20.5"
	appIP       = "127.0.30.7"
)

const (
	role     = "storefront_app"
	database = "storefront"
)

//go:embed shop.sql
var schema string

// tables are what the incident touched, in the order of the report.
var tables = []string{"categories", "products", "orders", "payments", "cms_blocks", "coupons"}

// counts are the rows of each table.
type counts map[string]int

// shop is production's database.
type shop struct{ server *cluster.Cluster }

// openShop starts a server and fills the shop, with a snapshot to restore from.
func openShop(ctx context.Context, s *screen) (*shop, error) {
	s.title("A shop's production database")
	started := time.Now()
	major, programs, err := newestServer()
	if err != nil {
		return nil, err
	}
	server, err := cluster.Start(cluster.Config{Major: major, Programs: programs,
		Auth: "scram-sha-256", Address: address, Port: serverPort})
	if err != nil {
		return nil, err
	}
	shop := &shop{server}
	if err := shop.fill(); err != nil {
		shop.close()
		return nil, err
	}
	s.line("PostgreSQL %d listens on %s, started and filled in %.1f s", major, server.Addr(), time.Since(started).Seconds())
	return shop, ctx.Err()
}

// newestServer finds Debian's PostgreSQL.
func newestServer() (major int, programs string, err error) {
	servers, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	for _, server := range servers {
		dir := filepath.Dir(server)
		if n, err := strconv.Atoi(filepath.Base(filepath.Dir(dir))); err == nil && n > major {
			major, programs = n, dir
		}
	}
	if major == 0 {
		return 0, "", errors.New("no PostgreSQL in /usr/lib/postgresql (test/setup demo installs it)")
	}
	return major, programs, nil
}

func (s *shop) fill() error {
	steps := []struct{ database, sql string }{
		{"postgres", fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '%s'", role, cluster.Password)},
		{"postgres", "CREATE DATABASE snapshot OWNER " + role},
		{"snapshot", "SET ROLE " + role + ";" + schema},
		{"snapshot", "ANALYZE"},
	}
	for _, step := range steps {
		if err := s.server.Exec(step.database, step.sql); err != nil {
			return fmt.Errorf("fill the shop: %w", err)
		}
	}
	return s.restore()
}

// restore puts the snapshot in the place of the database.
func (s *shop) restore() error {
	if err := s.server.Exec("postgres", "DROP DATABASE IF EXISTS "+database+" WITH (FORCE)"); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	if err := s.server.Exec("postgres", "CREATE DATABASE "+database+" TEMPLATE snapshot OWNER "+role); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	return nil
}

// count looks past the guard.
func (s *shop) count(ctx context.Context) (counts, error) {
	conn, err := pgx.Connect(ctx, s.server.AdminDSN(database))
	if err != nil {
		return nil, fmt.Errorf("count rows: %w", err)
	}
	defer conn.Close(ctx)
	result := counts{}
	for _, table := range tables {
		var n int
		if err := conn.QueryRow(ctx, "SELECT count(*) FROM "+table).Scan(&n); err != nil {
			return nil, fmt.Errorf("count rows of %s: %w", table, err)
		}
		result[table] = n
	}
	return result, nil
}

func (s *shop) url() string { return urlOf(s.server.Addr()) }

func (s *shop) close() { _ = s.server.Stop() }

// urlOf is production's connection string, the one that found its way into
// staging's values: same role, same password.
func urlOf(addr string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(role, cluster.Password), Host: addr, Path: "/" + database}
	return u.String() + "?sslmode=disable"
}

// connect opens a session from an address of this machine, which stands for a
// machine of the environment that it belongs to.
func connect(ctx context.Context, from, url, application string) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	config.RuntimeParams["application_name"] = application
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	config.DialFunc = dialer.DialContext
	return pgx.ConnectConfig(ctx, config)
}
