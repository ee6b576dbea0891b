package guard

import (
	"bytes"
	"testing"

	"github.com/pgcordon/pgcordon/parser"
	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/wire"
)

// FuzzNoRefusedSQLReachesTheServer feeds a guard with any bytes in any chunks and
// looks at what comes out towards the server as the server would: every query
// string in it must be one that the policy allows, and what was not refused must
// be unchanged.
func FuzzNoRefusedSQLReachesTheServer(f *testing.F) {
	add := func(seed uint64, messages ...[]byte) { f.Add(join(messages), seed) }
	add(0, query("SELECT 1"), query("TRUNCATE t"))
	add(1, parse("", "DELETE FROM t"), bind("", ""), execute(""), sync())
	add(2, query("SELECT 1; DROP TABLE t; COMMIT"), query("UPDATE t SET a = 1 WHERE id = 2"))
	add(3, message(wire.CopyData, "Q\x00\x00\x00\x10TRUNCATE t\x00"), message(wire.CopyDone, ""))
	add(4, message('y', ""), query("TRUNCATE t"))
	add(5, []byte("Q\x00\x00\x00\x03"), query("TRUNCATE t"))
	add(6, bind("a", "b"), closeOf("S", "b"), message(wire.FunctionCall, "\x00\x00\x03\xc4\x00\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, in []byte, seed uint64) {
		b := ready(t, "")
		b.chunk = randomly(seed)
		b.fromClient(in)
		rules := rulesOf(t, "")
		judgeStream(t, rules.ruleset, b.toServer)
		if b.nonces == 0 && !b.guard.poisoned && !bytes.HasPrefix(in, b.toServer) {
			t.Errorf("nothing was refused, and yet the server received other bytes")
		}
	})
}

// judgeStream frames what the server receives and judges its texts. Like the server
// it stops at the first message that breaks the protocol.
func judgeStream(t *testing.T, rules *policy.Ruleset, stream []byte) {
	t.Helper()
	for len(stream) >= wire.HeaderSize {
		size, limit := wire.Size(stream), wire.LengthLimit(stream[0])
		if limit == 0 && stream[0] != wire.Password || size < wire.HeaderSize || limit > 0 && size-1 > limit {
			return
		}
		if size > len(stream) {
			if stream[0] == wire.Query || stream[0] == wire.Parse {
				t.Errorf("a part of a message with a text reached the server: %q", stream)
			}
			return
		}
		judgeText(t, rules, stream[0], stream[wire.HeaderSize:size])
		stream = stream[size:]
	}
}

func judgeText(t *testing.T, rules *policy.Ruleset, kind byte, body []byte) {
	t.Helper()
	var sql []byte
	var err error
	switch kind {
	case wire.Query:
		sql, _, err = wire.QueryText(body)
	case wire.Parse:
		_, sql, err = wire.ParseText(body)
	default:
		return
	}
	if err != nil {
		return
	}
	// The text that the prefilter lets pass may be of an unknown grammar; it must
	// not have any of the effects that the rules are about.
	s := parser.Summarize(string(sql), parser.Options{})
	if d := rules.Decide(s, policy.Context{SearchPathChanged: true}); d.Deny && d.Act.Effect != parser.Unknown {
		t.Errorf("%q reached the server, although rule %s refuses it", sql, d.Rule)
	}
}

// FuzzServerStream feeds a guard with anything from the server. It must neither
// panic nor hold more than it may, and what it does not rewrite is unchanged.
func FuzzServerStream(f *testing.F) {
	f.Add(join([][]byte{message(wire.Authentication, "\x00\x00\x00\x00"), z('I'), done("SELECT 1"), serverError("42601", "x")}), uint64(1))
	f.Add([]byte("D\x00\x00\x00\x00"), uint64(2))
	f.Add(join([][]byte{message(wire.CopyInResponse, ""), message(wire.ParseComplete, ""), z('I')}), uint64(3))
	f.Fuzz(func(t *testing.T, in []byte, seed uint64) {
		b := newBench(t, "")
		b.fromClient(parse("a", "SELECT 1"), bind("p", "a"), execute("p"), sync(), query("COPY t FROM STDIN"), message(wire.CopyDone, ""))
		b.chunk = randomly(seed)
		b.fromServer(in)
		if !bytes.HasPrefix(in, b.toClient) {
			t.Error("the client received other bytes")
		}
		if len(b.server) > maxHeld && !b.ended {
			t.Errorf("%d bytes are held", len(b.server))
		}
	})
}
