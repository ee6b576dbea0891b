package parser

import "strings"

// tokenKind is what the lexer tells apart.
type tokenKind uint8

const (
	endToken    tokenKind = iota
	wordToken             // an unquoted identifier or keyword
	quotedToken           // "...", U&"..."
	stringToken           // every form of string, bit string and dollar quote
	numberToken
	paramToken // $1
	symbolToken
)

// token is one token of a text. Start and end are byte offsets.
type token struct {
	kind       tokenKind
	start, end int
	// open is true where the text ends inside the token.
	open bool
}

// lexer cuts SQL into tokens as PostgreSQL's scan.l does. It differs on purpose in
// three ways, each of which can only yield more tokens: an operator is one token a
// character, a word behind a number is a token of its own (PostgreSQL 14 reads
// "1delete" so), and what scan.l rejects is a token as well.
type lexer struct {
	sql string
	pos int
	// escapes is standard_conforming_strings = off: a backslash escapes in '...'.
	escapes bool
	// commentsOpen is set where the text ends inside a comment.
	commentsOpen bool
}

// next returns the next token; its kind is endToken at the end of the text.
func (l *lexer) next() token {
	l.skipSpace()
	start := l.pos
	if start >= len(l.sql) {
		return token{kind: endToken, start: len(l.sql), end: len(l.sql)}
	}
	kind, closed := l.scan()
	return token{kind: kind, start: start, end: l.pos, open: !closed}
}

// scan moves over one token and tells what it was, and whether it was closed.
func (l *lexer) scan() (tokenKind, bool) {
	c := l.sql[l.pos]
	switch {
	case c == '\'':
		return stringToken, l.str(1, true, l.escapes)
	case c == '"':
		return quotedToken, l.delimited('"')
	case c == '$':
		return l.dollar()
	case isDigit(c), c == '.' && isDigit(l.at(1)):
		l.number()
		return numberToken, true
	case isIdentStart(c):
		return l.word()
	}
	l.pos++
	return symbolToken, true
}

// word moves over an identifier, or over the string that a one-letter prefix
// introduces. In scan.l the prefix and its quote are one match (xestart, xbstart,
// xhstart, xusstart, xuistart), longer than the identifier of one letter.
func (l *lexer) word() (tokenKind, bool) {
	switch quote := l.at(1); l.sql[l.pos] | 0x20 {
	case 'e':
		if quote == '\'' {
			return stringToken, l.str(2, true, true)
		}
	case 'b', 'x':
		if quote == '\'' {
			return stringToken, l.str(2, false, false)
		}
	case 'u':
		if quote == '&' && l.at(2) == '\'' {
			return stringToken, l.str(3, true, false)
		}
		if quote == '&' && l.at(2) == '"' {
			l.pos += 2
			return quotedToken, l.delimited('"')
		}
	}
	for l.pos < len(l.sql) && isIdentPart(l.sql[l.pos]) {
		l.pos++
	}
	return wordToken, true
}

// str moves over a string whose opening quote ends after prefix bytes, and over
// its continuations on further lines, which keep the rules of the first piece
// (quotecontinue in scan.l).
func (l *lexer) str(prefix int, doubling, escapes bool) bool {
	l.pos += prefix
	for {
		if !l.stringBody(doubling, escapes) {
			return false
		}
		next, ok := l.continuation()
		if !ok {
			return true
		}
		l.pos = next
	}
}

// stringBody moves behind the closing quote.
func (l *lexer) stringBody(doubling, escapes bool) bool {
	for l.pos < len(l.sql) {
		switch c := l.sql[l.pos]; {
		case c == '\\' && escapes:
			l.pos = min(l.pos+2, len(l.sql))
		case c == '\'' && doubling && l.at(1) == '\'':
			l.pos += 2
		case c == '\'':
			l.pos++
			return true
		default:
			l.pos++
		}
	}
	return false
}

// continuation returns the position behind the quote that continues a string: white
// space and -- comments with at least one line end stand before it.
func (l *lexer) continuation() (int, bool) {
	newline := false
	for i := l.pos; i < len(l.sql); i++ {
		switch c := l.sql[i]; {
		case c == '\n' || c == '\r':
			newline = true
		case c == '\'':
			return i + 1, newline
		case c == '-' && strings.HasPrefix(l.sql[i:], "--"):
			end := strings.IndexAny(l.sql[i:], "\n\r")
			if end < 0 {
				return 0, false
			}
			i += end - 1
		case !isSpace(c):
			return 0, false
		}
	}
	return 0, false
}

// delimited moves over a quoted identifier; a doubled quote stands for one.
func (l *lexer) delimited(quote byte) bool {
	for l.pos++; l.pos < len(l.sql); l.pos++ {
		if l.sql[l.pos] != quote {
			continue
		}
		if l.at(1) != quote {
			l.pos++
			return true
		}
		l.pos++
	}
	return false
}

// dollar moves over a parameter, a dollar-quoted string, or the lone sign that
// scan.l makes of anything else (dolqfailed).
func (l *lexer) dollar() (tokenKind, bool) {
	i := l.pos + 1
	for i < len(l.sql) && isDigit(l.sql[i]) {
		i++
	}
	if i > l.pos+1 {
		l.pos = i
		return paramToken, true
	}
	if i < len(l.sql) && isIdentStart(l.sql[i]) {
		for i < len(l.sql) && isIdentPart(l.sql[i]) && l.sql[i] != '$' {
			i++
		}
	}
	if i >= len(l.sql) || l.sql[i] != '$' {
		l.pos++
		return symbolToken, true
	}
	tag := l.sql[l.pos : i+1]
	l.pos = i + 1
	end := strings.Index(l.sql[l.pos:], tag)
	if end < 0 {
		l.pos = len(l.sql)
		return stringToken, false
	}
	l.pos += end + len(tag)
	return stringToken, true
}

// number moves over digits, a fraction and an exponent. Hexadecimal and the like
// come out as a number and a word, as they did before PostgreSQL 16.
func (l *lexer) number() {
	l.digits()
	if l.at(0) == '.' && l.at(1) != '.' {
		l.pos++
		l.digits()
	}
	if l.at(0)|0x20 != 'e' {
		return
	}
	if isDigit(l.at(1)) || (l.at(1) == '+' || l.at(1) == '-') && isDigit(l.at(2)) {
		l.pos += 2
		l.digits()
	}
}

func (l *lexer) digits() {
	for isDigit(l.at(0)) {
		l.pos++
	}
}

// skipSpace moves over white space and comments; /* */ nests.
func (l *lexer) skipSpace() {
	for l.pos < len(l.sql) {
		switch c := l.sql[l.pos]; {
		case isSpace(c):
			l.pos++
		case c == '-' && l.at(1) == '-':
			if n := strings.IndexAny(l.sql[l.pos:], "\n\r"); n >= 0 {
				l.pos += n
			} else {
				l.pos = len(l.sql)
			}
		case c == '/' && l.at(1) == '*':
			l.blockComment()
		default:
			return
		}
	}
}

func (l *lexer) blockComment() {
	depth := 0
	for l.pos < len(l.sql) {
		switch {
		case l.sql[l.pos] == '/' && l.at(1) == '*':
			depth++
			l.pos += 2
		case l.sql[l.pos] == '*' && l.at(1) == '/':
			l.pos += 2
			if depth--; depth == 0 {
				return
			}
		default:
			l.pos++
		}
	}
	l.commentsOpen = true
}

// at returns the byte n places ahead, 0 behind the end.
func (l *lexer) at(n int) byte {
	if l.pos+n < len(l.sql) {
		return l.sql[l.pos+n]
	}
	return 0
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// isIdentStart is ident_start of scan.l: letters, underscore, every byte of a
// multibyte character.
func isIdentStart(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c >= 0x80 }

// isIdentPart is ident_cont of scan.l.
func isIdentPart(c byte) bool { return isIdentStart(c) || isDigit(c) || c == '$' }
