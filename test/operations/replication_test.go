package operations

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/pgcordon/pgcordon/test/child"
	"github.com/pgcordon/pgcordon/test/pgtest"
)

const replicationRules = `
sessions:
  - {name: backups, action: allow, when: {source: [production], replication: true}}
statements:
  - {name: no-streams-for-guests, action: deny, when: {user: [guest_replicator], effect: [replication]}}
`

func TestLogicalReplicationStreamsThroughTheGuard(t *testing.T) {
	t.Parallel()
	eachMajor(t, replicationRules, func(t *testing.T, s stage) {
		c := s.raw(t, production, "replication", "database")
		c.send(query("IDENTIFY_SYSTEM"))
		if last := c.untilReady(1); last != "Z I" || len(c.errors) > 0 {
			t.Fatalf("IDENTIFY_SYSTEM: %s, %+v", last, c.errors)
		}
		slot := s.database // a name of its own on this server
		c.send(query("CREATE_REPLICATION_SLOT " + slot + " TEMPORARY LOGICAL test_decoding"))
		c.untilReady(1)
		c.send(query("START_REPLICATION SLOT " + slot + " LOGICAL 0/0"))
		c.want("W")
		s.server.Exec(t, s.database, "INSERT INTO journal VALUES ('streamed')")
		c.await("the insertion", func(m pgproto3.BackendMessage) bool {
			data, ok := m.(*pgproto3.CopyData)
			return ok && strings.Contains(string(data.Data), "note[text]:'streamed'")
		})
		c.send(&pgproto3.CopyDone{})
		c.await("the end of the stream", func(m pgproto3.BackendMessage) bool {
			_, ok := m.(*pgproto3.ReadyForQuery)
			return ok
		})
	})
}

func TestRefusedReplicationCommandLeavesTheConnection(t *testing.T) {
	t.Parallel()
	eachMajor(t, replicationRules, func(t *testing.T, s stage) {
		s.server.Exec(t, "postgres", "CREATE ROLE guest_replicator LOGIN REPLICATION")
		t.Cleanup(func() { s.server.Exec(t, "postgres", "DROP ROLE guest_replicator") })
		c := s.raw(t, production, "user", "guest_replicator", "replication", "true")
		c.send(query("BASE_BACKUP"))
		c.want("E 42501 | Z I")
		c.send(query("START_REPLICATION 0/0"))
		c.want("E 42501 | Z I")
		c.silent()
		s.recorded(t, c, "no-streams-for-guests")
		c.send(query("SHOW wal_level"))
		c.want("T | D logical | C SHOW | Z I")
	})
}

func TestBaseBackupAndWALStreamThroughTheGuard(t *testing.T) {
	t.Parallel()
	s := stageOn(t, pgtest.Shared(t, 15), replicationRules)
	backup, wal := filepath.Join(t.TempDir(), "backup"), t.TempDir()
	dsn := s.guard.DSN("postgres", "")
	out, err := exec.Command("pg_basebackup", "--dbname", dsn, "--pgdata", backup, "--wal-method=stream", "--checkpoint=fast").CombinedOutput()
	if err != nil {
		t.Fatalf("pg_basebackup: %v\n%s", err, out)
	}
	if _, err := os.Stat(filepath.Join(backup, "backup_manifest")); err != nil {
		t.Error(err)
	}
	receiver, err := child.Start(exec.Command("pg_receivewal", "--dbname", dsn, "--directory", wal), syscall.SIGKILL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = receiver.Stop(syscall.SIGKILL, patience) })
	await(t, "a complete WAL segment", func() bool {
		// Again and again: the receiver takes a moment to begin with the current segment.
		s.server.Exec(t, s.database, "INSERT INTO journal VALUES ('logged'); SELECT pg_switch_wal()")
		segments, _ := filepath.Glob(filepath.Join(wal, strings.Repeat("?", 24)))
		return len(segments) > 0
	})
	if err := receiver.Stop(syscall.SIGINT, patience); err != nil {
		t.Errorf("pg_receivewal: %v", err)
	}
}
