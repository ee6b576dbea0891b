package audit

import (
	"path/filepath"
	"testing"
	"time"
)

func TestBatchIsSyncedAsConfigured(t *testing.T) {
	plain := &entry{event: event("a")}
	waiting := &entry{event: event("b"), done: make(chan error, 1)}
	denied := &entry{event: refusal("c")}
	tests := []struct {
		sync  string
		batch []*entry
		want  bool
	}{
		{SyncDenials, []*entry{plain}, false},
		{SyncDenials, []*entry{plain, denied}, true},
		{SyncDenials, []*entry{plain, waiting}, true},
		{SyncAlways, []*entry{plain}, true},
		{SyncNever, []*entry{denied, waiting}, false},
	}
	for _, tt := range tests {
		w := &writer{log: &Log{config: Config{Sync: tt.sync}}, batch: tt.batch}
		if got := w.mustSync(); got != tt.want {
			t.Errorf("sync %s, %d events: got %v", tt.sync, len(tt.batch), got)
		}
	}
}

func TestOnlyWholeLinesCountAsWritten(t *testing.T) {
	tests := []struct{ done, lines, start int }{
		{0, 0, 0}, {9, 0, 0}, {10, 1, 10}, {24, 1, 10}, {25, 2, 25}, {40, 3, 40},
	}
	for _, tt := range tests {
		w := &writer{ends: []int{10, 25, 40}, sink: &sink{}}
		if got := w.giveUp(tt.done); got != tt.lines || w.lineStart(tt.done) != tt.start {
			t.Errorf("%d bytes: %d lines, line starts at %d", tt.done, got, w.lineStart(tt.done))
		}
		if w.sink.torn != (tt.done > tt.start) {
			t.Errorf("%d bytes: torn is %v", tt.done, w.sink.torn)
		}
	}
}

// startPatient opens a log whose writer would wait for ever for more events.
func startPatient(t *testing.T, queue int) *Log {
	t.Helper()
	config, err := Config{File: filepath.Join(t.TempDir(), "audit.jsonl"), Queue: queue}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	l, err := prepare(config)
	if err != nil {
		t.Fatal(err)
	}
	w := newWriter(l)
	w.patience = time.Hour
	go w.run()
	t.Cleanup(func() { mustClose(t, l) })
	return l
}

func TestWriterDoesNotWaitForMoreWhereSomebodyWaitsForIt(t *testing.T) {
	l := startPatient(t, 100)
	for range 3 {
		l.Record(event("a"))
		if err := l.RecordDurable(refusal("b")); err != nil {
			t.Fatal(err)
		}
	}
	if got := l.Stats().Written; got != 6 {
		t.Errorf("%d of 6 events are written", got)
	}
}

func TestWriterDoesNotWaitForMoreThanItsQueueHolds(t *testing.T) {
	for _, queue := range []int{1, 2, 8, 4 * maxBatch} {
		l := startPatient(t, queue)
		for range 2 * queue { // blocks where nobody makes room
			l.Record(event("a"))
		}
	}
}

func TestEventsOfAMomentAreWrittenTogetherWhenTheLogIsClosed(t *testing.T) {
	l := startPatient(t, 100)
	for range 10 {
		l.Record(event("a"))
	}
	if got := l.Stats().Written; got != 0 {
		t.Errorf("%d events were written before others could come", got)
	}
	mustClose(t, l)
	if got := l.Stats().Written; got != 10 {
		t.Errorf("%d of 10 events are written", got)
	}
}
