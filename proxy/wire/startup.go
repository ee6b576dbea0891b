package wire

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// Codes in the place of the protocol version of a startup packet.
// src/include/libpq/pqcomm.h.
const (
	CancelRequestCode = 1234<<16 | 5678
	SSLRequestCode    = 1234<<16 | 5679
	GSSENCRequestCode = 1234<<16 | 5680
	Version30         = 3 << 16
)

// A startup packet has 8 to MaxStartupSize bytes, its length field included, which
// MAX_STARTUP_PACKET_LENGTH in src/include/libpq/pqcomm.h does not count.
const (
	MinStartupSize = 8
	MaxStartupSize = 10004
)

// maxNameLength is NAMEDATALEN - 1: a longer role or database name would be
// truncated by the server, so that a rule would judge another name.
const maxNameLength = 63

// Startup is a StartupMessage.
type Startup struct {
	Major, Minor uint16
	User         string
	Database     string // User where the client named none
	Application  string // what application_name begins as
	Replication  bool   // a walsender connection, physical or logical
	Physical     bool   // a walsender connection that is not bound to a database
	Options      string
	// Settings is what Options sets and every other parameter, their names in lower
	// case, in the order in which the server applies them: the last one wins.
	Settings     []Setting
	Unrecognized []string // _pq_. parameters
}

// Setting is a run-time parameter set at startup.
type Setting struct{ Name, Value string }

// StartupCode returns the version or request code of a startup packet.
// packet must hold MinStartupSize bytes.
func StartupCode(packet []byte) uint32 { return binary.BigEndian.Uint32(packet[4:8]) }

// CancelRequest returns the packet that asks a server to cancel what the session of
// this process id and key is doing, which BackendKeyData's body consists of.
// https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-CANCELREQUEST
func CancelRequest(keyData string) []byte {
	packet := binary.BigEndian.AppendUint32(nil, uint32(MinStartupSize+len(keyData)))
	packet = binary.BigEndian.AppendUint32(packet, CancelRequestCode)
	return append(packet, keyData...)
}

// StartupError is why a StartupMessage is refused, with the SQLSTATE and, where the
// server refuses it too, the words of the server.
type StartupError struct{ Code, Message string }

// Error returns the message.
func (e *StartupError) Error() string { return e.Message }

var (
	errTerminator = &StartupError{ProtocolViolation, "invalid startup packet layout: expected terminator as last byte"}
	errNoUser     = &StartupError{InvalidAuthorization, "no PostgreSQL user name specified in startup packet"}
	errLongName   = &StartupError{ProtocolViolation, fmt.Sprintf("user or database name longer than %d bytes", maxNameLength)}
)

// ParseStartup reads a whole StartupMessage of protocol 3. It is stricter than
// the server where leniency would let a rule judge other values than the server
// uses: a parameter given twice, and names over 63 bytes, are errors. Every error
// is a *StartupError.
func ParseStartup(packet []byte) (Startup, error) {
	code := StartupCode(packet)
	s := Startup{Major: uint16(code >> 16), Minor: uint16(code)}
	if len(packet) == MinStartupSize || packet[len(packet)-1] != 0 {
		return s, errTerminator
	}
	rest := packet[8:]
	seen := map[string]bool{}
	for len(rest) > 1 || len(rest) == 1 && rest[0] != 0 {
		if rest[0] == 0 {
			return s, errTerminator
		}
		name, tail, _ := cut(rest)
		value, tail, ok := cut(tail)
		if !ok || len(tail) == 0 {
			return s, errTerminator
		}
		if seen[string(name)] {
			return s, &StartupError{ProtocolViolation, fmt.Sprintf("startup parameter %q given twice", name)}
		}
		seen[string(name)] = true
		if err := s.set(string(name), string(value)); err != nil {
			return s, err
		}
		rest = tail
	}
	return s, s.complete()
}

// set takes one parameter over. ProcessStartupPacket in
// src/backend/tcop/backend_startup.c.
func (s *Startup) set(name, value string) error {
	switch name {
	case "user":
		s.User = value
	case "database":
		s.Database = value
	case "options":
		s.Options = value
		// The server applies options before every other parameter, which so wins
		// (process_startup_options in src/backend/utils/init/postinit.c).
		s.Settings = append(ParseOptions(value), s.Settings...)
	case "replication":
		return s.setReplication(value)
	default:
		if len(name) > 5 && name[:5] == "_pq_." {
			s.Unrecognized = append(s.Unrecognized, name)
			return nil
		}
		s.Settings = append(s.Settings, Setting{strings.ToLower(name), value}) // guc_name_compare in guc.c
	}
	return nil
}

func (s *Startup) setReplication(value string) error {
	if value == "database" {
		s.Replication = true
		return nil
	}
	on, ok := parseBool(value)
	if !ok {
		return &StartupError{InvalidParameterValue, fmt.Sprintf("invalid value for parameter \"replication\": \"%s\"", value)}
	}
	s.Replication, s.Physical = on, on
	return nil
}

func (s *Startup) complete() error {
	if s.User == "" {
		return errNoUser
	}
	if s.Database == "" {
		s.Database = s.User
	}
	for _, setting := range s.Settings {
		if setting.Name == "application_name" {
			s.Application = setting.Value
		}
	}
	if len(s.User) > maxNameLength || len(s.Database) > maxNameLength {
		return errLongName
	}
	return nil
}

// WithSetting returns a copy of a StartupMessage, which ParseStartup has accepted, with a
// parameter in the last place, where it wins over what the client set by the same
// name, in whatever spelling, and in its options; over ALTER ROLE and ALTER DATABASE with SET
// any parameter wins (GucSource in src/include/utils/guc.h). A message that is too long then is
// refused by the server.
func WithSetting(packet []byte, name, value string) []byte {
	out := append(make([]byte, 0, len(packet)+len(name)+len(value)+2), packet[:8]...)
	for rest := packet[8:]; len(rest) > 1; {
		parameter, tail, _ := cut(rest)
		_, tail, _ = cut(tail)
		if !strings.EqualFold(string(parameter), name) {
			out = append(out, rest[:len(rest)-len(tail)]...)
		}
		rest = tail
	}
	out = append(append(out, name...), 0)
	out = append(append(out, value...), 0, 0)
	binary.BigEndian.PutUint32(out, uint32(len(out)))
	return out
}
