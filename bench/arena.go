package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgcordon/pgcordon/bench/load"
	"github.com/pgcordon/pgcordon/bench/peer"
	"github.com/pgcordon/pgcordon/test/cluster"
)

// arena is where peers meet: a server with tables, and a folder for the rest.
type arena struct {
	site     *peer.Site
	server   *cluster.Cluster
	programs string // folder of pgbench and postgres
	huge     bool   // the server's shared memory is of huge pages
	restore  func() // gives those back
}

// mostSessions is how many sessions a peer holds at once, but for idle ones.
const mostSessions = 256

// openArena starts the server, with pgbench's tables at that scale. Close it.
func openArena(ctx context.Context, scale int) (*arena, error) {
	if err := raiseFiles(); err != nil {
		return nil, err
	}
	site, err := peer.NewSite()
	if err != nil {
		return nil, err
	}
	a := &arena{site: site}
	a.huge, a.restore = reservePages()
	if err := a.open(ctx, scale); err != nil {
		a.close()
		return nil, err
	}
	return a, nil
}

func (a *arena) open(ctx context.Context, scale int) error {
	var err error
	if a.programs, err = newestPrograms(); err != nil {
		return err
	}
	a.server, err = cluster.Start(cluster.Config{
		Programs: a.programs, CertificateFile: a.site.Certificate, KeyFile: a.site.Key,
		HBA: []string{
			"local all " + scramUser + " scram-sha-256",
			"host all " + scramUser + " all scram-sha-256",
		},
		Conf: map[string]string{
			"max_connections": "600", "shared_buffers": "256MB", "max_wal_size": "4GB", "huge_pages": a.hugePages(),
			// So that Go's client gets the cipher suite that it prefers.
			"ssl_prefer_server_ciphers": "off",
		},
	})
	if err != nil {
		return err
	}
	a.site.Sessions = mostSessions
	a.site.Server = peer.Server{
		Host: peer.Host, Port: a.server.Port(), Socket: a.server.Socket(), Folder: a.server.SocketDir(),
	}
	return a.fill(ctx, scale)
}

// hugePages is the server's setting; one that cannot have them as it should does not start.
func (a *arena) hugePages() string {
	if a.huge {
		return "on"
	}
	return "off"
}

// scramUser logs in with SCRAM, everybody else without a password.
const scramUser = "storefront_scram"

func (a *arena) fill(ctx context.Context, scale int) error {
	for _, sql := range []string{
		"CREATE ROLE " + peer.User + " LOGIN",
		fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '%s'", scramUser, cluster.Password),
		"CREATE DATABASE " + peer.Database + " OWNER " + peer.User,
	} {
		if err := a.server.Exec("postgres", sql); err != nil {
			return err
		}
	}
	secret, err := a.query(ctx, "SELECT rolpassword FROM pg_authid WHERE rolname = '"+scramUser+"'")
	if err != nil {
		return err
	}
	a.site.Role = peer.Role{Name: scramUser, Password: cluster.Password, Secret: secret}
	cmd := exec.CommandContext(ctx, filepath.Join(a.programs, "pgbench"), "--initialize", "--quiet",
		"--host="+a.site.Server.Folder, "--port="+strconv.Itoa(a.site.Server.Port),
		"--username="+peer.User, "--scale="+strconv.Itoa(scale), peer.Database)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("make pgbench's tables: %w\n%s", err, out)
	}
	return a.server.Exec(peer.Database, "SET ROLE "+peer.User+";"+load.Tables)
}

// query returns one value, asked by the superuser.
func (a *arena) query(ctx context.Context, sql string) (string, error) {
	conn, err := pgconn.Connect(ctx, a.server.AdminDSN("postgres"))
	if err != nil {
		return "", fmt.Errorf("connect as superuser: %w", err)
	}
	defer conn.Close(ctx)
	results, err := conn.Exec(ctx, sql).ReadAll()
	if err != nil {
		return "", fmt.Errorf("query as superuser: %w", err)
	}
	return string(results[0].Rows[0][0]), nil
}

// close ends the server and removes all files.
func (a *arena) close() {
	var err error
	if a.server != nil {
		err = a.server.Stop()
	}
	a.restore()
	a.site.Close()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench: stop the server:", err)
	}
}

// client is a pgbench that logs in without a password.
func (a *arena) client() load.Client {
	return load.Client{
		Program: filepath.Join(a.programs, "pgbench"), User: peer.User, Database: peer.Database, OpenSSL: a.site.OpenSSL,
	}
}

// newestPrograms is the folder of the newest PostgreSQL that Debian has installed.
func newestPrograms() (string, error) {
	const pattern = "/usr/lib/postgresql/*/bin/pgbench"
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) == 0 {
		return "", errors.Join(fmt.Errorf("no %s; bench/setup installs it", pattern), err)
	}
	major := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path)))) // 0 for what is no version
		return n
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return cmp.Compare(major(a), major(b)) })
	return filepath.Dir(newest), nil
}

// raiseFiles lets this process and those it starts open as many files as they may.
func raiseFiles() error {
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		return fmt.Errorf("read the limit of open files: %w", err)
	}
	const wanted = 24_000
	for _, limit := range []syscall.Rlimit{{Cur: wanted, Max: max(wanted, files.Max)}, {Cur: files.Max, Max: files.Max}} {
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err == nil {
			return nil
		}
	}
	return errors.New("the limit of open files cannot be raised")
}
