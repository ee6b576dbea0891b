//go:build linux && (amd64 || arm64)

package rawtree

import (
	"errors"
	"fmt"
	"unicode/utf8"
	"unsafe"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// decoder copies a tree of C structures. What it cannot copy is an error in the end:
// a tree with a hole must not be judged.
//
// The pointers that its methods take point into libpg_query's memory and are valid
// until the text's memory context is released; nothing decoded refers to it.
type decoder struct{ err error }

var errEncoding = errors.New("decode tree: a string is not valid UTF-8")

// decode copies a List of RawStmt.
func decode(list unsafe.Pointer) (*pg_query.ParseResult, error) {
	d := &decoder{}
	result := &pg_query.ParseResult{Version: version}
	for i := range length(list) {
		raw := &pg_query.RawStmt{}
		d.fillRawStmt(raw, element(list, i))
		result.Stmts = append(result.Stmts, raw)
	}
	if d.err != nil {
		return nil, d.err
	}
	return result, nil
}

// box is a node in one allocation: the message, what says of which kind it is, and
// what every node is wrapped in.
type box[Kind, Message any] struct {
	node    pg_query.Node
	kind    Kind
	message Message
}

// value is the same for what is inside a constant.
type value[Kind, Message any] struct {
	kind    Kind
	message Message
}

// at reads a field.
func at[T any](p unsafe.Pointer, offset uintptr) T {
	return *(*T)(unsafe.Add(p, offset))
}

// tag is what the structure at p is: the first field of every node (nodes.h, Node).
func tag(p unsafe.Pointer) uint32 { return at[uint32](p, 0) }

// A list is an array of cells, NIL a null pointer (pg_list.h).

func length(list unsafe.Pointer) int {
	if list == nil {
		return 0
	}
	return int(at[int32](list, listLength))
}

func element(list unsafe.Pointer, i int) unsafe.Pointer {
	return at[unsafe.Pointer](at[unsafe.Pointer](list, listElements), uintptr(i)*unsafe.Sizeof(list))
}

// nodes copies a list. An element may be null, as in SELECT DISTINCT without ON; it
// becomes a node of no kind.
func (d *decoder) nodes(list unsafe.Pointer) []*pg_query.Node {
	n := length(list)
	if n == 0 {
		return nil
	}
	nodes := make([]*pg_query.Node, n)
	for i := range nodes {
		if nodes[i] = d.node(element(list, i)); nodes[i] == nil {
			nodes[i] = &pg_query.Node{}
		}
	}
	return nodes
}

// fillList copies a list inside a list.
func (d *decoder) fillList(m *pg_query.List, p unsafe.Pointer) { m.Items = d.nodes(p) }

// text copies a string, which may be null.
func (d *decoder) text(s unsafe.Pointer) string {
	if s == nil {
		return ""
	}
	text := goString(s)
	if !utf8.ValidString(text) {
		d.err = errEncoding
	}
	return text
}

// character is a char field, of which 0 means unset.
func character(c byte) string {
	if c == 0 {
		return ""
	}
	return string(rune(c))
}

// number is a C enumeration's value in protobuf, where 0 means unset. The first of the
// numbers is that of the value -1.
func number(numbers []int32, value int32) int32 {
	if i := int(value) + 1; i >= 0 && i < len(numbers) {
		return numbers[i]
	}
	return -1
}

// absent is a field that only analysis fills, which is not done here.
func (d *decoder) absent(p unsafe.Pointer) {
	if p != nil {
		d.err = errors.New("decode tree: an analysed tree")
	}
}

func (d *decoder) unknown(p unsafe.Pointer) *pg_query.Node {
	d.err = fmt.Errorf("decode tree: node of unknown type %d", tag(p))
	return &pg_query.Node{}
}

// constant copies the value of a constant, which lies inside it, a node of its own.
func (d *decoder) constant(m *pg_query.A_Const, p unsafe.Pointer) {
	switch tag(p) {
	case tagInteger:
		v := new(value[pg_query.A_Const_Ival, pg_query.Integer])
		d.fillInteger(&v.message, p)
		v.kind.Ival, m.Val = &v.message, &v.kind
	case tagFloat:
		v := new(value[pg_query.A_Const_Fval, pg_query.Float])
		d.fillFloat(&v.message, p)
		v.kind.Fval, m.Val = &v.message, &v.kind
	case tagBoolean:
		v := new(value[pg_query.A_Const_Boolval, pg_query.Boolean])
		d.fillBoolean(&v.message, p)
		v.kind.Boolval, m.Val = &v.message, &v.kind
	case tagString:
		v := new(value[pg_query.A_Const_Sval, pg_query.String])
		d.fillString(&v.message, p)
		v.kind.Sval, m.Val = &v.message, &v.kind
	case tagBitString:
		v := new(value[pg_query.A_Const_Bsval, pg_query.BitString])
		d.fillBitString(&v.message, p)
		v.kind.Bsval, m.Val = &v.message, &v.kind
	default:
		d.unknown(p)
	}
}
