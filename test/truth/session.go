package truth

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// session is a connection on which every message is seen: the state of the
// transaction after each query, and whether the server wants COPY's data.
type session struct {
	conn     net.Conn
	frontend *pgproto3.Frontend
	state    byte // as ReadyForQuery has it: I, T or E
	failed   error
	// conforming is standard_conforming_strings: whether a backslash is just that.
	conforming bool
}

const conformingName = "standard_conforming_strings"

// result is what came of one query.
type result struct {
	tags    []string
	err     *pgproto3.ErrorResponse // nil where it succeeded
	columns []string
	rows    [][]string // as text; NULL is empty
	notices []string
}

// connect opens a session; dial is how, nil for the ordinary way.
func connect(dsn string, dial pgconn.DialFunc) (*session, error) {
	config, err := pgconn.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("parse %s: %w", dsn, err)
	}
	if dial != nil {
		config.DialFunc = dial
	}
	conn, err := pgconn.ConnectConfig(context.Background(), config)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	hijacked, err := conn.Hijack()
	if err != nil {
		return nil, fmt.Errorf("take the connection over: %w", err)
	}
	return &session{conn: hijacked.Conn, frontend: hijacked.Frontend, state: hijacked.TxStatus,
		conforming: hijacked.ParameterStatuses[conformingName] != "off"}, nil
}

func (s *session) close() {
	s.frontend.Send(&pgproto3.Terminate{})
	_ = s.frontend.Flush() // the server may be gone
	_ = s.conn.Close()
}

// exec runs a string in the simple query protocol. It returns an error only
// where the connection is lost; the server's own is in the result.
func (s *session) exec(sql string) (*result, error) { return s.run(Query{SQL: sql}, nil) }

// must runs a string that has to succeed.
func (s *session) must(sql string) (*result, error) {
	r, err := s.exec(sql)
	if err == nil && r.err != nil {
		err = fmt.Errorf("%s: %s", abridged(sql), r.err.Message)
	}
	return r, err
}

// run runs a query. copyData is asked for what COPY FROM STDIN is to read.
func (s *session) run(q Query, copyData func() string) (*result, error) {
	if s.failed != nil {
		return nil, s.failed
	}
	s.send(q)
	if err := s.frontend.Flush(); err != nil {
		s.failed = fmt.Errorf("send a query: %w", err)
		return nil, s.failed
	}
	r := &result{}
	for {
		message, err := s.frontend.Receive()
		if err != nil {
			s.failed = fmt.Errorf("receive the answer to %s: %w", abridged(q.SQL), errors.Join(err, r.failure()))
			return nil, s.failed
		}
		if ready, ok := message.(*pgproto3.ReadyForQuery); ok {
			s.state = ready.TxStatus
			return r, nil
		}
		if err := s.take(message, r, copyData); err != nil {
			return nil, err
		}
	}
}

func (s *session) send(q Query) {
	if !q.Extended {
		s.frontend.Send(&pgproto3.Query{String: q.SQL})
		return
	}
	var parameters [][]byte
	for _, a := range q.Args {
		parameters = append(parameters, []byte(a))
	}
	s.frontend.Send(&pgproto3.Parse{Query: q.SQL})
	s.frontend.Send(&pgproto3.Bind{Parameters: parameters})
	s.frontend.Send(&pgproto3.Execute{})
	s.frontend.Send(&pgproto3.Sync{})
}

func (s *session) take(message pgproto3.BackendMessage, r *result, copyData func() string) error {
	switch m := message.(type) {
	case *pgproto3.ErrorResponse:
		e := *m
		r.err = &e
	case *pgproto3.ParameterStatus:
		if m.Name == conformingName {
			s.conforming = m.Value != "off"
		}
	case *pgproto3.NoticeResponse:
		r.notices = append(r.notices, m.Message)
	case *pgproto3.CommandComplete:
		r.tags = append(r.tags, string(m.CommandTag))
	case *pgproto3.RowDescription:
		r.columns, r.rows = nil, nil
		for _, f := range m.Fields {
			r.columns = append(r.columns, string(f.Name))
		}
	case *pgproto3.DataRow:
		r.keep(m.Values)
	case *pgproto3.CopyInResponse:
		if copyData != nil {
			s.frontend.Send(&pgproto3.CopyData{Data: []byte(copyData())})
		}
		s.frontend.Send(&pgproto3.CopyDone{})
		return s.frontend.Flush()
	}
	return nil
}

// keep copies a row: its values are valid until the next message only. What
// nobody looks at is not kept.
func (r *result) keep(values [][]byte) {
	const enough = 100_000
	if len(r.rows) == enough {
		return
	}
	row := make([]string, len(values))
	for i, v := range values {
		row[i] = string(v)
	}
	r.rows = append(r.rows, row)
}

func (r *result) failure() error {
	if r.err == nil {
		return nil
	}
	return fmt.Errorf("%s: %s", r.err.Code, r.err.Message)
}

// abridged is the beginning of a text, in one line.
func abridged(sql string) string {
	const most = 160
	line := strings.Join(strings.Fields(sql), " ")
	if len(line) > most {
		line = strings.ToValidUTF8(line[:most], "") + " ..."
	}
	return line
}
