package parser

import "encoding/binary"

// longestArray is the longest array whose elements are counted, in bytes.
const longestArray = 4 << 20

// elements returns how many elements an array has, and false where that cannot be
// told. Whether the value is an array at all is for the context to say.
func (v Value) elements() (int, bool) {
	switch {
	case v.Null || len(v.Bytes) > longestArray:
		return 0, false
	case v.Binary:
		return binaryElements(v.Bytes)
	}
	return textElements(string(v.Bytes))
}

// binaryElements multiplies the dimensions, of which there are at most six (array_send
// in src/backend/utils/adt/arrayfuncs.c, MAXDIM). Without any the array is empty.
func binaryElements(b []byte) (int, bool) {
	const header, dimension, maxDimensions = 12, 8, 6
	if len(b) < header {
		return 0, false
	}
	dimensions := int(binary.BigEndian.Uint32(b))
	if dimensions > maxDimensions || len(b) < header+dimensions*dimension {
		return 0, false
	}
	if dimensions == 0 {
		return 0, true
	}
	n := 1
	for i := range dimensions {
		n *= int(binary.BigEndian.Uint32(b[header+i*dimension:]))
		if n > len(b) { // an element takes four bytes at least
			return 0, false
		}
	}
	return n, true
}

// textElements counts the elements of an array's text form: what stands between braces
// and commas that are not in quotes (array_in). Nested braces are further dimensions.
func textElements(text string) (int, bool) {
	n, depth, quoted, inElement, isArray := 0, 0, false, false, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			i++
			inElement = true
		case c == '"':
			quoted = !quoted
			inElement = true
		case quoted:
		case c == '{':
			depth++
			isArray = true
		case c == ',' || c == '}':
			if inElement {
				n++
			}
			inElement = false
			if c == '}' {
				depth--
			}
		case c != ' ' && (c < '\t' || c > '\r'):
			if depth == 0 && c != '[' && c != ']' && c != ':' && c != '=' && c != '-' && c != '+' && !isDigit(c) {
				return 0, false // no array; before it there may be bounds: [1:2]={...}
			}
			inElement = depth > 0
		}
	}
	return n, isArray && depth == 0 && !quoted
}
