package audit

import "testing"

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
