package pgtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"testing"
	"time"

	"github.com/pgcordon/pgcordon/audit"
)

// eventTimeout bounds the wait for an event that may still be in the queue.
const eventTimeout = 10 * time.Second

// Events are the audit events written so far, oldest first.
func (g *Guard) Events(t testing.TB) []audit.Event {
	t.Helper()
	content, err := os.ReadFile(g.AuditFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	var events []audit.Event
	for line := range bytes.Lines(content) {
		if !bytes.HasSuffix(line, []byte("\n")) {
			break // still being written
		}
		var e audit.Event
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatalf("audit line %q: %v", line, err)
		}
		events = append(events, e)
	}
	return events
}

// AwaitEvent returns the first event that satisfies the condition, and waits for
// it where it is not written yet.
func (g *Guard) AwaitEvent(t testing.TB, what string, condition func(audit.Event) bool) audit.Event {
	t.Helper()
	for deadline := time.Now().Add(eventTimeout); ; time.Sleep(10 * time.Millisecond) {
		events := g.Events(t)
		for _, e := range events {
			if condition(e) {
				return e
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("no audit event of %s among %d: %+v", what, len(events), events)
		}
	}
}
