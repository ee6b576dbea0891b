package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func mustOpen(t *testing.T, c Config) *Log {
	t.Helper()
	l, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // for a test that failed early; closing twice does nothing
		ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
		defer cancel()
		_ = l.Close(ctx)
	})
	return l
}

func mustClose(t *testing.T, l *Log) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := l.Close(ctx); err != nil {
		t.Fatal(err)
	}
}

// readLog returns the events of a file and fails on a line that is none.
func readLog(t *testing.T, path string) []Event {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return parseLines(t, data)
}

func parseLines(t *testing.T, data []byte) []Event {
	t.Helper()
	var events []Event
	for line := range bytes.Lines(data) {
		var e Event
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatalf("%v in line %q", err, line)
		}
		events = append(events, e)
	}
	return events
}

func ids(events []Event) string {
	var out []string
	for _, e := range events {
		out = append(out, e.ID)
	}
	return strings.Join(out, " ")
}

func event(id string) Event { return Event{Time: noon, Type: StatementEvent, ID: id, Decision: Allow} }
func refusal(id string) Event {
	return Event{Time: noon, Type: StatementRefused, ID: id, Decision: Deny}
}

func TestEventsAreWrittenInOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	l := mustOpen(t, Config{File: path})
	l.Record(event("a"))
	l.Record(event("b"))
	l.Record(refusal("c"))
	mustClose(t, l)
	if got := ids(readLog(t, path)); got != "a b c" {
		t.Errorf("got %s", got)
	}
	if got := l.Stats(); got.Written != 3 || got.Dropped+got.Failed != 0 || got.QueueCap != DefaultQueue {
		t.Errorf("%+v", got)
	}
}

func TestDurableEventIsInTheFileWhenTheCallReturns(t *testing.T) {
	for _, sync := range []string{SyncDenials, SyncAlways, SyncNever} {
		path := filepath.Join(t.TempDir(), "audit.jsonl")
		l := mustOpen(t, Config{File: path, Sync: sync})
		if err := l.RecordDurable(refusal("a")); err != nil {
			t.Fatal(err)
		}
		if got := ids(readLog(t, path)); got != "a" {
			t.Errorf("sync %s: got %q", sync, got)
		}
		mustClose(t, l)
	}
}

func TestOthersCannotReadTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	mustClose(t, mustOpen(t, Config{File: path}))
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if extra := info.Mode().Perm() &^ 0o640; extra != 0 {
		t.Errorf("mode %v", info.Mode())
	}
}

func TestConcurrentRecordsAllArriveWhole(t *testing.T) {
	const goroutines, each = 8, 200
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	l := mustOpen(t, Config{File: path, Queue: 4})
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for i := range each {
				id := fmt.Sprintf("%d-%d", g, i)
				if i%20 != 0 {
					l.Record(event(id))
				} else if err := l.RecordDurable(refusal(id)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	mustClose(t, l)
	seen := map[string]bool{}
	for _, e := range readLog(t, path) {
		seen[e.ID] = true
	}
	if len(seen) != goroutines*each {
		t.Errorf("%d of %d events", len(seen), goroutines*each)
	}
}

func TestCloseWhileOthersRecordLosesNothingUncounted(t *testing.T) {
	const goroutines, each = 8, 300
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	l := mustOpen(t, Config{File: path, Queue: 2, Sync: SyncNever})
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for i := range each {
				if i%2 == 0 {
					l.Record(event("a"))
				} else {
					_ = l.RecordDurable(refusal("b")) // returns at all
				}
			}
		})
	}
	for l.Stats().Written < each { // somewhere in the middle
		time.Sleep(time.Millisecond)
	}
	mustClose(t, l)
	wg.Wait()
	s := l.Stats()
	if got := s.Written + s.Failed; got != goroutines*each {
		t.Errorf("%+v: %d of %d accounted for", s, got, goroutines*each)
	}
	lines := slices.DeleteFunc(readLog(t, path), func(e Event) bool { return e.Type == GapEvent })
	if got := uint64(len(lines)); got != s.Written {
		t.Errorf("%d lines, %d counted", got, s.Written)
	}
}

func TestRecordAfterCloseIsRefused(t *testing.T) {
	l := mustOpen(t, Config{File: filepath.Join(t.TempDir(), "audit.jsonl")})
	mustClose(t, l)
	l.Record(event("a"))
	if err := l.RecordDurable(refusal("b")); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v", err)
	}
	if err := l.Reopen(); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v", err)
	}
	if got := l.Stats().Failed; got != 2 {
		t.Errorf("%d failed", got)
	}
}

func TestReopenLetsTheRenamedFileGo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	l := mustOpen(t, Config{File: path})
	if err := l.RecordDurable(refusal("before")); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	if err := l.RecordDurable(refusal("between")); err != nil {
		t.Fatal(err)
	}
	if err := l.Reopen(); err != nil {
		t.Fatal(err)
	}
	if err := l.RecordDurable(refusal("after")); err != nil {
		t.Fatal(err)
	}
	mustClose(t, l)
	if got := ids(readLog(t, path+".1")); got != "before between" {
		t.Errorf("old file: %s", got)
	}
	if got := ids(readLog(t, path)); got != "after" {
		t.Errorf("new file: %s", got)
	}
}

func TestReopenThatFailsKeepsTheOldFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "logs")
	if err := os.Mkdir(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	l := mustOpen(t, Config{File: filepath.Join(dir, "audit.jsonl")})
	moved := dir + ".old"
	if err := os.Rename(dir, moved); err != nil {
		t.Fatal(err)
	}
	if err := l.Reopen(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if err := l.RecordDurable(refusal("a")); err != nil {
		t.Error(err)
	}
	mustClose(t, l)
	if got := ids(readLog(t, filepath.Join(moved, "audit.jsonl"))); got != "a" {
		t.Errorf("got %s", got)
	}
}

func TestHalfALineOfAnEarlierRunDoesNotSpoilTheNext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	if err := os.WriteFile(path, []byte(`{"time":"2026`), 0o600); err != nil {
		t.Fatal(err)
	}
	l := mustOpen(t, Config{File: path})
	l.Record(event("a"))
	mustClose(t, l)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := bytes.Cut(data, []byte("\n"))
	if got := ids(parseLines(t, rest)); got != "a" {
		t.Errorf("file is %q", data)
	}
}

func TestFullDiskIsToldToWhoWaitsAndCounted(t *testing.T) {
	l := mustOpen(t, Config{File: "/dev/full", WriteTimeout: 20 * time.Millisecond})
	err := l.RecordDurable(refusal("a"))
	if err == nil || !strings.Contains(err.Error(), "record event a") {
		t.Errorf("got %v", err)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("the cause is lost: %v", err)
	}
	l.Record(event("b"))
	mustClose(t, l)
	if got := l.Stats(); got.Failed != 2 || got.Written != 0 {
		t.Errorf("%+v", got)
	}
}

func TestEventThatAFullDiskHoldsUpGoesToTheReopenedFile(t *testing.T) {
	dir := t.TempDir()
	path, file := filepath.Join(dir, "link"), filepath.Join(dir, "audit.jsonl")
	if err := os.Symlink("/dev/full", path); err != nil {
		t.Fatal(err)
	}
	l := mustOpen(t, Config{File: path, WriteTimeout: time.Hour})
	done := make(chan error)
	go func() { done <- l.RecordDurable(refusal("a")) }()
	for l.lastError.Load() == nil {
		time.Sleep(time.Millisecond)
	}
	if err := errors.Join(os.Remove(path), os.Symlink(file, path), l.Reopen(), <-done); err != nil {
		t.Fatal(err)
	}
	mustClose(t, l)
	if got := ids(readLog(t, file)); got != "a" {
		t.Errorf("got %q", got)
	}
}

// TestEventThatSlipsInBehindTheWriterIsAnswered enters the moment after the
// writer looked into the queue for the last time.
func TestEventThatSlipsInBehindTheWriterIsAnswered(t *testing.T) {
	for range 100 { // put may see the room in the queue or the end of the writer
		l := &Log{queue: make(chan *entry, 1), stopped: make(chan struct{})}
		close(l.stopped)
		if err := l.put(&entry{}, nil); err != nil && !errors.Is(err, ErrClosed) {
			t.Fatal(err)
		}
		if got := l.Stats(); got.Failed != 1 || got.QueueLen != 0 {
			t.Fatalf("%+v", got)
		}
	}
}

func TestAnEmptyFileNameDiscards(t *testing.T) {
	l := mustOpen(t, Config{})
	l.Record(event("a"))
	if err := errors.Join(l.RecordDurable(refusal("b")), l.Reopen()); err != nil {
		t.Error(err)
	}
	mustClose(t, l)
}

func TestWrongConfigurationIsRefused(t *testing.T) {
	for _, c := range []Config{
		{OnFull: "wait"}, {Sync: "sometimes"}, {Queue: -1}, {WriteTimeout: -1},
		{File: filepath.Join(t.TempDir(), "missing", "audit.jsonl")}, {File: t.TempDir()},
	} {
		if l, err := Open(c); err == nil {
			mustClose(t, l)
			t.Errorf("%+v was accepted", c)
		}
	}
}
