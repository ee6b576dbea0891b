package parser

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
)

// Fingerprint returns what is equal for two texts in UTF-8 only if PostgreSQL reads them as
// the same tokens with the same literals: white space, comments and the case of keywords
// and unquoted names do not matter. Plain strings are read as with
// standard_conforming_strings = on. Texts that differ otherwise may differ in it although
// they mean the same: 1 and 01, 'a' and E'a'.
func Fingerprint(sql string) (print [sha256.Size]byte) {
	sum := sha256.New()
	l := lexer{sql: sql}
	var before token
	for t := l.next(); t.kind != endToken; t = l.next() {
		writeToken(sum, sql, before, t)
		before = t
	}
	sum.Sum(print[:0])
	return print
}

// writeToken writes a token so that no two lists of tokens are written alike.
func writeToken(sum hash.Hash, sql string, before, t token) {
	text := []byte(sql[t.start:t.end])
	if t.kind == wordToken { // outside ASCII two spellings can be two names (src/backend/parser/scansup.c)
		for i, c := range text {
			if c >= 'A' && c <= 'Z' {
				text[i] = c | 0x20
			}
		}
	}
	head := binary.AppendUvarint([]byte{byte(t.kind), 0}, uint64(len(text)))
	if t.start == before.end && joins(sql, before, t) {
		head[1] = 1
	}
	sum.Write(head)
	sum.Write(text)
}

// joins tells whether scan.l may read two tokens that touch as something else than the same
// two apart: the lexer takes an operator to pieces, and knows neither 0x1F nor N'text'.
func joins(sql string, before, t token) bool {
	switch before.kind {
	case symbolToken:
		return t.kind == symbolToken && inOperator(sql[before.start]) && inOperator(sql[t.start])
	case numberToken, paramToken:
		return t.kind == wordToken || t.kind == numberToken
	case wordToken:
		return t.kind == stringToken
	}
	return false
}

// inOperator tells whether a character can be part of a token of several symbols: op_chars,
// typecast, dot_dot and colon_equals of scan.l.
func inOperator(c byte) bool {
	switch c {
	case '(', ')', '[', ']', ',', ';':
		return false
	}
	return true
}
