package operations

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/pgcordon/pgcordon/audit"
	"github.com/pgcordon/pgcordon/test/pgtest"
)

// notKept is what is told of a session that the server does not keep read-only.
const notKept = "the server does not keep the session read-only, as session rule lookers asks"

// lost fails where the end of a session was not told to everybody.
func (s stage) lost(t *testing.T, c *client) {
	t.Helper()
	if e := c.lastError(); e.Severity != "FATAL" || !strings.Contains(e.Message, notKept) {
		t.Errorf("the client read %+v", e)
	}
	began := s.guard.AwaitEvent(t, "the beginning", func(e audit.Event) bool { return e.Type == audit.SessionStart })
	over := s.guard.AwaitEvent(t, "the end", func(e audit.Event) bool { return e.Type == audit.SessionEnd })
	if !began.ReadOnly || began.Rule != "lookers" || !strings.Contains(over.Reason, notKept) {
		t.Errorf("recorded %+v\n%+v", began, over)
	}
	await(t, "the metric tells of it", func() bool {
		return s.measures(t)[`pgcordon_sessions_total{environment="staging",outcome="not_read_only",target="shop"}`] == 1
	})
}

func TestEndOfASessionThatWouldWriteIsTold(t *testing.T) {
	t.Parallel()
	eachMajor(t, looking, func(t *testing.T, s stage) {
		s.server.Exec(t, s.database, escaping)
		c := s.raw(t, staging)
		c.send(query("BEGIN"), query("SELECT open FROM door"), query("COMMIT"))
		c.want("C BEGIN | Z T | T | D 1 | C SELECT 1 | E 42501 | " + end)
		s.lost(t, c)
	})
}

// A pooler knows the parameters that it passes on, and drops others.
func TestSettingThatIsDroppedOnTheWayIsNoticedAtTheLogin(t *testing.T) {
	t.Parallel()
	server := pgtest.Shared(t, 18)
	s := stage{server: server, database: newShop(t, server)}
	s.guard = pgtest.StartGuard(t, policyFor(dropping(t, server.Addr()), "", looking))
	c := s.start(t, staging)
	c.want("R ok | K | E 42501 | " + end)
	s.lost(t, c)
	s.raw(t, production).leave()
}

// dropping forwards connections without a certain parameter of their startup packets.
func dropping(t *testing.T, to string) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go forward(client, to)
		}
	}()
	return l.Addr().String()
}

func forward(client net.Conn, to string) {
	defer client.Close()
	server, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer server.Close()
	size := make([]byte, 4)
	if _, err := io.ReadFull(client, size); err != nil {
		return
	}
	packet := make([]byte, binary.BigEndian.Uint32(size)-4)
	if _, err := io.ReadFull(client, packet); err != nil {
		return
	}
	packet = bytes.Replace(packet, []byte("default_transaction_read_only\x00on\x00"), nil, 1)
	_, _ = server.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(packet)+4)), packet...))
	go func() {
		_, _ = io.Copy(server, client)
		server.Close()
	}()
	_, _ = io.Copy(client, server)
}

func TestReloadThatMakesASessionReadOnlyEndsIt(t *testing.T) {
	t.Parallel()
	const letIn = "sessions: [{name: guests, action: allow, when: {source: staging}}]"
	s := stageOn(t, pgtest.Shared(t, 17), letIn)
	writer := s.raw(t, staging)
	s.put(t, looking)
	writer.want("E 57P01 | " + end)
	reader := s.raw(t, staging)
	reader.send(query("INSERT INTO journal VALUES ('x')"))
	reader.want("E 42501 | Z I")
	s.put(t, letIn) // the rules do not refuse any more, but the server does
	reader.send(query("INSERT INTO journal VALUES ('x')"))
	reader.want("E 25006 | Z I")
	s.put(t, looking)
	reader.want("E 57P01 | " + end)
}

func TestTargetInAuditModeLeavesTheStartupPacketAlone(t *testing.T) {
	t.Parallel()
	server := pgtest.Shared(t, 16)
	s := stage{server: server, database: newShop(t, server)}
	s.guard = pgtest.StartGuard(t, policyFor(server.Addr(), "mode: audit", looking))
	c := s.raw(t, staging)
	c.send(query("INSERT INTO journal VALUES ('x')"), query("INSERT INTO journal VALUES ('y')"))
	c.want("C INSERT 0 1 | Z I | C INSERT 0 1 | Z I")
	s.guard.AwaitEvent(t, "what would have been refused", func(e audit.Event) bool {
		return e.Decision == audit.WouldDeny && e.Rule == "builtin/read-only"
	})
}
