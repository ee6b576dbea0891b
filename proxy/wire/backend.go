package wire

import (
	"bytes"
	"encoding/binary"
	"strconv"
)

// Kinds of Authentication message that a relay has to know.
const (
	AuthOK   = 0
	AuthSASL = 10
)

// AuthenticationKind returns the kind of an Authentication message's body.
func AuthenticationKind(body []byte) (uint32, error) {
	if len(body) < 4 {
		return 0, ErrShort
	}
	return binary.BigEndian.Uint32(body), nil
}

// WithoutMechanism copies an AuthenticationSASL message (header included) to
// dst without the named mechanism. It returns false, and appends nothing, where
// the message does not offer it.
func WithoutMechanism(dst, message []byte, mechanism string) ([]byte, bool) {
	list := message[HeaderSize+4:]
	start := len(dst)
	dst, at := begin(dst, Authentication)
	dst = binary.BigEndian.AppendUint32(dst, AuthSASL)
	found := false
	for len(list) > 0 && list[0] != 0 {
		name, rest, ok := cut(list)
		if !ok {
			return dst[:start], false
		}
		if string(name) == mechanism {
			found = true
		} else {
			dst = append(append(dst, name...), 0)
		}
		list = rest
	}
	if !found {
		return dst[:start], false
	}
	return finish(append(dst, 0), at), true
}

// SASLInitial returns the mechanism and the initial response of a client's
// SASLInitialResponse body; ok is false where the body is of another form.
func SASLInitial(body []byte) (mechanism, response []byte, ok bool) {
	mechanism, rest, ok := cut(body)
	if !ok || len(rest) < 4 {
		return nil, nil, false
	}
	return mechanism, rest[4:], true
}

// Status returns the name and value of a ParameterStatus message's body.
func Status(body []byte) (name, value []byte, err error) { return ParseText(body) }

// TransactionStatus returns the status of a ReadyForQuery message's body:
// 'I' idle, 'T' in a transaction, 'E' in a failed transaction.
func TransactionStatus(body []byte) (byte, error) {
	if len(body) < 1 {
		return 0, ErrShort
	}
	return body[0], nil
}

// RowValues returns the values of a DataRow message's body; nil for a null. They are
// parts of body.
func RowValues(body []byte) ([][]byte, error) {
	if len(body) < 2 || (len(body)-2)/4 < int(binary.BigEndian.Uint16(body)) {
		return nil, ErrShort
	}
	values := make([][]byte, binary.BigEndian.Uint16(body))
	body = body[2:]
	for i := range values {
		if len(body) < 4 {
			return nil, ErrShort
		}
		n := int32(binary.BigEndian.Uint32(body))
		if body = body[4:]; n < 0 {
			continue
		}
		if int(n) > len(body) {
			return nil, ErrShort
		}
		values[i], body = body[:n:n], body[n:]
	}
	return values, nil
}

// RowsOf returns the number of rows that a CommandComplete body's tag names, and
// false where it names none ("DELETE 3", "INSERT 0 1", "BEGIN").
func RowsOf(body []byte) (int64, bool) {
	tag, _, ok := cut(body)
	if !ok {
		return 0, false
	}
	i := bytes.LastIndexByte(tag, ' ')
	if i < 0 {
		return 0, false
	}
	n, err := strconv.ParseInt(string(tag[i+1:]), 10, 64)
	return n, err == nil
}
