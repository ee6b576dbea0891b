package wire

import (
	"encoding/binary"
	"math"
)

// Parameter is the value of one parameter in a Bind message.
type Parameter struct {
	Null   bool
	Binary bool
	Value  []byte // part of the message; empty for NULL
}

// ParseTypes returns the types of parameters that a Parse message fixes, $1 first, as
// OIDs; 0 leaves one to the server, and so does a list that is too short.
func ParseTypes(body []byte) ([]uint32, error) {
	for range 2 { // the name and the query string
		_, tail, ok := cut(body)
		if !ok {
			return nil, ErrShort
		}
		body = tail
	}
	return ParameterTypes(body)
}

// ParameterTypes returns the types, as OIDs, that the body of a ParameterDescription
// lists.
func ParameterTypes(body []byte) ([]uint32, error) {
	n, body, ok := count(body)
	if !ok || len(body) < 4*n {
		return nil, ErrShort
	}
	types := make([]uint32, n)
	for i := range types {
		types[i] = binary.BigEndian.Uint32(body[4*i:])
	}
	return types, nil
}

// BindParameters returns the values in a Bind message.
func BindParameters(body []byte) ([]Parameter, error) {
	for range 2 { // the names of portal and statement
		_, tail, ok := cut(body)
		if !ok {
			return nil, ErrShort
		}
		body = tail
	}
	formats, body, ok := count(body)
	if !ok || len(body) < 2*formats {
		return nil, ErrShort
	}
	codes, body := body[:2*formats], body[2*formats:]
	n, body, ok := count(body)
	if !ok || len(body) < 4*n {
		return nil, ErrShort
	}
	values := make([]Parameter, n)
	for i := range values {
		if values[i], body, ok = parameter(body); !ok {
			return nil, ErrShort
		}
		values[i].Binary = isBinary(codes, i)
	}
	return values, nil
}

// parameter cuts one value off: its length, -1 for NULL, and its bytes.
func parameter(body []byte) (Parameter, []byte, bool) {
	if len(body) < 4 {
		return Parameter{}, nil, false
	}
	size := int32(binary.BigEndian.Uint32(body))
	body = body[4:]
	switch {
	case size == -1:
		return Parameter{Null: true}, body, true
	case size < 0 || int(size) > len(body):
		return Parameter{}, nil, false
	}
	return Parameter{Value: body[:size]}, body[size:], true
}

// format is the format code of a value.
func (p Parameter) format() uint16 {
	if p.Binary {
		return 1
	}
	return 0
}

// append appends the value with its length.
func (p Parameter) append(dst []byte) []byte {
	if p.Null {
		return binary.BigEndian.AppendUint32(dst, math.MaxUint32)
	}
	return append(binary.BigEndian.AppendUint32(dst, uint32(len(p.Value))), p.Value...)
}

// isBinary looks up a value's format code: no codes mean text, one is for all values.
func isBinary(codes []byte, i int) bool {
	switch {
	case len(codes) == 2:
		i = 0
	case len(codes) < 2*(i+1):
		return false
	}
	return binary.BigEndian.Uint16(codes[2*i:]) != 0
}

// count cuts off a number of things to come.
func count(body []byte) (n int, rest []byte, ok bool) {
	if len(body) < 2 {
		return 0, nil, false
	}
	return int(binary.BigEndian.Uint16(body)), body[2:], true
}
