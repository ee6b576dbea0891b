package operations

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/pgcordon/pgcordon/audit"
	"github.com/pgcordon/pgcordon/recovery"
	"github.com/pgcordon/pgcordon/test/cluster"
	"github.com/pgcordon/pgcordon/test/pgtest"
)

// archived is a server that keeps its WAL, with a base backup.
type archived struct {
	*pgtest.Server
	archive, backup string
}

func startArchived(t *testing.T, major int, prepare string) archived {
	t.Helper()
	archive, err := os.MkdirTemp("", "pgcordon-archive-") // a test's own folder is closed to the server's user
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(archive) })
	conf, err := cluster.Archive(archive)
	if err != nil {
		t.Fatal(err)
	}
	s := archived{Server: pgtest.Start(t, pgtest.Config{Major: major, Conf: conf}), archive: archive}
	s.Exec(t, "postgres", prepare)
	if s.backup, err = s.Cluster.Backup(); err != nil {
		t.Fatal(err)
	}
	return s
}

// flushWAL waits until everything that was written so far is in the archive.
func (s archived) flushWAL(t *testing.T) {
	t.Helper()
	file := s.Query(t, "postgres", "pg_walfile_name(pg_switch_wal())")
	await(t, file+" is archived", func() bool {
		return s.Query(t, "postgres", "SELECT last_archived_wal >= '"+file+"' FROM pg_stat_archiver") == "true"
	})
}

// recover starts another server from the backup and returns it when it has reached the
// target.
func (s archived) recover(t *testing.T, target recovery.Target) *pgtest.Server {
	t.Helper()
	conf := map[string]string{"restore_command": "cp " + s.archive + "/%f %p", "archive_mode": "off", "wal_level": "replica"}
	for _, setting := range target.Settings {
		conf[setting.Name] = setting.Value
	}
	recovered := pgtest.Start(t, pgtest.Config{Major: s.Config.Major, Conf: maps.Clone(conf), Backup: s.backup})
	await(t, "recovery pauses at its target", func() bool {
		return recovered.Query(t, "postgres", "pg_get_wal_replay_pause_state()") == "paused"
	})
	return recovered
}

// planOf is what pgcordon receipt says.
func planOf(t *testing.T, log, event string) recovery.Plan {
	t.Helper()
	out, err := exec.Command(pgtest.Binary(t), "receipt", "--json", "--file", log, event).Output()
	if err != nil {
		t.Fatalf("pgcordon receipt: %v", err)
	}
	var plan recovery.Plan
	if err := json.Unmarshal(out, &plan); err != nil {
		t.Fatal(err)
	}
	return plan
}

// facts are what a receipt has of the moment before a statement.
const facts = `SELECT pg_current_wal_insert_lsn()::text,
	to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US"+00"')`

// TestRecoveryStopsInFrontOfTheStatement recovers a server to each target that a receipt
// names. Others commit before the statement, while it runs, and after it.
func TestRecoveryStopsInFrontOfTheStatement(t *testing.T) {
	t.Parallel()
	for _, major := range pgtest.Majors {
		t.Run(strconv.Itoa(major), func(t *testing.T) {
			t.Parallel()
			s := startArchived(t, major, `
				CREATE TABLE coupons AS SELECT id, 'coupon ' || id AS name FROM generate_series(1, 20) id;
				CREATE TABLE journal (entry text)`)
			contents := "SELECT md5(string_agg(c::text, ',' ORDER BY id)) FROM coupons c"
			want := s.Query(t, "postgres", contents)
			s.Exec(t, "postgres", "INSERT INTO journal VALUES ('before')")
			e := audit.Event{Time: time.Now(), Type: audit.StatementEvent, ID: audit.NewID(), Receipt: &audit.Receipt{Timeline: 1, RestorePoint: "here"}}
			conn, err := pgx.Connect(deadline(t), s.AdminDSN("postgres"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(deadline(t))
			s.Exec(t, "postgres", "SELECT pg_create_restore_point('here')")
			if err := conn.QueryRow(deadline(t), facts).Scan(&e.Receipt.Before, &e.Receipt.Time); err != nil {
				t.Fatal(err)
			}
			if _, err := conn.Exec(deadline(t), "BEGIN; DELETE FROM coupons"); err != nil {
				t.Fatal(err)
			}
			e.Receipt.TransactionID = one(t, conn, "pg_current_xact_id_if_assigned()")
			s.Exec(t, "postgres", "INSERT INTO journal VALUES ('meanwhile')")
			if _, err := conn.Exec(deadline(t), "COMMIT"); err != nil {
				t.Fatal(err)
			}
			s.Exec(t, "postgres", "INSERT INTO journal VALUES ('after')")
			s.flushWAL(t)

			log := filepath.Join(t.TempDir(), "audit.jsonl")
			line, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(log, line, 0o600); err != nil {
				t.Fatal(err)
			}
			kept := map[string]string{"transaction": "before meanwhile", "position": "before", "restore_point": "before", "time": "before"}
			targets := planOf(t, log, e.ID).Targets
			if len(targets) != len(kept) {
				t.Errorf("%d targets", len(targets))
			}
			for _, target := range targets {
				t.Run(target.Kind, func(t *testing.T) {
					r := s.recover(t, target)
					if got := r.Query(t, "postgres", contents); got != want {
						t.Error("the rows are not as they were")
					}
					if got := r.Query(t, "postgres", "SELECT string_agg(entry, ' ') FROM journal"); got != kept[target.Kind] {
						t.Errorf("of the others there is %q, want %q", got, kept[target.Kind])
					}
				})
			}
		})
	}
}
