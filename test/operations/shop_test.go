package operations

import (
	"strconv"
	"sync"
	"testing"

	"github.com/pgcordon/pgcordon/test/pgtest"
)

// anyDatabase is for tests that only log in.
const anyDatabase = "postgres"

// shops are the databases that no test uses at the moment: to make and to drop one
// costs more than most tests.
var shops struct {
	sync.Mutex
	made int
	free map[*pgtest.Server][]string
}

// newShop is a database with a few tables worth losing, for one test alone.
func newShop(t testing.TB, server *pgtest.Server) string {
	t.Helper()
	name, made := takeShop(server)
	if !made {
		server.Exec(t, "postgres", "CREATE DATABASE "+name)
	}
	t.Cleanup(func() { returnShop(t, server, name) })
	server.Exec(t, name, `
		DROP SCHEMA public CASCADE;
		CREATE SCHEMA public;
		CREATE TABLE categories (id int PRIMARY KEY, name text);
		INSERT INTO categories SELECT n, 'category ' || n FROM generate_series(1, 20) AS n;
		CREATE TABLE coupons (id int PRIMARY KEY, code text, created_at timestamptz DEFAULT now());
		INSERT INTO coupons SELECT n, 'SECRET-' || n FROM generate_series(1, 20) AS n;
		CREATE TABLE journal (note text)`)
	return name
}

func takeShop(server *pgtest.Server) (name string, made bool) {
	shops.Lock()
	defer shops.Unlock()
	if free := shops.free[server]; len(free) > 0 {
		shops.free[server] = free[1:]
		return free[0], true
	}
	shops.made++
	return "operations_" + strconv.Itoa(shops.made), false
}

// returnShop gives a database back. Who is still in it, a backend whose client is gone
// but whose query runs on, is thrown out.
func returnShop(t testing.TB, server *pgtest.Server, name string) {
	t.Helper()
	server.Exec(t, "postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '"+name+"'")
	await(t, "nobody is left in the database", func() bool {
		return server.Query(t, "postgres", "SELECT count(*) FROM pg_stat_activity WHERE datname = '"+name+"'") == "0"
	})
	shops.Lock()
	defer shops.Unlock()
	if shops.free == nil {
		shops.free = map[*pgtest.Server][]string{}
	}
	shops.free[server] = append(shops.free[server], name)
}
