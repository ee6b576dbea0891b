package rehearsal

import (
	"bytes"
	"encoding/binary"
	"regexp"
	"slices"
	"strings"

	"github.com/pgcordon/pgcordon/parser"
	"github.com/pgcordon/pgcordon/proxy/wire"
)

// server answers as a PostgreSQL does that has nothing to object to: every statement
// succeeds and reaches no row, but for the guard's substitutes and for what comes
// in a failed transaction.
type server struct {
	status   byte // of the transaction: I, T or E, as in ReadyForQuery
	skipping bool // after an error, up to the next Sync
	texts    map[string]string
	portals  map[string]string
	// unsure says why it is not known how the server reads text; empty while it is.
	unsure string
	out    []byte
}

// login returns the messages of a login that succeeds, with the settings that change
// how text is read.
func (s *server) login(settings []wire.Setting) []byte {
	s.status, s.texts, s.portals = 'I', map[string]string{}, map[string]string{}
	s.say(wire.Authentication, []byte{0, 0, 0, wire.AuthOK})
	s.report("client_encoding", "UTF8")
	s.report("standard_conforming_strings", "on")
	for _, set := range settings {
		s.set(set.Name, set.Value)
	}
	s.ready()
	return s.flush()
}

// receive answers whole messages of a client.
func (s *server) receive(in []byte) []byte {
	for len(in) >= wire.HeaderSize && len(in) >= wire.Size(in) {
		size := wire.Size(in)
		s.message(in[0], in[wire.HeaderSize:size])
		in = in[size:]
	}
	return s.flush()
}

func (s *server) message(t byte, body []byte) {
	switch {
	case t == wire.Sync:
		s.skipping = false
		s.ready()
	case s.skipping:
	case t == wire.Query:
		s.query(body)
		s.ready()
	case bytes.Contains(body, []byte(noncePrefix)):
		s.fail(wire.InsufficientPrivilege, string(body))
		s.skipping = true
	default:
		s.extended(t, body)
	}
}

func (s *server) query(body []byte) {
	sql, _, err := wire.QueryText(body)
	switch {
	case err != nil:
		s.fail(wire.ProtocolViolation, err.Error())
	case bytes.Contains(sql, []byte(noncePrefix)):
		s.fail(wire.InsufficientPrivilege, string(sql))
	default:
		s.run(string(sql))
	}
}

func (s *server) extended(t byte, body []byte) {
	switch t {
	case wire.Parse:
		name, sql, _ := wire.ParseText(body)
		s.texts[string(name)] = string(sql)
		s.say(wire.ParseComplete, nil)
	case wire.Bind:
		portal, name, _ := wire.BindNames(body)
		s.portals[string(portal)] = s.texts[string(name)]
		s.say(wire.BindComplete, nil)
	case wire.Execute:
		portal, _ := wire.ExecutePortal(body)
		s.skipping = !s.run(s.portals[string(portal)])
	}
}

// run executes the statements of a string. It returns false after an error.
func (s *server) run(sql string) bool {
	summary := parser.Summarize(sql, parser.Options{})
	if len(summary.Statements) == 0 {
		s.say(wire.EmptyQueryResponse, nil)
	}
	for i := range summary.Statements {
		if !s.execute(&summary.Statements[i], sql) {
			return false
		}
	}
	return true
}

// ending are the commands that a failed transaction takes, and after which none is open.
var ending = []string{"COMMIT", "ROLLBACK", "PREPARE TRANSACTION"}

func (s *server) execute(st *parser.Statement, sql string) bool {
	ends := slices.Contains(ending, st.Kind)
	switch {
	case s.status == 'E' && !ends && st.Kind != "ROLLBACK TO":
		const inFailedTransaction = "25P02"
		s.fail(inFailedTransaction, "current transaction is aborted, commands ignored until end of transaction block")
		return false
	case ends:
		s.status = 'I'
	case st.Kind == "BEGIN" || st.Kind == "START TRANSACTION" || st.Kind == "ROLLBACK TO":
		s.status = 'T'
	}
	for _, act := range st.Acts {
		if act.Effect == parser.Settings {
			s.sets(act.Object, strings.TrimSpace(sql[st.Start:st.End]))
		}
	}
	s.say(wire.CommandComplete, append([]byte(tagOf(st.Kind)), 0))
	return true
}

// tagOf returns the command tag of a statement that reached no row.
// https://www.postgresql.org/docs/current/protocol-message-formats.html, CommandComplete
func tagOf(kind string) string {
	switch kind {
	case "INSERT":
		return "INSERT 0 0"
	case "SELECT", "UPDATE", "DELETE", "MERGE", "COPY", "MOVE", "FETCH":
		return kind + " 0"
	case "ROLLBACK TO":
		return "ROLLBACK"
	}
	return kind
}

// plainSet is SET in the form of which the outcome shows in the text.
var plainSet = regexp.MustCompile(`(?i)^SET\s+(?:SESSION\s+)?(\w+)\s*(?:\s|=|\sTO\s)\s*'?([\w-]+)'?$`)

// sets follows a statement that changes a setting. Only the two settings matter
// by which text is read.
func (s *server) sets(name, statement string) {
	m := plainSet.FindStringSubmatch(statement)
	switch {
	case name != "" && !readsText(name):
	case m == nil || s.status != 'I':
		s.unsure = "only a server knows how it reads text after: " + statement
	default:
		s.set(strings.ToLower(m[1]), m[2])
	}
}

func readsText(name string) bool {
	return name == "client_encoding" || name == "names" || name == "standard_conforming_strings"
}

func (s *server) set(name, value string) {
	switch name {
	case "client_encoding", "names":
		s.report("client_encoding", value)
	case "standard_conforming_strings":
		on := "on"
		if slices.Contains([]string{"off", "false", "no", "0"}, strings.ToLower(value)) {
			on = "off"
		}
		s.report(name, on)
	case "default_transaction_read_only":
		s.report(name, value)
	}
}

func (s *server) report(name, value string) {
	s.say(wire.ParameterStatus, []byte(name+"\x00"+value+"\x00"))
}

func (s *server) fail(code, text string) {
	s.out = wire.AppendError(s.out, wire.ErrorFields{Severity: "ERROR", Unlocal: "ERROR", Code: code, Message: text})
	if s.status == 'T' {
		s.status = 'E'
	}
}

func (s *server) ready() {
	if s.status == 'I' {
		clear(s.portals)
	}
	s.say(wire.ReadyForQuery, []byte{s.status})
}

func (s *server) say(t byte, body []byte) { s.out = append(s.out, message(t, body)...) }

func (s *server) flush() []byte {
	out := s.out
	s.out = nil
	return out
}

// message returns a message of either side.
func message(t byte, body []byte) []byte {
	out := append([]byte{t, 0, 0, 0, 0}, body...)
	binary.BigEndian.PutUint32(out[1:], uint32(len(out)-1))
	return out
}
