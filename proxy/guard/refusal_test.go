package guard

import (
	"strings"
	"testing"

	"github.com/pgcordon/pgcordon/proxy/wire"
)

const substitute = "SELECT CAST('pgcordon_nonce1' AS pg_catalog.int4)"

func TestRefusedQueryIsReplacedAndItsErrorRewritten(t *testing.T) {
	for name, chunk := range map[string]func(int) int{"whole": whole, "one byte": oneByte, "random": randomly(1)} {
		t.Run(name, func(t *testing.T) {
			b := ready(t, "")
			b.chunk = chunk
			b.fromClient(query("TRUNCATE cms_blocks"))
			if got := b.sent(); got != "Q "+substitute {
				t.Fatalf("the server received %s", got)
			}
			if len(b.events) != 1 || b.events[0].Kind != Refused || b.events[0].Decision.Rule != "builtin/truncate" {
				t.Fatalf("events %+v", b.events)
			}
			b.fromServer(serverError("22P02", `invalid input syntax for type integer: "pgcordon_nonce1"`), z('E'))
			want := "E SERROR.VERROR.C42501.Mpgcordon refused truncate on cms_blocks: rule builtin/truncate, " +
				"source environment production, target environment production, event event-1.D"
			if got := b.received(); !strings.HasPrefix(got, want) || !strings.HasSuffix(got, "| Z E") || strings.Contains(got, "nonce") {
				t.Fatalf("the client received %s", got)
			}
		})
	}
}

func TestWhatIsNotRefusedPassesUnchanged(t *testing.T) {
	for name, chunk := range map[string]func(int) int{"whole": whole, "one byte": oneByte, "random": randomly(2)} {
		t.Run(name, func(t *testing.T) {
			b := ready(t, "")
			b.chunk = chunk
			in := join([][]byte{
				query("SELECT 1"), parse("", "UPDATE t SET a = 1 WHERE id = 2"), bind("", ""), message(wire.Describe, "P\x00"), execute(""), sync(),
				message(wire.CopyData, strings.Repeat("x", 70000)), message(wire.CopyDone, ""), message(wire.CopyFail, "no\x00"),
				message(wire.Password, "secret\x00"), message(wire.Flush, ""), closeOf("S", "x"), message(wire.Terminate, ""),
			})
			b.fromClient(in)
			if string(b.toServer) != string(in) {
				t.Errorf("the server received other bytes")
			}
			out := join([][]byte{
				message(wire.RowDescription, "abc"), message(wire.DataRow, strings.Repeat("y", 200000)), done("SELECT 1"), z('I'),
				serverError("42P01", "relation missing"), message(wire.NoticeResponse, "Mhello\x00\x00"), message(wire.NotificationResponse, "1234ch\x00p\x00"),
			})
			b.fromServer(out)
			if string(b.toClient) != string(out) {
				t.Errorf("the client received other bytes")
			}
		})
	}
}

func TestRefusalInTheExtendedProtocol(t *testing.T) {
	b := ready(t, "")
	b.fromClient(parse("s1", "DELETE FROM t"), bind("", "s1"), execute(""), sync())
	if got, want := b.sent(), "P s1."+substitute+" | B .s1 | E | S"; got != want {
		t.Fatalf("the server received %s, want %s", got, want)
	}
	b.fromServer(serverError("22P02", "pgcordon_nonce1"), z('I'))
	if got := b.received(); !strings.HasPrefix(got, "E SERROR.VERROR.C42501.Mpgcordon refused delete on t") {
		t.Fatalf("the client received %s", got)
	}
	if !b.guard.replies.idle() {
		t.Errorf("requests are left over: %+v", b.guard.replies.pending())
	}
}

func TestMultiStatementStringIsRefusedWhole(t *testing.T) {
	b := ready(t, "")
	b.fromClient(query("INSERT INTO log VALUES (1); DROP TABLE t; SELECT 1"))
	if got := b.sent(); got != "Q "+substitute {
		t.Fatalf("the server received %s", got)
	}
}

func TestFailedTransactionIsReportedByTheServer(t *testing.T) {
	b := ready(t, "")
	b.fromClient(query("TRUNCATE t"))
	b.fromServer(serverError("25P02", "current transaction is aborted"), z('E'))
	if got := b.received(); !strings.Contains(got, "C25P02") {
		t.Fatalf("the client received %s", got)
	}
	b.fromClient(query("TRUNCATE u"))
	b.fromServer(serverError("22P02", "pgcordon_nonce2"), z('I'))
	if got := b.received(); !strings.Contains(got, "truncate on u") {
		t.Fatalf("the client received %s", got)
	}
}

func TestErrorInAnotherLanguageKeepsItsSeverity(t *testing.T) {
	b := ready(t, "")
	b.fromClient(query("TRUNCATE t"))
	b.fromServer(message(wire.ErrorResponse, "SFEHLER\x00VERROR\x00C22P02\x00Mungültig: »pgcordon_nonce1«\x00\x00"))
	if got := b.received(); !strings.HasPrefix(got, "E SFEHLER.VERROR.C42501.") {
		t.Fatalf("the client received %s", got)
	}
}

func TestNoticeAboutASubstituteIsKeptFromTheClient(t *testing.T) {
	b := ready(t, "")
	b.fromClient(query("TRUNCATE t"), query("SELECT 1"))
	logged := message(wire.NoticeResponse, "SLOG\x00VLOG\x00C00000\x00Mstatement: "+substitute+"\x00\x00")
	other := message(wire.NoticeResponse, "SLOG\x00VLOG\x00C00000\x00Mstatement: SELECT 1\x00\x00")
	b.fromServer(logged, serverError("22P02", "pgcordon_nonce1"), z('I'), other, done("SELECT 1"), z('I'))
	got := b.received()
	if strings.Contains(got, "nonce1") || strings.Count(got, "N SLOG") != 1 || !strings.HasPrefix(got, "E SERROR.VERROR.C42501.") {
		t.Fatalf("the client received %s", got)
	}
}

func TestReplicationRefusalUsesItsGrammar(t *testing.T) {
	b := newBenchWith(t, Config{Rules: rulesOf(t, `statements: [{name: no-backup, action: deny, when: {effect: replication}}]`), Replication: true})
	b.login()
	b.fromClient(query("BASE_BACKUP"))
	if got := b.sent(); got != "Q DROP_REPLICATION_SLOT pgcordon_nonce1" {
		t.Fatalf("the server received %s", got)
	}
}

func TestFunctionCallIsJudged(t *testing.T) {
	const loUnlink = 964
	b := ready(t, `statements: [{name: no-unlink, action: deny, when: {function: lo_unlink}}]`)
	b.fromClient(wire.AppendFunctionCall(nil, loUnlink))
	if got := b.sent(); got != "Q "+substitute {
		t.Fatalf("the server received %s", got)
	}
	const loCreat = 957
	b.fromClient(wire.AppendFunctionCall(nil, loCreat))
	if got := b.sent(); !strings.HasPrefix(got, "F ") {
		t.Fatalf("the server received %s", got)
	}
}

func TestMessageLongerThanTheLimitIsRefused(t *testing.T) {
	b := newBenchWith(t, Config{Rules: rulesOf(t, ""), InspectBytes: 1000})
	b.login()
	b.chunk = func(int) int { return 100 }
	b.fromClient(query("SELECT '"+strings.Repeat("x", 2000)+"'"), parse("", "SELECT '"+strings.Repeat("x", 2000)+"'"), query("SELECT 1"))
	want := "Q " + substitute + " | P .SELECT CAST('pgcordon_nonce2' AS pg_catalog.int4) | Q SELECT 1"
	if got := b.sent(); got != want {
		t.Fatalf("the server received %s, want %s", got, want)
	}
}

func TestLongTextThatHoldsNoWordThatMattersPasses(t *testing.T) {
	b := newBenchWith(t, Config{Rules: rulesOf(t, ""), InspectBytes: 1 << 20, ParseBytes: 1000})
	b.login()
	long := strings.Repeat("x", 2000)
	b.fromClient(query("INSERT INTO t VALUES ('"+long+"')"), query("DELETE FROM t WHERE id = 1 AND name <> '"+long+"'"))
	want := "Q INSERT INTO t VALUES ('xx"
	if got := b.sent(); !strings.HasPrefix(got, want) || !strings.HasSuffix(got, "| Q "+substitute) {
		t.Fatalf("the server received %s", got)
	}
}

func TestNothingLongIsHeldOfAClientThatHasNotLoggedIn(t *testing.T) {
	b := newBench(t, "")
	long := query("SELECT '" + strings.Repeat("x", 2*maxHeld) + "'")
	if ops, need := b.guard.FromClient(long[:100], nil); need != 0 || len(ops) != 0 {
		t.Fatalf("the guard asks for %d bytes, operations %v", need, ops)
	}
	b.login()
	if _, need := b.guard.FromClient(long[:100], nil); need != len(long) {
		t.Fatalf("the guard asks for %d bytes", need)
	}
}

func TestAuditModeChangesNoByte(t *testing.T) {
	b := ready(t, `
statements: [{name: watch, action: deny, mode: audit, when: {effect: [truncate, unknown, delete]}}]
builtin: false
`)
	in := join([][]byte{query("TRUNCATE t"), parse("", "DELETE FROM u"), bind("", ""), execute(""), sync()})
	b.fromClient(in)
	if string(b.toServer) != string(in) {
		t.Fatal("the server received other bytes")
	}
	b.fromServer(done("TRUNCATE TABLE"), z('I'), message(wire.ParseComplete, ""), message(wire.BindComplete, ""), done("DELETE 7"), z('I'))
	if len(b.events) != 2 {
		t.Fatalf("%d events", len(b.events))
	}
	truncated, deleted := b.events[0], b.events[1]
	if !truncated.Decision.WouldDeny || truncated.SQLSTATE != "00000" || truncated.Rows != -1 {
		t.Errorf("truncate: %+v", truncated)
	}
	if !deleted.Decision.WouldDeny || deleted.SQLSTATE != "00000" || deleted.Rows != 7 || deleted.SQL != "DELETE FROM u" {
		t.Errorf("delete: %+v", deleted)
	}
}

func TestPoisonedStreamEndsAtTheServersVerdict(t *testing.T) {
	for name, in := range map[string]struct{ bytes, passed string }{
		"unknown type":       {"y\x00\x00\x00\x04Q\x00\x00\x00\x0cTRUNCAT", "y\x00\x00\x00\x04"},
		"length below four":  {"Q\x00\x00\x00\x03Q\x00\x00\x00\x0c", "Q\x00\x00\x00\x03"},
		"length zero":        {"Q\x00\x00\x00\x00DROP", "Q\x00\x00\x00\x00"},
		"length of 4 GiB":    {"Q\xff\xff\xff\xffDROP", "Q\xff\xff\xff\xff"},
		"long small message": {"E\x00\x00\x27\x11DROP", "E\x00\x00\x27\x11"},
	} {
		b := ready(t, "")
		b.fromClient([]byte(in.bytes))
		if string(b.toServer) != in.passed {
			t.Errorf("%s: the server received %q", name, b.toServer)
		}
	}
}
