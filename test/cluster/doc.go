// Package cluster starts real PostgreSQL servers of majors 14 to 18 and throws
// them away afterwards.
//
// A cluster, in PostgreSQL's words, is a data directory and the server that runs
// on it. initdb runs once for each major; every further start copies its result,
// so that a server is there in well under a second. A server refuses to run as
// root: where the caller is root, it runs as nobody.
//
// Tests use package pgtest, which ties a cluster to a test. The demo uses this one.
package cluster
