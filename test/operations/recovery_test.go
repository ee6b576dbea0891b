package operations

import (
	"encoding/json"
	"os"
	"os/exec"
	"strconv"
	"testing"

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
	conf := map[string]string{"restore_command": "cp " + s.archive + "/%f %p", "wal_level": "replica"}
	for _, setting := range target.Settings {
		conf[setting.Name] = setting.Value
	}
	recovered := pgtest.Start(t, pgtest.Config{Major: s.Config.Major, Conf: conf, Backup: s.backup})
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

// undoable has everything written down that a receipt can have.
const undoable = `statements: [{name: purge, action: allow, receipt: {restore_point: true, copy_rows: 100}, when: {effect: delete}}]`

// TestServerIsRecoveredByAReceipt recovers a server to each target that the receipt of a
// DELETE names, and puts the copied rows back into the server that runs. Others commit
// before the DELETE, before its commit, and after it.
func TestServerIsRecoveredByAReceipt(t *testing.T) {
	t.Parallel()
	for _, major := range pgtest.Majors {
		t.Run(strconv.Itoa(major), func(t *testing.T) {
			t.Parallel()
			s := startArchived(t, major, `
				CREATE TABLE coupons (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "Name" text, twice int GENERATED ALWAYS AS (id * 2) STORED);
				INSERT INTO coupons ("Name") SELECT 'coupon ' || n FROM generate_series(1, 20) n;
				CREATE TABLE journal (entry text);
				CREATE SCHEMA pgcordon_receipts`)
			want := s.Query(t, "postgres", couponsSum)
			through := stage{server: s.Server, database: "postgres", guard: pgtest.StartGuard(t, policyFor(s.Addr(), "", undoable))}
			s.Exec(t, "postgres", "INSERT INTO journal VALUES ('before')")
			conn := through.connect(t, production)
			for _, sql := range []string{"BEGIN", "DELETE FROM coupons WHERE id > 5"} {
				if _, err := conn.Exec(deadline(t), sql); err != nil {
					t.Fatal(err)
				}
			}
			s.Exec(t, "postgres", "INSERT INTO journal VALUES ('meanwhile')")
			if _, err := conn.Exec(deadline(t), "COMMIT"); err != nil {
				t.Fatal(err)
			}
			s.Exec(t, "postgres", "INSERT INTO journal VALUES ('after')")
			s.flushWAL(t)

			event := through.guard.AwaitEvent(t, "a receipt", func(e audit.Event) bool { return e.Receipt != nil })
			through.guard.AwaitEvent(t, "the commit", func(e audit.Event) bool { return e.Transaction != nil })
			plan := planOf(t, through.guard.AuditFile, event.ID)
			if plan.Outcome() != audit.Committed || len(plan.Targets) != 4 || len(plan.Rows) != 1 {
				t.Fatalf("%+v", plan)
			}
			for _, target := range plan.Targets {
				if target.Kind == "transaction" || major == pgtest.Majors[len(pgtest.Majors)-1] {
					t.Run(target.Kind, func(t *testing.T) { s.recovers(t, target, want) })
				}
			}
			s.Exec(t, "postgres", plan.Rows[0].SQL)
			if got := s.Query(t, "postgres", couponsSum); got != want {
				t.Error("the rows that were put back are not as they were")
			}
		})
	}
}

const couponsSum = "SELECT md5(string_agg(c::text, ',' ORDER BY id)) FROM coupons c"

// recovers recovers a server to a target, where the coupons have to be as wanted.
func (s archived) recovers(t *testing.T, target recovery.Target, want string) {
	r := s.recover(t, target)
	if got := r.Query(t, "postgres", couponsSum); got != want {
		t.Error("the rows are not as they were")
	}
	kept := "before"
	if target.Kind == "transaction" {
		kept = "before meanwhile"
	}
	if got := r.Query(t, "postgres", "SELECT string_agg(entry, ' ') FROM journal"); got != kept {
		t.Errorf("of the others there is %q, want %q", got, kept)
	}
}
