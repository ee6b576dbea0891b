package parity

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgproto3"
)

// encode returns the bytes of a command that sends something; sends is false for
// one that does not.
func (c command) encode() (bytes []byte, sends bool, err error) {
	switch c.verb {
	case "raw":
		bytes, err = hex.DecodeString(c.arg(0))
		return bytes, true, err
	case "message":
		return c.encodeAny()
	case "startup":
		return c.encodeStartup()
	}
	message, err := c.message()
	if message == nil || err != nil {
		return nil, false, err
	}
	bytes, err = message.Encode(nil)
	return bytes, true, err
}

func (c command) message() (pgproto3.FrontendMessage, error) {
	switch c.verb {
	case "sslrequest":
		return &pgproto3.SSLRequest{}, nil
	case "gssencrequest":
		return &pgproto3.GSSEncRequest{}, nil
	case "query":
		return &pgproto3.Query{String: c.arg(0)}, nil
	case "parse":
		oids, err := parseOIDs(c.from(2))
		return &pgproto3.Parse{Name: c.arg(0), Query: c.arg(1), ParameterOIDs: oids}, err
	case "bind":
		return c.bind()
	case "describe":
		return &pgproto3.Describe{ObjectType: c.arg(0)[0], Name: c.arg(1)}, nil
	case "close":
		return &pgproto3.Close{ObjectType: c.arg(0)[0], Name: c.arg(1)}, nil
	case "execute":
		rows, _ := strconv.ParseUint(c.arg(1), 10, 32) // none: all rows
		return &pgproto3.Execute{Portal: c.arg(0), MaxRows: uint32(rows)}, nil
	case "sync":
		return &pgproto3.Sync{}, nil
	case "flush":
		return &pgproto3.Flush{}, nil
	case "terminate":
		return &pgproto3.Terminate{}, nil
	case "copydata":
		return &pgproto3.CopyData{Data: []byte(c.arg(0))}, nil
	case "copydone":
		return &pgproto3.CopyDone{}, nil
	case "copyfail":
		return &pgproto3.CopyFail{Message: c.arg(0)}, nil
	case "functioncall":
		return c.functionCall()
	}
	return nil, nil
}

func (c command) bind() (pgproto3.FrontendMessage, error) {
	m := &pgproto3.Bind{DestinationPortal: c.arg(0), PreparedStatement: c.arg(1)}
	args := c.from(2)
	if n := len(args); n > 0 && args[n-1] == "binary" {
		m.ResultFormatCodes, args = []int16{1}, args[:n-1]
	}
	var err error
	m.Parameters, m.ParameterFormatCodes, err = parseValues(args)
	return m, err
}

func (c command) functionCall() (pgproto3.FrontendMessage, error) {
	oid, err := c.number(0)
	if err != nil {
		return nil, err
	}
	m := &pgproto3.FunctionCall{Function: uint32(oid), ResultFormatCode: 1}
	var formats []int16
	if m.Arguments, formats, err = parseValues(c.from(1)); err != nil {
		return nil, err
	}
	for _, format := range formats {
		m.ArgFormatCodes = append(m.ArgFormatCodes, uint16(format))
	}
	return m, nil
}

// encodeStartup makes a StartupMessage with the given protocol version (3.0 unless
// told). The settings keep their order, which NegotiateProtocolVersion repeats.
func (c command) encodeStartup() ([]byte, bool, error) {
	version, settings := uint32(pgproto3.ProtocolVersion30), c.args
	if major, minor, ok := strings.Cut(c.arg(0), "."); ok && !strings.Contains(c.arg(0), "=") {
		hi, err1 := strconv.ParseUint(major, 10, 16)
		lo, err2 := strconv.ParseUint(minor, 10, 16)
		if err1 != nil || err2 != nil {
			return nil, false, fmt.Errorf("%s: protocol version %q", c, c.arg(0))
		}
		version, settings = uint32(hi<<16|lo), settings[1:]
	}
	body := binary.BigEndian.AppendUint32(nil, version)
	for _, usual := range []string{"database=" + Database, "user=" + User} {
		name, _, _ := strings.Cut(usual, "=")
		if !slices.ContainsFunc(settings, func(s string) bool { return strings.HasPrefix(s, name+"=") }) {
			settings = append([]string{usual}, settings...)
		}
	}
	for _, setting := range settings {
		name, value, _ := strings.Cut(setting, "=")
		body = append(body, name+"\x00"+value+"\x00"...)
	}
	body = append(body, 0)
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(body)+4)), body...), true, nil
}

func (c command) encodeAny() ([]byte, bool, error) {
	body, err := hex.DecodeString(c.arg(1))
	if err != nil {
		return nil, false, fmt.Errorf("%s: %w", c, err)
	}
	bytes := binary.BigEndian.AppendUint32([]byte{c.arg(0)[0]}, uint32(len(body)+4))
	return append(bytes, body...), true, nil
}

func parseOIDs(args []string) ([]uint32, error) {
	var oids []uint32
	for _, arg := range args {
		oid, err := strconv.ParseUint(arg, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("type oid: %w", err)
		}
		oids = append(oids, uint32(oid))
	}
	return oids, nil
}

// parseValues reads the arguments of a Bind or FunctionCall: values and formats.
func parseValues(args []string) (values [][]byte, formats []int16, err error) {
	for _, arg := range args {
		value, format, err := parseValue(arg)
		if err != nil {
			return nil, nil, fmt.Errorf("value %q: %w", arg, err)
		}
		values, formats = append(values, value), append(formats, format)
	}
	return values, formats, nil
}

func parseValue(arg string) (value []byte, format int16, err error) {
	if arg == "null" {
		return nil, 0, nil
	}
	kind, text, _ := strings.Cut(arg, ":")
	switch kind {
	case "int4":
		n, err := strconv.ParseInt(text, 10, 32)
		return binary.BigEndian.AppendUint32(nil, uint32(n)), 1, err
	case "int8":
		n, err := strconv.ParseInt(text, 10, 64)
		return binary.BigEndian.AppendUint64(nil, uint64(n)), 1, err
	case "hex":
		value, err := hex.DecodeString(text)
		return value, 1, err
	}
	return []byte(arg), 0, nil
}
