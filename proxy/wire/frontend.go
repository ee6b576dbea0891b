package wire

import "encoding/binary"

// The functions of this file read the body of a client's message: what follows
// its header. Trailing bytes, which the server answers with an error of its
// own, are ignored.

// QueryText returns the query string of a Query message. The string ends at
// its first NUL; ErrShort where there is none. (The server reads it so too:
// pq_getmsgstring.) rest tells how many bytes follow the NUL.
func QueryText(body []byte) (sql []byte, rest int, err error) {
	sql, tail, ok := cut(body)
	if !ok {
		return nil, 0, ErrShort
	}
	return sql, len(tail), nil
}

// ParseText returns the name and the query string of a Parse message.
func ParseText(body []byte) (name, sql []byte, err error) {
	name, tail, ok := cut(body)
	if !ok {
		return nil, nil, ErrShort
	}
	sql, _, ok = cut(tail)
	if !ok {
		return nil, nil, ErrShort
	}
	return name, sql, nil
}

// BindNames returns the destination portal and the source statement of a Bind
// message. A prefix of the body suffices once it holds both names.
func BindNames(body []byte) (portal, statement []byte, err error) {
	return ParseText(body)
}

// ExecutePortal returns the portal of an Execute message.
func ExecutePortal(body []byte) (portal []byte, err error) {
	portal, _, ok := cut(body)
	if !ok {
		return nil, ErrShort
	}
	return portal, nil
}

// ExecuteRows returns how many rows an Execute message asks for; 0 for all.
func ExecuteRows(body []byte) (uint32, error) {
	_, tail, ok := cut(body)
	if !ok || len(tail) < 4 {
		return 0, ErrShort
	}
	return binary.BigEndian.Uint32(tail), nil
}

// The kinds of object that Describe and Close name.
const (
	KindStatement = 'S'
	KindPortal    = 'P'
)

// CloseTarget returns the kind and the name of a Close or Describe message.
func CloseTarget(body []byte) (kind byte, name []byte, err error) {
	if len(body) == 0 {
		return 0, nil, ErrShort
	}
	name, _, ok := cut(body[1:])
	if !ok {
		return 0, nil, ErrShort
	}
	return body[0], name, nil
}

// FunctionOID returns the function that a FunctionCall message calls.
func FunctionOID(body []byte) (uint32, error) {
	if len(body) < 4 {
		return 0, ErrShort
	}
	return binary.BigEndian.Uint32(body), nil
}

// AppendQuery appends a Query message.
func AppendQuery(dst []byte, sql string) []byte {
	dst, at := begin(dst, Query)
	dst = appendString(dst, sql)
	return finish(dst, at)
}

// AppendParse appends a Parse message; types are those of the parameters, as OIDs, where 0
// leaves one to the server.
func AppendParse(dst []byte, name []byte, sql string, types ...uint32) []byte {
	dst, at := begin(dst, Parse)
	dst = append(append(dst, name...), 0)
	dst = appendString(dst, sql)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(types)))
	for _, t := range types {
		dst = binary.BigEndian.AppendUint32(dst, t)
	}
	return finish(dst, at)
}

// AppendBind appends a Bind message. Results are text.
func AppendBind(dst []byte, portal, statement string, values ...Parameter) []byte {
	dst, at := begin(dst, Bind)
	dst = appendString(dst, portal)
	dst = appendString(dst, statement)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(values)))
	for _, v := range values {
		dst = binary.BigEndian.AppendUint16(dst, v.format())
	}
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(values)))
	for _, v := range values {
		dst = v.append(dst)
	}
	return finish(append(dst, 0, 0), at)
}

// AppendExecute appends an Execute message without a row limit.
func AppendExecute(dst []byte, portal string) []byte {
	dst, at := begin(dst, Execute)
	dst = appendString(dst, portal)
	dst = append(dst, 0, 0, 0, 0)
	return finish(dst, at)
}

// AppendClose appends a Close message for a statement or a portal.
func AppendClose(dst []byte, kind byte, name string) []byte {
	dst, at := begin(dst, Close)
	return finish(appendString(append(dst, kind), name), at)
}

// AppendFlush appends a Flush message.
func AppendFlush(dst []byte) []byte { return finish(begin(dst, Flush)) }

// AppendSync appends a Sync message.
func AppendSync(dst []byte) []byte { return finish(begin(dst, Sync)) }

// AppendMessage appends a message of the given type.
func AppendMessage(dst []byte, t byte, body []byte) []byte {
	dst, at := begin(dst, t)
	return finish(append(dst, body...), at)
}

// AppendFunctionCall appends a FunctionCall message without arguments.
func AppendFunctionCall(dst []byte, oid uint32) []byte {
	dst, at := begin(dst, FunctionCall)
	dst = binary.BigEndian.AppendUint32(dst, oid)
	dst = append(dst, 0, 0, 0, 0, 0, 0)
	return finish(dst, at)
}

func begin(dst []byte, t byte) ([]byte, int) {
	return append(dst, t, 0, 0, 0, 0), len(dst) + 1
}

func finish(dst []byte, at int) []byte {
	binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-at))
	return dst
}

func appendString(dst []byte, s string) []byte { return append(append(dst, s...), 0) }
