package truth

import (
	"slices"
	"strings"
)

// lexer tells where a statement of SQL ends: a semicolon inside quotes, comments,
// parentheses or the body of BEGIN ATOMIC does not end it.
type lexer struct {
	text       string
	pos        int
	start      int             // of the statement, for its line
	sql        strings.Builder // the statement so far
	blank      bool            // nothing but white space and comments so far
	words      []string        // its first identifiers
	parens     int
	bodies     int  // BEGIN ATOMIC, and CASE inside it, that wait for their END
	conforming bool // standard_conforming_strings
}

func (l *lexer) begin() {
	l.sql.Reset()
	l.blank, l.words, l.parens, l.bodies, l.start = true, nil, 0, 0, -1
}

func (l *lexer) complete() bool { return l.parens == 0 && l.bodies == 0 }

// line is the number of the line in which the statement begins.
func (l *lexer) line() int { return 1 + strings.Count(l.text[:max(l.start, 0)], "\n") }

// token takes one token over into the statement.
func (l *lexer) token() {
	rest := l.text[l.pos:]
	n, white := l.tokenLength(rest), false
	switch c := rest[0]; {
	case strings.HasPrefix(rest, "--"), strings.HasPrefix(rest, "/*"), strings.IndexByte(" \t\r\n\f\v", c) >= 0:
		white = true
	case c == '(' || c == '[':
		l.parens++
	case c == ')' || c == ']':
		l.parens = max(l.parens-1, 0)
	case letter(c):
		l.word(strings.ToLower(rest[:n]))
	}
	if !white && l.blank {
		l.blank, l.start = false, l.pos
	}
	l.sql.WriteString(rest[:n])
	l.pos += n
}

func (l *lexer) tokenLength(rest string) int {
	switch c := rest[0]; {
	case strings.HasPrefix(rest, "--"):
		return len(rest) - len(strings.TrimLeft(rest, "-")) + lengthUntil(strings.TrimLeft(rest, "-"), "\n", 0)
	case strings.HasPrefix(rest, "/*"):
		return commentLength(rest)
	case c == '\'':
		return quotedLength(rest, '\'', !l.conforming)
	case (c == 'e' || c == 'E') && strings.HasPrefix(rest[1:], "'"):
		return 1 + quotedLength(rest[1:], '\'', true)
	case c == '"':
		return quotedLength(rest, '"', false)
	case c == '$':
		return dollarLength(rest)
	case letter(c):
		n := 1
		for n < len(rest) && (wordByte(rest[n]) || rest[n] == '$') {
			n++
		}
		return n
	}
	return 1
}

// word follows the bodies of functions as psql does: BEGIN opens one only in CREATE
// FUNCTION or PROCEDURE (psqlscan.l, "identifier_count").
func (l *lexer) word(w string) {
	if len(l.words) < 4 {
		l.words = append(l.words, w)
	}
	creates := l.words[0] == "create" && (slices.Contains(l.words, "function") || slices.Contains(l.words, "procedure"))
	switch {
	case !creates || l.parens > 0:
	case w == "begin", w == "case" && l.bodies > 0:
		l.bodies++
	case w == "end" && l.bodies > 0:
		l.bodies--
	}
}

func letter(c byte) bool {
	return c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80
}

func wordByte(c byte) bool { return letter(c) || c >= '0' && c <= '9' }

// lengthUntil is the length up to and without end, from an offset; all of s where
// there is none.
func lengthUntil(s, end string, from int) int {
	if i := strings.Index(s[from:], end); i >= 0 {
		return from + i
	}
	return len(s)
}

// commentLength measures a comment; comments nest.
func commentLength(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch {
		case strings.HasPrefix(s[i:], "/*"):
			depth++
			i++
		case strings.HasPrefix(s[i:], "*/"):
			depth--
			i++
			if depth == 0 {
				return i + 1
			}
		}
	}
	return len(s)
}

func quotedLength(s string, quote byte, escapes bool) int {
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && escapes:
			i++
		case s[i] == quote:
			return i + 1 // a doubled quote begins the next token, and reads the same
		}
	}
	return len(s)
}

// dollarLength measures a string in dollar quotes; 1 for a dollar that opens none.
func dollarLength(s string) int {
	n := 1
	for n < len(s) && wordByte(s[n]) {
		n++
	}
	if n == len(s) || s[n] != '$' || n > 1 && s[1] >= '0' && s[1] <= '9' {
		return 1
	}
	tag := s[:n+1]
	return min(lengthUntil(s, tag, len(tag))+len(tag), len(s))
}
