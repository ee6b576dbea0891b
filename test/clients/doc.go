// Package clients drives the clients that people use through the guard: psql,
// pgbench, pg_dump and pg_restore, pgx, node-postgres and psycopg2, each against
// every major version of the server and with every way to authenticate and
// encrypt that can work through a proxy.
//
// What a client prints must be what it prints when it connects directly.
package clients
