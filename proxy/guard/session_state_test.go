package guard

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pgcordon/pgcordon/proxy/wire"
)

func TestPreparedStatementIsJudgedAgainByANewPolicy(t *testing.T) {
	b := ready(t, `statements: [{name: ok, action: allow, when: {effect: truncate}}]`)
	b.fromClient(parse("s1", "TRUNCATE t"), sync())
	b.fromServer(message(wire.ParseComplete, ""), z('I'))
	b.sent()
	b.guard.Adopt(rulesOf(t, ""))
	b.fromClient(bind("", "s1"), execute(""), sync())
	if got, want := b.sent(), "B .pgcordon_nonce1 | E | S"; got != want {
		t.Fatalf("the server received %s, want %s", got, want)
	}
}

func TestPortalIsJudgedAgainByANewPolicy(t *testing.T) {
	b := ready(t, `statements: [{name: ok, action: allow, when: {effect: delete}}]`)
	b.fromClient(query("BEGIN"), parse("", "DELETE FROM t"), bind("p1", ""), sync())
	b.fromServer(done("BEGIN"), z('T'), message(wire.ParseComplete, ""), message(wire.BindComplete, ""), z('T'))
	b.sent()
	b.guard.Adopt(rulesOf(t, ""))
	b.fromClient(execute("p1"), sync())
	if got, want := b.sent(), "E pgcordon_nonce1 | S"; got != want {
		t.Fatalf("the server received %s, want %s", got, want)
	}
}

func TestExecuteIsJudgedByWhatWasPrepared(t *testing.T) {
	b := ready(t, `statements: [{name: ok, action: allow, when: {effect: delete}}]`)
	b.fromClient(query("PREPARE a AS DELETE FROM t"), query("PREPARE x AS SELECT 1"))
	b.fromServer(done("PREPARE"), z('I'), done("PREPARE"), z('I'))
	b.sent()
	b.guard.Adopt(rulesOf(t, ""))
	b.fromClient(query("EXECUTE a"), query("EXECUTE x"), bind("", "a"))
	want := "Q " + substitute + " | Q EXECUTE x | B .pgcordon_nonce2"
	if got := b.sent(); got != want {
		t.Fatalf("the server received %s, want %s", got, want)
	}
}

func TestStatementOfUnknownTextMustBePreparedAgain(t *testing.T) {
	b := ready(t, `builtin: false`)
	b.fromClient(parse("", "TRUNCATE t"), sync())
	b.fromServer(message(wire.ParseComplete, ""), z('I'))
	b.sent()
	b.guard.Adopt(rulesOf(t, ""))
	b.fromClient(bind("", ""), sync())
	if got, want := b.sent(), "B .pgcordon_nonce1 | S"; got != want {
		t.Fatalf("the server received %s, want %s", got, want)
	}
	b.fromServer(serverError("26000", `prepared statement "pgcordon_nonce1" does not exist`), z('I'))
	if got := b.received(); !strings.Contains(got, "prepare it again") {
		t.Fatalf("the client received %s", got)
	}
}

func TestNewUnnamedStatementIsNotTakenForTheOldOne(t *testing.T) {
	b := newBench(t, "builtin: false")
	b.login()
	b.fromClient(parse("", "DELETE FROM t"), bind("", ""), sync())
	b.fromServer(message(wire.ParseComplete, ""), message(wire.BindComplete, ""), z('T'))
	b.guard.Adopt(rulesOf(t, ""))
	b.sent()
	b.fromClient(parse("", "SELECT 1"), bind("", ""), execute(""), sync())
	if got := b.sent(); strings.Contains(got, "nonce") {
		t.Errorf("in one section: the server received %s", got)
	}
	// The first message fails, so that the server skips the Parse, and what is bound
	// behind the Sync is the old statement.
	b = newBench(t, "builtin: false")
	b.login()
	b.fromClient(parse("", "DELETE FROM t"), sync())
	b.fromServer(message(wire.ParseComplete, ""), z('T'))
	b.guard.Adopt(rulesOf(t, ""))
	b.sent()
	b.fromClient(execute("missing"), parse("", "SELECT 1"), sync(), bind("", ""), execute(""), sync())
	if got := b.sent(); !strings.Contains(got, "B .pgcordon_nonce1") {
		t.Errorf("behind a Sync: the server received %s", got)
	}
}

func TestFailedRedefinitionLeavesTheOldOneInForce(t *testing.T) {
	b := ready(t, `statements: [{name: ok, action: allow, when: {effect: truncate}}]`)
	b.fromClient(parse("s1", "TRUNCATE t"), sync(), parse("s1", "SELECT 1"), sync())
	b.fromServer(message(wire.ParseComplete, ""), z('I'), serverError("42P05", "already exists"), z('I'))
	b.sent()
	b.guard.Adopt(rulesOf(t, ""))
	b.fromClient(bind("", "s1"), sync())
	if got, want := b.sent(), "B .pgcordon_nonce1 | S"; got != want {
		t.Fatalf("the server received %s, want %s", got, want)
	}
}

func TestNamesThatTheServerTruncatesAreOne(t *testing.T) {
	b := ready(t, `statements: [{name: ok, action: allow, when: {effect: truncate}}]`)
	long := strings.Repeat("n", 63)
	b.fromClient(parse(long+"a", "TRUNCATE t"), sync())
	b.fromServer(message(wire.ParseComplete, ""), z('I'))
	b.sent()
	b.guard.Adopt(rulesOf(t, ""))
	b.fromClient(bind("", long+"b"), sync())
	if got, want := b.sent(), "B .pgcordon_nonce1 | S"; got != want {
		t.Fatalf("the server received %s, want %s", got, want)
	}
}

func TestOutcomesBelongToTheirStatements(t *testing.T) {
	b := ready(t, `statements: [{name: watch, action: audit, when: {effect: [insert, delete, copy_in]}}]`)
	b.fromClient(query("SELECT 1; INSERT INTO t VALUES (1), (2); SELECT 2"))
	b.fromServer(done("SELECT 1"), done("INSERT 0 2"), done("SELECT 1"), z('I'))
	b.fromClient(parse("", "DELETE FROM t WHERE id = 1"), bind("", ""), execute(""), parse("", "INSERT INTO u VALUES (1)"), bind("", ""), execute(""), sync())
	b.fromServer(message(wire.ParseComplete, ""), message(wire.BindComplete, ""), done("DELETE 1"),
		message(wire.ParseComplete, ""), message(wire.BindComplete, ""), serverError("23505", "duplicate key"), z('I'))
	b.fromClient(query("COPY t FROM STDIN"))
	b.fromServer(message(wire.CopyInResponse, "\x00\x00\x00"))
	b.fromClient(sync(), message(wire.CopyData, "1\n"), message(wire.CopyDone, ""))
	b.fromServer(done("COPY 1"), z('I'))
	var got []string
	for _, e := range b.events {
		got = append(got, fmt.Sprintf("%s %d", e.SQLSTATE, e.Rows))
	}
	if want := "00000 2, 00000 1, 23505 -1, 00000 1"; strings.Join(got, ", ") != want {
		t.Errorf("outcomes %s, want %s", strings.Join(got, ", "), want)
	}
	if !b.guard.replies.idle() {
		t.Errorf("requests are left over: %+v", b.guard.replies.pending())
	}
}

func TestPortalThatIsReadInPiecesAndEmptyQueryHaveOutcomes(t *testing.T) {
	b := ready(t, `statements: [{name: note, action: audit, when: {effect: read}}]`)
	b.fromClient(parse("", "SELECT id FROM t"), bind("", ""), execute(""), execute(""), sync())
	b.fromServer(message(wire.ParseComplete, ""), message(wire.BindComplete, ""), message(wire.PortalSuspended, ""), done("SELECT 3"), z('I'))
	b.fromClient(parse("", ""), bind("", ""), execute(""), sync())
	b.fromServer(message(wire.ParseComplete, ""), message(wire.BindComplete, ""), message(wire.EmptyQueryResponse, ""), z('I'))
	if len(b.events) != 2 || b.events[0].Rows != -1 || b.events[1].Rows != 3 || b.events[0].SQLSTATE != "00000" {
		t.Errorf("events %+v", b.events)
	}
}

func TestSkippedRequestsHaveNoReplies(t *testing.T) {
	b := ready(t, `statements: [{name: watch, action: audit, when: {effect: insert}}]`)
	b.fromClient(parse("", "SELEC"), query("INSERT INTO t VALUES (1)"), bind("", ""), execute(""), sync(), query("INSERT INTO u VALUES (1)"))
	b.fromServer(serverError("42601", "syntax error"), z('I'), done("INSERT 0 1"), z('I'))
	if len(b.events) != 2 || b.events[0].SQLSTATE != "" || b.events[1].SQLSTATE != "00000" {
		t.Errorf("events %+v", b.events)
	}
}

func TestErrorBeforeTheRestOfAPipelineArrives(t *testing.T) {
	b := ready(t, "")
	b.fromClient(parse("", "SELEC"))
	b.fromServer(serverError("42601", "syntax error"))
	b.fromClient(bind("", ""), execute(""), query("SELECT 1"))
	if !b.guard.replies.idle() {
		t.Fatal("requests that the server skips are waited for")
	}
	b.fromClient(sync())
	b.fromServer(z('I'))
	if !b.guard.replies.idle() || b.guard.replies.skipping {
		t.Error("the Sync did not end the skipping")
	}
}

func TestSyncDuringCopyIsIgnored(t *testing.T) {
	b := ready(t, "")
	b.fromClient(parse("", "COPY t FROM STDIN"), bind("", ""), execute(""), sync())
	b.fromServer(message(wire.ParseComplete, ""), message(wire.BindComplete, ""), message(wire.CopyInResponse, "\x00\x00\x00"))
	b.fromClient(message(wire.CopyData, "1\n"), message(wire.CopyDone, ""), sync())
	b.fromServer(done("COPY 1"), z('I'))
	if !b.guard.replies.idle() {
		t.Errorf("requests are left over: %+v", b.guard.replies.pending())
	}
}

func TestRequestsInFlightAreBounded(t *testing.T) {
	b := ready(t, "")
	flood := []byte(strings.Repeat(string(sync()), maxOutstanding+10))
	ops, need := b.guard.FromClient(flood, nil)
	if need != 0 {
		t.Fatalf("the guard takes more than %d requests in flight", maxOutstanding)
	}
	rest := flood[b.carryOut(ops, flood, &b.toServer):]
	b.fromServer(z('I'))
	ops, _ = b.guard.FromClient(rest, nil)
	if n := b.carryOut(ops, rest, &b.toServer); n != len(sync()) {
		t.Errorf("one answer let %d bytes through", n)
	}
}

func TestSearchPathChangeVoidsAllowRulesBySchema(t *testing.T) {
	b := ready(t, `statements: [{name: scratch, action: allow, when: {effect: truncate, relation: public.scratch}}]`)
	b.fromClient(query("TRUNCATE scratch"))
	b.fromServer(done("TRUNCATE TABLE"), z('I'))
	b.fromClient(query("SET search_path = billing"))
	b.fromServer(done("SET"), z('I'))
	b.sent()
	b.fromClient(query("TRUNCATE scratch"))
	if got := b.sent(); got != "Q "+substitute {
		t.Fatalf("the server received %s", got)
	}
}

func TestLoginIsReported(t *testing.T) {
	b := newBench(t, "")
	b.fromServer(message(wire.Authentication, "\x00\x00\x00\x05salt"))
	b.fromClient(message(wire.Password, "md5\x00"))
	b.fromServer(serverError("28P01", "password authentication failed"))
	if len(b.events) != 1 || b.events[0].Kind != AuthFailed || b.events[0].SQLSTATE != "28P01" {
		t.Fatalf("events %+v", b.events)
	}
	b = newBench(t, "")
	b.fromServer(message(wire.Authentication, "\x00\x00\x00\x00"), z('I'))
	if len(b.events) != 1 || b.events[0].Kind != LoggedIn || b.guard.InLogin() {
		t.Fatalf("events %+v", b.events)
	}
}

func TestPipelinedStatementBehindStartupIsJudged(t *testing.T) {
	b := newBench(t, "")
	b.fromClient(query("DROP TABLE t"))
	if got := b.sent(); got != "Q "+substitute {
		t.Fatalf("the server received %s", got)
	}
}

func TestChannelBindingConflictIsExplained(t *testing.T) {
	const offer = "\x00\x00\x00\x0aSCRAM-SHA-256-PLUS\x00SCRAM-SHA-256\x00\x00"
	response := func(gs2 string) []byte {
		return message(wire.Password, "SCRAM-SHA-256\x00\x00\x00\x00\x05"+gs2+",,n=,r=abc")
	}
	for gs2, conflict := range map[string]bool{"y": true, "n": false} {
		b := newBenchWith(t, Config{Rules: rulesOf(t, ""), SASL: SASL{HidePlus: true}})
		b.chunk = oneByte
		b.fromServer(message(wire.Authentication, offer))
		if got := b.received(); got != "R ...\nSCRAM-SHA-256" {
			t.Fatalf("the client was offered %q", got)
		}
		b.fromClient(response(gs2))
		if b.ended != conflict {
			t.Errorf("gs2 flag %s: ended %v", gs2, b.ended)
		}
		if text := string(b.guard.Farewell()); conflict && !strings.Contains(text, "channel_binding=disable") {
			t.Errorf("the client is told %q", text)
		}
	}
}

func TestServerThatBreaksTheProtocolEndsTheSession(t *testing.T) {
	b := ready(t, "")
	ops, _ := b.guard.FromServer([]byte("D\x00\x00\x00\x00"), nil)
	if len(ops) != 1 || ops[0].Kind != End || !strings.Contains(string(b.guard.Farewell()), "08P01") {
		t.Errorf("operations %+v, farewell %q", ops, b.guard.Farewell())
	}
}
