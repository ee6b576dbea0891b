package pgtest

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/pgcordon/pgcordon/test/cluster"
)

// Majors are the versions of PostgreSQL to test with, oldest first.
var Majors = cluster.Majors

// Password is the superuser's, and the one that a DSN carries for every role.
const Password = cluster.Password

// Config says what server to start.
type Config struct {
	Major int
	Auth  string // trust (default), scram-sha-256, md5, password or cert
	TLS   bool   // with a certificate for localhost and 127.0.0.1 from Server.CA
	Conf  map[string]string
	HBA   []string // lines put in front of pg_hba.conf's
	// Backup is what Cluster.Backup returned, to recover with settings in Conf.
	Backup string
}

// Server is a running PostgreSQL.
type Server struct {
	*cluster.Cluster
	CA *Authority // signs clients and the server itself; nil without TLS
}

// Start runs a server until the test ends.
func Start(t testing.TB, config Config) *Server {
	t.Helper()
	c := cluster.Config{Major: config.Major, Auth: config.Auth, Conf: config.Conf, HBA: config.HBA, Backup: config.Backup}
	var ca *Authority
	if config.TLS || config.Auth == "cert" {
		ca = NewAuthority(t, "PostgreSQL test CA")
		server := ca.Issue(t, Leaf{CommonName: "localhost"})
		c.CertificateFile, c.KeyFile, c.ClientCAFile = server.CertificateFile, server.KeyFile, ca.File
	}
	started, err := cluster.Start(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := started.Stop(); err != nil {
			t.Errorf("stop PostgreSQL %d: %v", config.Major, err)
		}
	})
	return &Server{Cluster: started, CA: ca}
}

// Exec runs SQL as the superuser, past any guard.
func (s *Server) Exec(t testing.TB, database, sql string) {
	t.Helper()
	if err := s.Cluster.Exec(database, sql); err != nil {
		t.Fatal(err)
	}
}

// Query returns the first column of the first row as text, past any guard.
func (s *Server) Query(t testing.TB, database, sql string) string {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, s.AdminDSN(database))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	var text *string
	if err := conn.QueryRow(ctx, "SELECT ("+sql+")::text").Scan(&text); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	if text == nil {
		return ""
	}
	return *text
}

// NewDatabase makes an empty database that is dropped when the test ends.
func (s *Server) NewDatabase(t testing.TB, name string) {
	t.Helper()
	s.Exec(t, "postgres", "CREATE DATABASE "+name)
	t.Cleanup(func() { s.Exec(t, "postgres", "DROP DATABASE "+name+" WITH (FORCE)") })
}
