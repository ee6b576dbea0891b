// Package peer starts the proxies that are compared, each in front of the same
// server and each in its usual configuration:
//
//   - PgBouncer: session mode, SCRAM with stored secrets (files/pgbouncer.ini)
//   - HAProxy: mode tcp, one thread (files/haproxy.cfg)
//   - Pgpool-II: one server, no load balancing (files/pgpool.conf)
//   - pgcordon: deploy/examples/sidecar.yaml enforced, with a TCP or a unix
//     socket to the server; and the same without any rule (pgcordon.go)
//   - the bare relay of bench/bare
//
// All run as an unprivileged user, because some refuse to run as root, and none
// outlives the process that started it.
package peer
