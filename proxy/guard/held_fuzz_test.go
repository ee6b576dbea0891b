package guard

import (
	"testing"

	"github.com/pgcordon/pgcordon/proxy/wire"
)

// bothBounds bounds rows and whole transactions.
const bothBounds = `
builtin: false
statements: [{name: batch, action: allow, max_rows: {statement: 10, transaction: 15, share: 50%}, when: {effect: [insert, update, delete, merge, copy_in]}}]
transactions: [{name: people, max_effects: {deleted: 5, truncated: 0}}]
`

// moves are what either side may do next, right or wrong. The first ones are the client's.
var moves = [][]byte{
	query("DELETE FROM t"), query("BEGIN"), query("COMMIT"), query("ROLLBACK"), query("SELECT f(); DELETE FROM t; COMMIT; SELECT 1"),
	query("COPY t FROM STDIN"), query("CALL p()"), query("SAVEPOINT a"), query("nonsense"), query("EXECUTE p"),
	parse("", "DELETE FROM t"), parse("", "COMMIT"), parse("p", "WITH d AS (DELETE FROM t RETURNING 1) SELECT 1 FROM d"), parse("", "CALL p()"), parse("", "BEGIN"),
	bind("", ""), bind("", "p"), execute(""), sync(), closeOf("S", "p"), message(wire.Flush, ""), message(wire.CopyData, "1\n"), message(wire.CopyDone, ""),
	message(wire.FunctionCall, "\x00\x00\x03\xc4\x00\x00\x00\x00\x00\x00"), message(wire.Terminate, ""),
	message(wire.ParseComplete, ""), message(wire.BindComplete, ""), message(wire.CloseComplete, ""), message(wire.NoData, ""), message(wire.RowDescription, "\x00\x00"),
	message(wire.DataRow, "\x00\x00"), message(wire.DataRow, "\x00\x05\x00\x00\x00\x08counters\x00\x00\x00\x011\x00\x00\x00\x011\x00\x00\x00\x011\x00\x00\x00\x011"),
	done("DELETE 1"), done("DELETE 20"), done("SELECT 1"), done("BEGIN"), done("COMMIT"), done("ROLLBACK"), done("SET CONSTRAINTS"), done("COPY 3"),
	z('I'), z('T'), z('E'), serverError("57014", "canceled"), serverError("34000", `portal "pgcordon_nonce1" does not exist`), serverError("XX000", "lost"),
	message(wire.CopyInResponse, "\x00\x00\x00"), message(wire.PortalSuspended, ""), message(wire.NoticeResponse, "C25P01\x00\x00"), message(wire.ParameterStatus, "a\x00b\x00"),
	message(wire.NotificationResponse, "\x00\x00\x00\x01c\x00\x00"),
}

const clientMoves = 25

// FuzzHeldSession plays moves of a client and of a server, in any order and in any chunks,
// at a guard that holds statements, while its rules change. It must neither panic nor take
// more than it is given, nor keep more than it may.
func FuzzHeldSession(f *testing.F) {
	f.Add([]byte{0, 26, 33, 40}, uint64(1))
	f.Add([]byte{10, 15, 17, 18, 25, 26, 33, 200, 41}, uint64(2))
	f.Add([]byte{1, 35, 41, 0, 36, 2, 43, 42}, uint64(3))
	f.Add([]byte{5, 46, 21, 22, 39, 40, 201, 5}, uint64(4))
	unbounded, bounded := rulesOf(f, "builtin: false"), rulesOf(f, bothBounds)
	f.Fuzz(func(t *testing.T, played []byte, seed uint64) {
		b := ready(t, bothBounds)
		b.chunk = randomly(seed)
		for _, at := range played[:min(len(played), 500)] {
			switch {
			case b.ended:
				return
			case at == 200:
				b.guard.Adopt(unbounded)
			case at == 201:
				b.guard.Adopt(bounded)
			case int(at)%len(moves) < clientMoves:
				b.fromClient(moves[int(at)%len(moves)])
			default:
				b.fromServer(moves[int(at)%len(moves)])
				b.goOn()
			}
			b.keepsWithin(t)
		}
	})
}

// goOn lets the guard judge what it has made the client wait with, as a driver does when
// the server has answered something.
func (b *bench) goOn() {
	if b.ended {
		return
	}
	ops, _ := b.guard.FromClient(b.client, nil)
	b.client = b.client[b.carryOut(ops, b.client, &b.toServer):]
}

// keepsWithin fails the test where the guard keeps more than it may.
func (b *bench) keepsWithin(t *testing.T) {
	t.Helper()
	const asides = 100 // that a script may add to a full queue
	if n := len(b.guard.replies.pending()); n > maxOutstanding+asides {
		t.Errorf("%d requests are remembered", n)
	}
	if len(b.server) > maxHeld && !b.ended {
		t.Errorf("%d bytes of the server are held", len(b.server))
	}
	if s := b.guard.script; s != nil && len(s.kept) > 2*serverBuffer {
		t.Errorf("%d bytes for the client are kept", len(s.kept))
	}
	if tr := b.guard.transaction; tr != nil && len(tr.known) > maxKnown {
		t.Errorf("%d relations are remembered", len(tr.known))
	}
}
