package hostile

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pgcordon/pgcordon/audit"
	"github.com/pgcordon/pgcordon/proxy/relay"
	"github.com/pgcordon/pgcordon/test/pgtest"
)

// recordEverything makes an event of every statement that has an effect.
const (
	recordEverything = "statements: [{name: all, action: audit, when: {}}]"
	recorded         = "SELECT 'x' FROM pg_am LIMIT 1" // reads something, which SELECT 'x' alone does not
)

// A refusal stands although nobody can write it down.
func TestFullAuditDiskRefusesAllTheSame(t *testing.T) {
	server := pgtest.Shared(t, major)
	server.Exec(t, "postgres", "CREATE TABLE precious AS SELECT 1 AS id")
	t.Cleanup(func() { server.Exec(t, "postgres", "DROP TABLE precious") })
	in := startInside(t, relay.Pumps{}, audit.Config{File: "/dev/full", WriteTimeout: 100 * time.Millisecond},
		insideConfig(server.Addr(), ""))
	s := login(t, in.addr, "postgres")
	for range 3 {
		if r := s.run("DELETE FROM precious"); !r.refused() || r.status != 'I' {
			t.Errorf("DELETE: %s", r.one())
		}
	}
	if got := s.run("SELECT 1").one(); got != "1" {
		t.Errorf("the next query got %s", got)
	}
	if n := server.Query(t, "postgres", "SELECT count(*) FROM precious"); n != "1" {
		t.Errorf("%s rows are left, want 1", n)
	}
	log := in.log.String()
	if n := strings.Count(log, "a refusal could not be written to the audit log"); n != 3 || !strings.Contains(log, "level=ERROR") {
		t.Errorf("%d failures were logged, want 3:\n%s", n, log)
	}
	until(t, "counted", func() bool { return in.sink.Stats().Failed >= 3 })
	refused := exchange(t, in.addr, startup(protocol3, "user", "postgres", "replication", "true"))
	if text := transcript(refused, 0); !strings.HasPrefix(text, "E(FATAL 28000 pgcordon refused the session") {
		t.Errorf("a session to be refused: %s", text)
	}
}

func newFIFO(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "audit")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A sink that nobody empties holds a blocking log's sessions up, and lets them go on
// once it is read again, without a line lost.
func TestSlowAuditSinkThatBlocks(t *testing.T) {
	path := newFIFO(t)
	in := startInside(t, relay.Pumps{}, audit.Config{File: path, Queue: 4, OnFull: audit.Block, WriteTimeout: patience},
		insideConfig(pgtest.Shared(t, major).Addr(), recordEverything))
	s := login(t, in.addr, "postgres")
	const statements = 2000 // more than pipe and queue hold
	answered := make(chan int, 1)
	go func() {
		n := 0
		for ; n < statements; n++ {
			if s.run(recorded).one() != "x" {
				break
			}
		}
		answered <- n
	}()
	until(t, "full", func() bool { return in.sink.Stats().QueueLen == 4 })
	select {
	case n := <-answered:
		t.Fatalf("%d statements were answered although the log was full", n)
	default:
	}
	lines := countLines(t, path)
	if n := <-answered; n != statements {
		t.Errorf("%d statements were answered, want %d", n, statements)
	}
	until(t, "all in the log", func() bool { return lines() >= statements })
	if stats := in.sink.Stats(); stats.Dropped+stats.Failed > 0 {
		t.Errorf("events were lost: %+v", stats)
	}
}

// With drop nobody waits, and what is lost is counted; refusals are never dropped.
func TestSlowAuditSinkThatDrops(t *testing.T) {
	path := newFIFO(t)
	in := startInside(t, relay.Pumps{}, audit.Config{File: path, Queue: 4, OnFull: audit.Drop, WriteTimeout: 500 * time.Millisecond},
		insideConfig(pgtest.Shared(t, major).Addr(), recordEverything))
	s := login(t, in.addr, "postgres")
	for n := 0; in.sink.Stats().Dropped < 100; n++ {
		if got := s.run(recorded).one(); got != "x" {
			t.Fatalf("statement %d: %s", n, got)
		}
	}
	if r := s.run("TRUNCATE pg_class"); !r.refused() {
		t.Errorf("TRUNCATE: %s", r.one())
	}
}

// countLines reads a FIFO from now on and tells how many lines came.
func countLines(t *testing.T, path string) func() int {
	f := reads(t, path)
	var mu sync.Mutex
	n := 0
	go func() {
		buffer := make([]byte, 64<<10)
		for {
			got, err := f.Read(buffer)
			if err != nil {
				return
			}
			mu.Lock()
			n += bytes.Count(buffer[:got], []byte{'\n'})
			mu.Unlock()
		}
	}()
	return func() int {
		mu.Lock()
		defer mu.Unlock()
		return n
	}
}

var eventID = regexp.MustCompile(`event (\S+)$`)

// TestDenialIsInTheFileBeforeTheClientHearsOfIt looks into the file at once, while
// others are refused and recorded too.
func TestDenialIsInTheFileBeforeTheClientHearsOfIt(t *testing.T) {
	guard := startGuard(t, pgtest.Shared(t, major), recordEverything)
	var wait sync.WaitGroup
	for range 8 {
		s := login(t, guard.Addr, "postgres")
		wait.Go(func() {
			for range 40 {
				s.run(recorded)
				if err := inFile(guard.AuditFile, s.run("TRUNCATE pg_class")); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wait.Wait()
	for range 10 {
		got := transcript(exchange(t, guard.Addr, startup(protocol3, "user", "postgres", "replication", "true")), 0)
		id := eventID.FindStringSubmatch(strings.TrimSuffix(got, ")"))
		if err := written(guard.AuditFile, id); err != nil {
			t.Errorf("refused session: %v", err)
		}
	}
}

func inFile(path string, r reply) error {
	if !r.refused() {
		return fmt.Errorf("not refused: %s", r.one())
	}
	return written(path, eventID.FindStringSubmatch(r.err.Message))
}

func written(path string, id []string) error {
	if id == nil {
		return fmt.Errorf("the refusal names no event")
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if !bytes.Contains(content, []byte(`"event_id":"`+id[1]+`"`)) {
		return fmt.Errorf("the client heard of event %s before it was in the file", id[1])
	}
	return nil
}
