package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgcordon/pgcordon/test/child"
)

// startTimeout is generous: a loaded machine is no reason for a test to fail.
const startTimeout = 60 * time.Second

// Cluster is a running server.
type Cluster struct {
	Config  Config
	home    string
	process *child.Process
}

// Start runs a server and waits until it takes connections. Stop it.
func Start(config Config) (*Cluster, error) {
	sweep()
	inst, err := install(config)
	if err != nil {
		return nil, err
	}
	o, err := unprivileged()
	if err != nil {
		return nil, err
	}
	home, err := newHome(o)
	if err != nil {
		return nil, err
	}
	if config.Address == "" {
		config.Address = "127.0.0.1"
	}
	c := &Cluster{Config: config, home: home}
	if err := c.boot(inst, o); err != nil {
		_ = c.Stop() // the first error says more
		return nil, fmt.Errorf("start PostgreSQL %d: %w", config.Major, err)
	}
	return c, nil
}

func (c *Cluster) boot(inst installation, o owner) error {
	if err := c.provide(inst, o); err != nil {
		return err
	}
	if err := c.configure(o); err != nil {
		return err
	}
	if err := c.launch(inst, o); err != nil {
		return err
	}
	if err := c.awaitReady(); err != nil {
		return err
	}
	if c.Config.Auth == "md5" { // the template's password is kept as a SCRAM secret
		return c.Exec("postgres", fmt.Sprintf("ALTER ROLE postgres PASSWORD '%s'", Password))
	}
	return nil
}

// provide makes the data directory.
func (c *Cluster) provide(inst installation, o owner) error {
	source := c.Config.Backup
	if source == "" {
		var err error
		if source, err = inst.template(o); err != nil {
			return err
		}
	}
	if err := o.run(c.home, "cp", "-a", "--reflink=auto", source, "data"); err != nil || c.Config.Backup == "" {
		return err
	}
	return o.run(c.home, "touch", "data/recovery.signal")
}

// configure writes what differs from the template, and takes the keys along: the
// server reads only a key that its own user owns.
func (c *Cluster) configure(o owner) error {
	for _, path := range []*string{&c.Config.CertificateFile, &c.Config.KeyFile, &c.Config.ClientCAFile} {
		if *path == "" {
			continue
		}
		content, err := os.ReadFile(*path)
		if err != nil {
			return fmt.Errorf("read for the server: %w", err)
		}
		*path = filepath.Join(c.home, filepath.Base(*path))
		if err := errors.Join(os.WriteFile(*path, content, 0o600), o.give(*path)); err != nil {
			return fmt.Errorf("copy for the server: %w", err)
		}
	}
	return os.WriteFile(filepath.Join(c.home, "data", "pg_hba.conf"), []byte(c.Config.hba()), 0o600)
}

func (c *Cluster) launch(inst installation, o owner) error {
	if c.Config.Port == 0 {
		port, err := freePort(c.Config.Address)
		if err != nil {
			return err
		}
		c.Config.Port = port
	}
	args := []string{"-D", "data", "-c", "port=" + strconv.Itoa(c.Config.Port), "-c", "unix_socket_directories=" + c.home}
	for name, value := range c.Config.settings() {
		args = append(args, "-c", name+"="+value)
	}
	log, err := os.Create(c.logFile())
	if err != nil {
		return fmt.Errorf("make the server's log: %w", err)
	}
	defer log.Close()
	cmd := o.command(c.home, inst.program("postgres"), args...)
	cmd.Stdout, cmd.Stderr = log, log
	c.process, err = child.Start(cmd, syscall.SIGQUIT)
	return err
}

// awaitReady watches the last line of postmaster.pid, which the postmaster keeps
// up to date (PostgreSQL's src/include/utils/pidfile.h, PM_STATUS_READY, and
// PM_STATUS_STANDBY while it recovers).
func (c *Cluster) awaitReady() error {
	deadline := time.After(startTimeout)
	for {
		if pidfile, err := os.ReadFile(filepath.Join(c.home, "data", "postmaster.pid")); err == nil {
			if strings.Contains(string(pidfile), "ready") || strings.Contains(string(pidfile), "standby") {
				return nil
			}
		}
		select {
		case <-c.process.Done():
			return fmt.Errorf("the server ended:\n%s", c.Log())
		case <-deadline:
			return fmt.Errorf("not ready after %s:\n%s", startTimeout, c.Log())
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// freePort finds a port that nobody listens on. Somebody else may take it first;
// then the server ends at once and says so.
func freePort(address string) (int, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		return 0, fmt.Errorf("find a port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// Stop ends the server at once and removes its data.
func (c *Cluster) Stop() error {
	var err error
	if c.process != nil {
		// An immediate shutdown: nobody needs the data, so none is saved.
		err = c.process.Stop(syscall.SIGQUIT, 30*time.Second)
	}
	return errors.Join(err, os.RemoveAll(c.home))
}

// Restart ends the server at once, as a crash would, and starts it again with what it then
// has.
func (c *Cluster) Restart() error {
	inst, err := install(c.Config)
	if err != nil {
		return err
	}
	o, err := unprivileged()
	if err != nil {
		return err
	}
	if err := c.process.Stop(syscall.SIGQUIT, 30*time.Second); err != nil {
		return fmt.Errorf("end PostgreSQL %d: %w", c.Config.Major, err)
	}
	if err := c.launch(inst, o); err != nil {
		return fmt.Errorf("start PostgreSQL %d again: %w", c.Config.Major, err)
	}
	return c.awaitReady()
}

// Exec runs SQL as the superuser through the unix socket.
func (c *Cluster) Exec(database, sql string) error {
	ctx := context.Background()
	conn, err := pgconn.Connect(ctx, c.AdminDSN(database))
	if err != nil {
		return fmt.Errorf("connect as superuser: %w", err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, sql).ReadAll(); err != nil {
		return fmt.Errorf("execute as superuser: %w", err)
	}
	return nil
}

func (c *Cluster) logFile() string { return filepath.Join(c.home, "log") }

// Log is what the server has logged so far.
func (c *Cluster) Log() string {
	content, err := os.ReadFile(c.logFile())
	if err != nil {
		return err.Error()
	}
	return string(content)
}
