package hostile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

// patience ends a test that has failed anyway: a loaded machine is no failure.
const patience = 2 * time.Minute

const (
	sslRequest    = 1234<<16 | 5679
	gssRequest    = 1234<<16 | 5680
	cancelRequest = 1234<<16 | 5678
	protocol3     = 3 << 16
)

// packet is a startup packet: its length, the code and the rest.
func packet(code uint32, rest ...byte) []byte {
	p := binary.BigEndian.AppendUint32(nil, uint32(8+len(rest)))
	return append(binary.BigEndian.AppendUint32(p, code), rest...)
}

// startup is a startup packet with parameters, names and values alternating.
func startup(code uint32, parameters ...string) []byte {
	return packet(code, []byte(strings.Join(parameters, "\x00")+"\x00\x00")...)
}

// message is one message of type t.
func message(t byte, body string) []byte {
	m := binary.BigEndian.AppendUint32([]byte{t}, uint32(4+len(body)))
	return append(m, body...)
}

func query(sql string) []byte { return message('Q', sql+"\x00") }

var (
	terminate = message('X', "")
	flush     = message('H', "")
)

// join puts messages into one write.
func join(parts ...[]byte) []byte {
	var all []byte
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

func dial(t testing.TB, addr string) net.Conn {
	t.Helper()
	conn, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	return conn
}

// send writes bytes. A peer that has closed already makes it fail, which what can
// be read shows better.
func send(conn net.Conn, bytes []byte) { _, _ = conn.Write(bytes) }

// exchange sends bytes over a connection of its own and returns everything that
// comes back until the peer closes it.
func exchange(t testing.TB, addr string, bytes []byte) []byte {
	t.Helper()
	conn := dial(t, addr)
	defer conn.Close()
	send(conn, bytes)
	return rest(t, conn)
}

// rest reads until the peer closes. A reset counts as closed: what matters is that
// the client does not wait for ever.
func rest(t testing.TB, conn net.Conn) []byte {
	t.Helper()
	got, err := io.ReadAll(conn)
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		t.Fatalf("the peer neither answered nor closed; so far %q", got)
	}
	return got
}

// session is a logged-in client that sends raw messages.
type session struct {
	net.Conn
	t    testing.TB
	from *pgproto3.Frontend
	key  *pgproto3.BackendKeyData
}

// login opens a session as postgres in a database whose server trusts it.
func login(t testing.TB, addr, database string, parameters ...string) *session {
	t.Helper()
	s := open(t, dial(t, addr))
	send(s, startup(protocol3, append([]string{"user", "postgres", "database", database}, parameters...)...))
	if r := s.answer(); r.err != nil {
		t.Fatalf("login: %v", r.err)
	}
	return s
}

func open(t testing.TB, conn net.Conn) *session {
	return &session{Conn: conn, t: t, from: pgproto3.NewFrontend(conn, conn)}
}

// reply is what a server answered up to ReadyForQuery.
type reply struct {
	err    *pgproto3.ErrorResponse
	tags   []string
	rows   [][]string
	status byte // 0 where the connection ended first
}

// run sends a Query and waits for the answer.
func (s *session) run(sql string) reply {
	send(s, query(sql))
	return s.answer()
}

// answer gathers messages up to ReadyForQuery or the end. COPY data is thrown away.
func (s *session) answer() (r reply) {
	s.t.Helper()
	for {
		m, err := s.from.Receive()
		if err != nil {
			var timeout net.Error
			if errors.As(err, &timeout) && timeout.Timeout() {
				s.t.Fatalf("no answer; so far %+v", r)
			}
			return r
		}
		s.noteKey(m)
		switch m := m.(type) {
		case *pgproto3.ErrorResponse:
			e := *m
			r.err = &e
		case *pgproto3.CommandComplete:
			r.tags = append(r.tags, string(m.CommandTag))
		case *pgproto3.DataRow:
			r.rows = append(r.rows, texts(m.Values))
		case *pgproto3.ReadyForQuery:
			r.status = m.TxStatus
			return r
		}
	}
}

// completed waits until a statement has run.
func (s *session) completed() {
	s.t.Helper()
	for {
		m, err := s.from.Receive()
		if err != nil {
			s.t.Fatalf("no statement has run: %v", err)
		}
		if _, done := m.(*pgproto3.CommandComplete); done {
			return
		}
	}
}

// noteKey keeps the key with which the session can be cancelled.
func (s *session) noteKey(m pgproto3.BackendMessage) {
	if m, ok := m.(*pgproto3.BackendKeyData); ok {
		key := *m
		s.key = &key
	}
}

func texts(values [][]byte) []string {
	row := make([]string, len(values))
	for i, v := range values {
		row[i] = string(v)
	}
	return row
}

// one is the only value of the only row.
func (r reply) one() string {
	if r.err != nil {
		return r.err.Severity + " " + r.err.Code + " " + r.err.Message
	}
	if len(r.rows) == 0 || len(r.rows[0]) == 0 {
		return "nothing"
	}
	return r.rows[0][0]
}

// refused tells whether pgcordon refused a statement, and nothing worse happened.
func (r reply) refused() bool {
	return r.err != nil && r.err.Severity == "ERROR" && r.err.Code == "42501" && strings.HasPrefix(r.err.Message, "pgcordon refused ")
}

// transcript shows a stream from the server, whose first answers bytes answer
// encryption requests. What differs between any two sessions is left out.
func transcript(stream []byte, answers int) string {
	var b strings.Builder
	for len(stream) > 0 && answers > 0 && stream[0] != 'E' {
		fmt.Fprintf(&b, "%c ", stream[0])
		stream, answers = stream[1:], answers-1
	}
	for len(stream) >= 5 {
		n := int64(binary.BigEndian.Uint32(stream[1:])) + 1
		if n < 5 || n > int64(len(stream)) {
			break
		}
		b.WriteByte(stream[0])
		if stream[0] == 'E' {
			b.WriteString(errorText(stream[5:n]))
		}
		if stream[0] == 'v' {
			fmt.Fprintf(&b, "%x", stream[5:n])
		}
		b.WriteByte(' ')
		stream = stream[n:]
	}
	if len(stream) > 0 {
		fmt.Fprintf(&b, "%q", stream)
	}
	return strings.TrimSpace(b.String())
}

func errorText(body []byte) string {
	var e pgproto3.ErrorResponse
	if err := e.Decode(body); err != nil {
		return "(" + err.Error() + ")"
	}
	return fmt.Sprintf("(%s %s %s)", e.Severity, e.Code, e.Message)
}

// cancelPacket is a CancelRequest for what the session is doing.
func cancelPacket(s *session) []byte {
	body := binary.BigEndian.AppendUint32(nil, s.key.ProcessID)
	return packet(cancelRequest, append(body, s.key.SecretKey...)...)
}
