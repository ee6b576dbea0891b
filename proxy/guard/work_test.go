package guard

import (
	"strings"
	"testing"

	"github.com/pgcordon/pgcordon/proxy/wire"
)

func TestCancelKeyIsRememberedWhateverItsLength(t *testing.T) {
	for name, test := range map[string]struct{ sent, kept string }{
		"protocol 3.0":                 {"\x00\x00\x00\x07abcd", "\x00\x00\x00\x07abcd"},
		"protocol 3.2":                 {strings.Repeat("k", 4+32), strings.Repeat("k", 4+32)},
		"the longest":                  {strings.Repeat("k", 4+256), strings.Repeat("k", 4+256)},
		"longer than the protocol has": {strings.Repeat("k", 4+257), ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, "")
			b.fromServer(message(wire.Authentication, "\x00\x00\x00\x00"), message(wire.BackendKeyData, test.sent), z('I'))
			b.fromServer(message(wire.BackendKeyData, "\x00\x00\x00\x09late"))
			if got := b.guard.CancelKey(); got != test.kept {
				t.Errorf("kept %q, want %q", got, test.kept)
			}
			if !strings.Contains(string(b.toClient), test.sent) {
				t.Error("the client did not get it")
			}
		})
	}
}

func TestWorkIsToldWhileTheServerHasSomethingToAnswer(t *testing.T) {
	b := ready(t, "")
	steps := []struct {
		name string
		do   func()
		want Work
	}{
		{"a query", func() { b.fromClient(query("SELECT 1")) }, Active},
		{"its tag", func() { b.fromServer(done("SELECT 1")) }, Active},
		{"its end", func() { b.fromServer(z('I')) }, Idle},
		{"an execute that nobody syncs", func() { b.fromClient(parse("", "SELECT 1"), bind("", ""), execute("")) }, Active},
		{"its replies", func() {
			b.fromServer(message(wire.ParseComplete, ""), message(wire.BindComplete, ""), done("SELECT 1"))
		}, Idle},
		{"a sync", func() { b.fromClient(sync()) }, Active},
		{"ready, in a transaction", func() { b.fromServer(z('T')) }, IdleInTransaction},
		{"COPY", func() { b.fromClient(query("COPY t FROM STDIN")); b.fromServer(message(wire.CopyInResponse, "")) }, Active},
		{"its data", func() { b.fromClient(message(wire.CopyDone, "")) }, Active},
		{"its end", func() { b.fromServer(done("COPY 0"), z('I')) }, Idle},
		{"BEGIN", func() { b.fromClient(query("BEGIN")); b.fromServer(done("BEGIN"), z('T')) }, IdleInTransaction},
		{"a query in it", func() { b.fromClient(query("SELECT 1/0")) }, Active},
		{"its error", func() { b.fromServer(serverError("22012", "division by zero"), z('E')) }, IdleInTransaction},
		{"ROLLBACK", func() { b.fromClient(query("ROLLBACK")); b.fromServer(done("ROLLBACK"), z('I')) }, Idle},
	}
	for _, step := range steps {
		if step.do(); b.working != step.want {
			t.Errorf("%s: working is %d", step.name, b.working)
		}
	}
}
