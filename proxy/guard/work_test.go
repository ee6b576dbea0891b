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
		want bool
	}{
		{"a query", func() { b.fromClient(query("SELECT 1")) }, true},
		{"its tag", func() { b.fromServer(done("SELECT 1")) }, true},
		{"its end", func() { b.fromServer(z('I')) }, false},
		{"an execute that nobody syncs", func() { b.fromClient(parse("", "SELECT 1"), bind("", ""), execute("")) }, true},
		{"its replies", func() {
			b.fromServer(message(wire.ParseComplete, ""), message(wire.BindComplete, ""), done("SELECT 1"))
		}, false},
		{"a sync", func() { b.fromClient(sync()) }, true},
		{"ready, in a transaction", func() { b.fromServer(z('T')) }, false},
		{"COPY", func() { b.fromClient(query("COPY t FROM STDIN")); b.fromServer(message(wire.CopyInResponse, "")) }, true},
		{"its data", func() { b.fromClient(message(wire.CopyDone, "")) }, true},
		{"its end", func() { b.fromServer(done("COPY 0"), z('I')) }, false},
	}
	for _, step := range steps {
		if step.do(); b.working != step.want {
			t.Errorf("%s: working is %t", step.name, b.working)
		}
	}
}
