package parser

import (
	"math"
	"strconv"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// Value is what a parameter stands for in one execution of a statement.
type Value struct {
	Any    bool // it is not known and can be any
	Null   bool
	Binary bool   // the format of Bytes
	Type   uint32 // OID in pg_type; 0 where it is not known
	// Bytes may alias a message; nothing keeps them.
	Bytes []byte
	// Encoding is the client_encoding in which text is.
	Encoding string
}

// maxConstant is the longest value that is looked at, in bytes; of an array, only the
// elements are counted.
const maxConstant = 4 << 10

// The types of which the value of a parameter is read. src/include/catalog/pg_type.dat
const (
	boolType        = 16
	int8Type        = 20
	int2Type        = 21
	int4Type        = 23
	textType        = 25
	oidType         = 26
	float4Type      = 700
	float8Type      = 701
	unknownType     = 705
	bpcharType      = 1042
	varcharType     = 1043
	dateType        = 1082
	timestampType   = 1114
	timestamptzType = 1184
	numericType     = 1700
	uuidType        = 2950
)

// typeNames are the types whose values are written as a string with a cast.
var typeNames = map[uint32]string{
	float4Type: "float4", float8Type: "float8", bpcharType: "bpchar", dateType: "date",
	timestampType: "timestamp", timestamptzType: "timestamptz", numericType: "numeric", uuidType: "uuid",
	unknownType: "unknown",
}

// constant returns the expression that a client would write in place of the value:
// one that folds as the value does. It returns nil where the value cannot be read.
//
// A value whose type nobody said is a string cast to unknown: what it equals depends
// on the type that the server finds for it.
func (v Value) constant() *pg_query.Node {
	if v.Null {
		return &pg_query.Node{Node: &pg_query.Node_AConst{AConst: &pg_query.A_Const{Isnull: true, Location: -1}}}
	}
	text, ok := v.text()
	if !ok {
		return nil
	}
	switch v.Type {
	case boolType:
		return booleanConstant(text)
	case int2Type, int4Type, int8Type, oidType:
		return integerConstant(text)
	case numericType:
		if decimal, ok := decimalConstant(text); ok {
			return decimal
		}
	case textType, varcharType:
		return pg_query.MakeAConstStrNode(text, -1)
	}
	name, known := typeNames[v.Type]
	switch {
	case v.Type == 0:
		name = typeNames[unknownType]
	case !known:
		return nil
	}
	return castTo(name, text)
}

// text returns the value as its type's output function writes it, in UTF-8.
func (v Value) text() (string, bool) {
	if len(v.Bytes) > maxConstant {
		return "", false
	}
	if v.Binary && v.Type != textType && v.Type != varcharType && v.Type != bpcharType {
		return binaryText(v.Type, v.Bytes)
	}
	text, ok := ToUTF8(v.Bytes, v.Encoding)
	return string(text), ok
}

// booleanConstant takes the spellings that parse_bool in bool.c takes, but for the
// abbreviations.
func booleanConstant(text string) *pg_query.Node {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "t", "true", "yes", "on", "1":
		return booleanNode(true)
	case "f", "false", "no", "off", "0":
		return booleanNode(false)
	}
	return nil
}

func booleanNode(b bool) *pg_query.Node {
	c := &pg_query.A_Const{Val: &pg_query.A_Const_Boolval{Boolval: &pg_query.Boolean{Boolval: b}}}
	return &pg_query.Node{Node: &pg_query.Node_AConst{AConst: c}}
}

// integerConstant writes a number as scan.l does: what is too large for an int4 has a
// decimal's form.
func integerConstant(text string) *pg_query.Node {
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	switch {
	case err != nil:
		return nil
	case n < math.MinInt32 || n > math.MaxInt32:
		return floatConstant(strconv.FormatInt(n, 10))
	}
	return pg_query.MakeAConstIntNode(n, -1)
}

func floatConstant(text string) *pg_query.Node {
	c := &pg_query.A_Const{Val: &pg_query.A_Const_Fval{Fval: &pg_query.Float{Fval: text}}}
	return &pg_query.Node{Node: &pg_query.Node_AConst{AConst: c}}
}

// decimalConstant writes a numeric with a point, for arithmetic on it is not that of
// whole numbers.
func decimalConstant(text string) (*pg_query.Node, bool) {
	whole, fraction, _ := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	if whole == "" || strings.Trim(whole+fraction, "0123456789") != "" {
		return nil, false
	}
	sign := text[:len(text)-len(strings.TrimPrefix(text, "-"))]
	return floatConstant(sign + strings.TrimLeft(whole, "0") + "." + fraction), true
}

func castTo(name, text string) *pg_query.Node {
	return &pg_query.Node{Node: &pg_query.Node_TypeCast{TypeCast: &pg_query.TypeCast{
		Arg: pg_query.MakeAConstStrNode(text, -1),
		TypeName: &pg_query.TypeName{
			Names: []*pg_query.Node{pg_query.MakeStrNode("pg_catalog"), pg_query.MakeStrNode(name)},
		},
	}}}
}
