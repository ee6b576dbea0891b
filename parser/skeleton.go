package parser

// skeleton appends to dst the text with its plain literals taken out, so that texts
// which differ in literals only have one skeleton. It gives up (ok is false) on
// everything that would take a lexer to do right: comments, dollar quotes, a
// string with a prefix or a backslash, a number that touches a letter or a point.
//
// What it does take are literals in every version and with every setting, and each
// leaves a mark of its kind, so two texts of one skeleton have the same tokens but
// for the values.
func skeleton(dst, sql []byte) (out []byte, ok bool) {
	for i := 0; i < len(sql); {
		n := 1
		switch c := sql[i]; {
		case c == '\'':
			if n = plainString(sql[i:]); n == 0 || i > 0 && isIdentPart(sql[i-1]) || i > 0 && sql[i-1] == '&' {
				return dst, false
			}
			dst = append(dst, stringMark)
		case isDigit(c):
			if n = plainNumber(sql[i:]); n == 0 || i > 0 && sql[i-1] == '.' {
				return dst, false
			}
			dst = append(dst, numberMark)
		case isIdentStart(c):
			for n < len(sql)-i && isIdentPart(sql[i+n]) {
				n++
			}
			dst = append(dst, sql[i:i+n]...)
		case c == '$':
			for n < len(sql)-i && isDigit(sql[i+n]) {
				n++
			}
			if n == 1 || n < len(sql)-i && isIdentPart(sql[i+n]) {
				return dst, false
			}
			dst = append(dst, sql[i:i+n]...)
		case c == '"':
			if n = quotedName(sql[i:]); n == 0 || i > 0 && sql[i-1] == '&' { // UESCAPE takes a literal
				return dst, false
			}
			dst = append(dst, sql[i:i+n]...)
		case c <= numberMark, c == '\\', opensComment(sql[i:]):
			return dst, false
		default:
			dst = append(dst, c)
		}
		i += n
	}
	return dst, true
}

// The marks are bytes that no text with a skeleton has.
const (
	stringMark = 1
	numberMark = 2
)

func opensComment(sql []byte) bool {
	return len(sql) > 1 && (sql[0] == '-' && sql[1] == '-' || sql[0] == '/' && sql[1] == '*')
}

// plainString returns the length of the string at the start, 0 for one with a
// backslash or without an end. A doubled quote is part of it.
func plainString(sql []byte) int {
	for i := 1; i < len(sql); i++ {
		switch {
		case sql[i] == '\\':
			return 0
		case sql[i] == '\'' && i+1 < len(sql) && sql[i+1] == '\'':
			i++
		case sql[i] == '\'':
			return i + 1
		}
	}
	return 0
}

// plainNumber returns the length of the digits at the start, with a fraction, 0
// where something else follows without a gap.
func plainNumber(sql []byte) int {
	i := digitsIn(sql)
	if i < len(sql) && sql[i] == '.' {
		n := digitsIn(sql[i+1:])
		if n == 0 {
			return 0
		}
		i += 1 + n
	}
	if i < len(sql) && (isIdentPart(sql[i]) || sql[i] == '.') {
		return 0
	}
	return i
}

func digitsIn(sql []byte) int {
	i := 0
	for i < len(sql) && isDigit(sql[i]) {
		i++
	}
	return i
}

// quotedName returns the length of the quoted identifier at the start.
func quotedName(sql []byte) int {
	for i := 1; i < len(sql); i++ {
		if sql[i] != '"' {
			continue
		}
		if i+1 < len(sql) && sql[i+1] == '"' {
			i++
			continue
		}
		return i + 1
	}
	return 0
}
