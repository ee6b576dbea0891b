package parser

import (
	"strconv"
	"strings"
)

// Redact returns the text with every literal replaced by a parameter, numbered
// behind those that the text already has, and without its comments. It works from
// tokens, so it takes any text; a literal that is not closed goes up to the end.
// NonConforming is standard_conforming_strings = off.
func Redact(sql string, nonConforming bool) string {
	var out strings.Builder
	next := highestParam(sql, nonConforming) + 1
	l := lexer{sql: sql, escapes: nonConforming}
	end := 0 // of the token before
	var before token
	for t := l.next(); t.kind != endToken; t = l.next() {
		if gap := sql[end:t.start]; gap != "" && out.Len() > 0 {
			out.WriteString(space(gap))
		}
		end = t.end
		rest := before.kind == numberToken && continuesNumber(sql, before, t)
		before = t
		if rest {
			before.kind = numberToken
			continue
		}
		if t.kind == stringToken || t.kind == numberToken {
			out.WriteByte('$')
			out.WriteString(strconv.Itoa(next))
			next++
			continue
		}
		out.WriteString(sql[t.start:t.end])
	}
	return out.String()
}

// continuesNumber tells whether a word belongs to the number before it: 0x1F, 1_000.
func continuesNumber(sql string, number, t token) bool {
	return t.kind == wordToken && t.start == number.end && strings.IndexByte("xXoObB_", sql[t.start]) >= 0
}

// space returns the white space between two tokens; a comment in it becomes a
// single space, as it is for PostgreSQL.
func space(gap string) string {
	if strings.TrimLeft(gap, " \t\r\n\f\v") != "" {
		return " "
	}
	return gap
}

// highestParam returns the highest number of the parameters in a text.
func highestParam(sql string, nonConforming bool) int {
	highest := 0
	l := lexer{sql: sql, escapes: nonConforming}
	for t := l.next(); t.kind != endToken; t = l.next() {
		if t.kind != paramToken {
			continue
		}
		// PostgreSQL counts parameters in 32 bits; what is beyond is no parameter.
		if n, err := strconv.ParseInt(sql[t.start+1:t.end], 10, 32); err == nil {
			highest = max(highest, int(n))
		}
	}
	return highest
}
