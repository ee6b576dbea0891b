package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"
)

// Archive has a server keep its WAL in a folder, and makes that.
func Archive(dir string) (map[string]string, error) {
	o, err := unprivileged()
	if err == nil {
		err = errors.Join(os.MkdirAll(dir, 0o755), o.give(dir))
	}
	return map[string]string{
		"archive_mode": "on", "archive_command": "cp %p " + dir + "/%f", "wal_level": "replica", "full_page_writes": "on",
	}, err
}

// unsaved is what a base backup leaves out, but for the folders themselves.
// https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP-DATA
var unsaved = []string{"postmaster.pid", "postmaster.opts", "pg_wal", "pg_replslot", "pg_stat_tmp", "pg_dynshmem", "pg_notify", "pg_serial", "pg_snapshots", "pg_subtrans"}

// Backup takes a base backup of the running server, which has an Archive, for Config.Backup.
// It goes with the server.
func (c *Cluster) Backup() (dir string, err error) {
	o, err := unprivileged()
	if err != nil {
		return "", err
	}
	ctx := context.Background()
	conn, err := pgconn.Connect(ctx, c.AdminDSN("postgres"))
	if err != nil {
		return "", fmt.Errorf("connect for a backup: %w", err)
	}
	defer conn.Close(ctx) // the backup is this session's
	start, stop := "SELECT pg_backup_start('test', true)", "SELECT labelfile FROM pg_backup_stop(true)"
	if c.Config.Major < 15 {
		start, stop = "SELECT pg_start_backup('test', true, false)", "SELECT labelfile FROM pg_stop_backup(false, true)"
	}
	if _, err := conn.Exec(ctx, start).ReadAll(); err != nil {
		return "", fmt.Errorf("begin a backup: %w", err)
	}
	dir = filepath.Join(c.home, "backup")
	if err := c.save(o, dir); err != nil {
		return "", err
	}
	results, err := conn.Exec(ctx, stop).ReadAll()
	if err != nil {
		return "", fmt.Errorf("end a backup: %w", err)
	}
	label := filepath.Join(dir, "backup_label")
	return dir, errors.Join(os.WriteFile(label, results[0].Rows[0][0], 0o600), o.give(label))
}

// save copies the files of a backup that has begun.
func (c *Cluster) save(o owner, dir string) error {
	data := filepath.Join(c.home, "data")
	if err := o.run(c.home, "mkdir", "-m", "700", dir); err != nil {
		return err
	}
	entries, err := os.ReadDir(data)
	if err != nil {
		return fmt.Errorf("read the data directory: %w", err)
	}
	for _, e := range entries {
		switch left := slices.Contains(unsaved, e.Name()); {
		case left && e.IsDir():
			err = o.run(c.home, "mkdir", "-m", "700", filepath.Join(dir, e.Name()))
		case !left:
			err = o.run(c.home, "cp", "-a", filepath.Join(data, e.Name()), dir)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
