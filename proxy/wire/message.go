package wire

import (
	"encoding/binary"
	"errors"
)

// Messages that a client sends (frontend).
const (
	Bind         = 'B'
	Close        = 'C'
	CopyData     = 'd' // both directions
	CopyDone     = 'c' // both directions
	CopyFail     = 'f'
	Describe     = 'D'
	Execute      = 'E'
	Flush        = 'H'
	FunctionCall = 'F'
	Parse        = 'P'
	Password     = 'p' // also SASL and GSS responses
	Query        = 'Q'
	Sync         = 'S'
	Terminate    = 'X'
)

// Messages that a server sends (backend).
const (
	Authentication       = 'R'
	BackendKeyData       = 'K'
	BindComplete         = '2'
	CloseComplete        = '3'
	CommandComplete      = 'C'
	CopyBothResponse     = 'W'
	CopyInResponse       = 'G'
	CopyOutResponse      = 'H'
	DataRow              = 'D'
	EmptyQueryResponse   = 'I'
	ErrorResponse        = 'E'
	FunctionCallResponse = 'V'
	NegotiateVersion     = 'v'
	NoData               = 'n'
	NoticeResponse       = 'N'
	NotificationResponse = 'A'
	ParameterDescription = 't'
	ParameterStatus      = 'S'
	ParseComplete        = '1'
	PortalSuspended      = 's'
	ReadyForQuery        = 'Z'
	RowDescription       = 'T'
)

// HeaderSize is the type byte and the four bytes of length of every message
// after the startup packet.
const HeaderSize = 5

// The longest messages that the server accepts, as a value of the length field.
// src/include/libpq/libpq.h: PQ_SMALL_MESSAGE_LIMIT, PQ_LARGE_MESSAGE_LIMIT
// (MaxAllocSize - 1).
const (
	SmallMessageLimit = 10000
	LargeMessageLimit = 0x3fffffff - 1
)

// ErrShort reports a field that runs past the end of its message.
var ErrShort = errors.New("message ends inside a field")

// Size returns the whole size of the message whose header b begins with, type
// byte included, as the length field claims it: 1 to 2^32, not validated.
// b must hold HeaderSize bytes.
func Size(b []byte) int { return 1 + int(binary.BigEndian.Uint32(b[1:5])) }

// LengthLimit returns the greatest length field that the server accepts in a
// client's message of type t, or 0 where it knows no such type; the server
// answers both with FATAL 08P01 (SocketBackend in src/backend/tcop/postgres.c).
// During authentication other limits hold.
func LengthLimit(t byte) int {
	switch t {
	case Query, Parse, Bind, FunctionCall, CopyData:
		return LargeMessageLimit
	case Close, Describe, Execute, Flush, Sync, Terminate, CopyDone, CopyFail:
		return SmallMessageLimit
	}
	return 0
}

// cut returns the bytes of b before its first NUL and those after it.
func cut(b []byte) (value, rest []byte, ok bool) {
	for i, c := range b {
		if c == 0 {
			return b[:i], b[i+1:], true
		}
	}
	return nil, nil, false
}
