package operations

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

// client speaks the protocol message by message, and keeps every byte it received.
type client struct {
	t        testing.TB
	conn     net.Conn
	protocol *pgproto3.Frontend
	received bytes.Buffer
	errors   []pgproto3.ErrorResponse
	notices  int
	key      pgproto3.BackendKeyData
}

// raw opens a session from an address of this machine and waits until it is ready.
func (s stage) raw(t testing.TB, from string, parameters ...string) *client {
	t.Helper()
	c := s.start(t, from, parameters...)
	c.want("R ok | K | Z I")
	return c
}

// start sends a startup message. parameters are names and values, which override
// the user postgres and the test's own database.
func (s stage) start(t testing.TB, from string, parameters ...string) *client {
	t.Helper()
	conn, err := dialFrom(from)(deadline(t), "tcp", s.guard.Addr)
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(t, conn)
	all := map[string]string{"user": "postgres", "database": s.database}
	for i := 0; i+1 < len(parameters); i += 2 {
		all[parameters[i]] = parameters[i+1]
	}
	c.send(&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: all})
	return c
}

func newClient(t testing.TB, conn net.Conn) *client {
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	c := &client{t: t, conn: conn}
	c.protocol = pgproto3.NewFrontend(io.TeeReader(conn, &c.received), conn)
	return c
}

// send sends messages in one write.
func (c *client) send(messages ...pgproto3.FrontendMessage) {
	c.t.Helper()
	for _, m := range messages {
		c.protocol.Send(m)
	}
	if err := c.protocol.Flush(); err != nil {
		c.t.Fatalf("send: %v", err)
	}
}

// want receives as many messages as the line of text has, and compares. Parameter
// statuses are left out.
func (c *client) want(line string) {
	c.t.Helper()
	words := strings.Split(line, " | ")
	got := make([]string, 0, len(words))
	for range words {
		got = append(got, c.next())
		if got[len(got)-1] == end {
			break
		}
	}
	if told := strings.Join(got, " | "); told != line {
		c.t.Fatalf("received %s\nwant     %s\nerrors   %+v", told, line, c.errors)
	}
}

// untilReady receives up to the nth ReadyForQuery, and returns it.
func (c *client) untilReady(n int) (last string) {
	c.t.Helper()
	for n > 0 {
		last = c.next()
		switch {
		case last == end:
			c.t.Fatalf("closed; errors %+v", c.errors)
		case strings.HasPrefix(last, "Z "):
			n--
		}
	}
	return last
}

// await receives messages until one is what the test waits for.
func (c *client) await(what string, so func(pgproto3.BackendMessage) bool) {
	c.t.Helper()
	for {
		m, err := c.protocol.Receive()
		if err != nil {
			c.t.Fatalf("%s did not come: %v", what, err)
		}
		if so(m) {
			return
		}
	}
}

func tail(b []byte) []byte { return b[max(0, len(b)-200):] }

// end stands for the end of the connection.
const end = "closed"

// next receives one message and describes it.
func (c *client) next() string {
	c.t.Helper()
	for {
		m, err := c.protocol.Receive()
		var timeout net.Error
		switch {
		case errors.As(err, &timeout) && timeout.Timeout():
			c.t.Fatalf("nothing came; errors %+v, received so far ends %q", c.errors, tail(c.received.Bytes()))
		case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET):
			return end
		case err != nil:
			c.t.Fatalf("receive: %v", err)
		}
		if word := c.describe(m); word != "" {
			return word
		}
	}
}

// describe returns the type of a message, as the protocol has it, and what matters
// of its content. Errors and the cancel key are kept.
func (c *client) describe(m pgproto3.BackendMessage) string {
	switch m := m.(type) {
	case *pgproto3.ErrorResponse:
		c.errors = append(c.errors, *m)
		return "E " + m.Code
	case *pgproto3.BackendKeyData:
		c.key = pgproto3.BackendKeyData{ProcessID: m.ProcessID, SecretKey: bytes.Clone(m.SecretKey)}
		return "K"
	case *pgproto3.NoticeResponse:
		c.notices++
		return "N"
	case *pgproto3.ReadyForQuery:
		return "Z " + string(m.TxStatus)
	case *pgproto3.CommandComplete:
		return "C " + string(m.CommandTag)
	case *pgproto3.DataRow:
		return "D " + string(bytes.Join(m.Values, []byte(",")))
	case *pgproto3.AuthenticationOk:
		return "R ok"
	case *pgproto3.ParameterStatus:
		return ""
	}
	if word, ok := plainWords[fmt.Sprintf("%T", m)]; ok {
		return word
	}
	return fmt.Sprintf("%T", m)
}

var plainWords = map[string]string{
	"*pgproto3.ParseComplete": "1", "*pgproto3.BindComplete": "2", "*pgproto3.CloseComplete": "3",
	"*pgproto3.PortalSuspended": "s", "*pgproto3.RowDescription": "T", "*pgproto3.NoData": "n",
	"*pgproto3.CopyInResponse": "G", "*pgproto3.CopyOutResponse": "H", "*pgproto3.CopyBothResponse": "W",
	"*pgproto3.CopyData": "d", "*pgproto3.CopyDone": "c",
	"*pgproto3.FunctionCallResponse": "V", "*pgproto3.ParameterDescription": "t",
}

// leave ends the session as a client does.
func (c *client) leave() {
	c.t.Helper()
	c.send(&pgproto3.Terminate{})
	c.want(end)
	c.conn.Close()
}

// lastError is what the server, or the guard, complained of last.
func (c *client) lastError() pgproto3.ErrorResponse {
	c.t.Helper()
	if len(c.errors) == 0 {
		c.t.Fatal("there was no error")
	}
	return c.errors[len(c.errors)-1]
}

// nonce is how a substitute is told from anything else that mentions pgcordon.
var nonce = regexp.MustCompile(`pgcordon_[a-z2-7]{16}`)

// silent fails the test where a substitute's nonce reached the client.
func (c *client) silent() {
	c.t.Helper()
	if found := nonce.Find(c.received.Bytes()); found != nil {
		c.t.Errorf("the client received %q", found)
	}
}

// The messages that the tests send most.

func query(sql string) pgproto3.FrontendMessage { return &pgproto3.Query{String: sql} }

func parse(name, sql string) pgproto3.FrontendMessage { return &pgproto3.Parse{Name: name, Query: sql} }

func bind(portal, statement string) pgproto3.FrontendMessage {
	return &pgproto3.Bind{DestinationPortal: portal, PreparedStatement: statement}
}

func execute(portal string) pgproto3.FrontendMessage { return &pgproto3.Execute{Portal: portal} }

func syncs() pgproto3.FrontendMessage { return &pgproto3.Sync{} }

// run is what a driver sends to run a statement once, without the Sync.
func run(sql string) []pgproto3.FrontendMessage {
	return []pgproto3.FrontendMessage{parse("", sql), bind("", ""), execute("")}
}

// messages joins what belongs into one write.
func messages(parts ...any) []pgproto3.FrontendMessage {
	var all []pgproto3.FrontendMessage
	for _, part := range parts {
		switch part := part.(type) {
		case pgproto3.FrontendMessage:
			all = append(all, part)
		case []pgproto3.FrontendMessage:
			all = append(all, part...)
		}
	}
	return all
}
