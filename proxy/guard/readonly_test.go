package guard

import (
	"strings"
	"testing"

	"github.com/pgcordon/pgcordon/proxy/wire"
)

// looking makes the sessions of a bench read-only.
const looking = "sessions: [{name: lookers, action: allow, read_only: true}]"

// keeps is what the server reports of default_transaction_read_only.
func keeps(value string) []byte {
	return message(wire.ParameterStatus, "default_transaction_read_only\x00"+value+"\x00")
}

// readyReadOnly is a bench after the login of a read-only session.
func readyReadOnly(t testing.TB) *bench {
	b := newBench(t, looking)
	b.fromServer(keeps("on"))
	b.login()
	return b
}

// answers has the server answer, and the guard asked again about what the client sent.
func (b *bench) answers(messages ...[]byte) {
	b.t.Helper()
	b.fromServer(messages...)
	ops, _ := b.guard.FromClient(b.client, nil)
	b.client = b.client[b.carryOut(ops, b.client, &b.toServer):]
}

func TestSectionWaitsForTheOneBefore(t *testing.T) {
	b := readyReadOnly(t)
	b.fromClient(query("SELECT 1"), query("SELECT 2"), parse("", "SELECT 3"), bind("", ""), execute(""), sync(), parse("", "SELECT 4"), message(wire.Terminate, ""))
	for _, step := range []struct {
		answer []byte
		want   string
	}{
		{done("SELECT 1"), "Q SELECT 1"},
		{z('I'), ""},
		{z('I'), "Q SELECT 2"},
		{message(wire.ParseComplete, ""), "P .SELECT 3 | B | E | S"},
		{done("SELECT 1"), ""},
		{z('I'), ""},
	} {
		if got := b.sent(); got != step.want {
			t.Errorf("sent %q, want %q", got, step.want)
		}
		b.answers(step.answer)
	}
	if got := b.sent(); got != "P .SELECT 4 | X" {
		t.Errorf("sent %q", got)
	}
}

func TestNothingIsLetThroughBeforeTheLogin(t *testing.T) {
	b := newBench(t, looking)
	b.fromClient(message(wire.Password, "x\x00"), query("SELECT 1"))
	if got := b.sent(); got != "p x" {
		t.Errorf("sent %q", got)
	}
	b.fromServer(keeps("on"))
	b.answers(z('I'))
	if got := b.sent(); got != "Q SELECT 1" || b.ended {
		t.Errorf("sent %q", got)
	}
}

func TestSessionEndsThatTheServerDoesNotKeepReadOnly(t *testing.T) {
	for name, answers := range map[string][][]byte{
		"never":        {z('I')},
		"off at first": {keeps("off"), z('I')},
		"off again":    {keeps("on"), keeps("off"), z('I')},
	} {
		b := newBench(t, looking)
		b.fromServer(answers...)
		if !b.ended || strings.Contains(b.received(), "Z") {
			t.Errorf("%s: it goes on", name)
		}
	}
	b := readyReadOnly(t)
	b.fromClient(query("SELECT f()"), query("SELECT g()"))
	b.answers(done("SELECT 1"), keeps("off"), z('I'))
	if got := b.sent(); got != "Q SELECT f()" || !b.ended {
		t.Errorf("sent %q, ended %v", got, b.ended)
	}
	if e := b.events[len(b.events)-1]; e.Kind != NotReadOnly || !strings.Contains(string(b.guard.Farewell()), e.Message) {
		t.Errorf("%+v, farewell %q", e, b.guard.Farewell())
	}
}

func TestRulesThatMakeASessionReadOnlyHoldAtOnce(t *testing.T) {
	b := ready(t, "")
	b.guard.Adopt(rulesOf(t, looking))
	b.fromClient(query("SELECT 1"))
	if got := b.sent(); got != "" || !b.ended {
		t.Errorf("sent %q, ended %v", got, b.ended)
	}
}

func TestWhatFollowsCommitInASectionIsRefused(t *testing.T) {
	b := readyReadOnly(t)
	b.fromClient(parse("w", "SELECT writes()"), sync())
	b.answers(message(wire.ParseComplete, ""), z('I'))
	b.sent()
	b.fromClient(parse("", "COMMIT"), bind("", ""), execute(""), parse("", "SET a = 1"), bind("", ""), execute(""))
	if got := b.sent(); got != "P .COMMIT | B | E | P .SET a = 1 | B | E" {
		t.Errorf("sent %q", got)
	}
	b.fromClient(bind("", "w"))
	if got := b.sent(); got != "B .pgcordon_nonce1" {
		t.Errorf("sent %q", got)
	}
	b.fromClient(parse("", "SELECT 1"), query("SELECT 1"))
	if got := b.sent(); !strings.HasPrefix(got, "P .SELECT CAST('pgcordon_nonce2'") || !strings.Contains(got, "Q SELECT CAST('pgcordon_nonce3'") {
		t.Errorf("sent %q", got)
	}
	b.answers(z('I'))
	b.fromClient(bind("", "w"), execute(""), sync())
	if got := b.sent(); got != "B .w | E | S" {
		t.Errorf("sent %q", got)
	}
}

// An unnamed statement in which nothing matters has no summary that could be judged again.
func TestWhatWasParsedInFrontOfCommitIsRefusedBehindIt(t *testing.T) {
	b := readyReadOnly(t)
	b.fromClient(parse("c", "COMMIT"), sync())
	b.answers(message(wire.ParseComplete, ""), z('I'))
	b.sent()
	b.fromClient(parse("", "SELECT writes()"), bind("c", "c"), execute("c"), bind("", ""), execute(""))
	if got := b.sent(); got != "P .SELECT writes() | B c.c | E c | B .pgcordon_nonce1 | E" {
		t.Errorf("sent %q", got)
	}
	b.fromClient(bind("", "unknown"))
	if got := b.sent(); got != "B .pgcordon_nonce2" {
		t.Errorf("sent %q", got)
	}
}
