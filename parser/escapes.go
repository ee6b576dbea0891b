package parser

import "strings"

// readEscaped judges a text under standard_conforming_strings = off. pg_query can
// only be asked with the setting on, so every plain string is given the prefix E,
// which is what scan.l itself does then (it enters state xe at the bare quote).
func readEscaped(sql string, o premise) *Summary {
	marked, inserted := markEscapes(sql)
	s := read(marked, o)
	s.shift(inserted)
	return s
}

// markEscapes puts an E before every plain string and returns where, as offsets
// into the new text.
func markEscapes(sql string) (string, []int) {
	var out strings.Builder
	var inserted []int
	l := lexer{sql: sql, escapes: true}
	done := 0
	for t := l.next(); t.kind != endToken; t = l.next() {
		if t.kind != stringToken || sql[t.start] != '\'' {
			continue
		}
		out.WriteString(sql[done:t.start])
		// A space, or the E would become part of a word right in front of it.
		inserted = append(inserted, out.Len(), out.Len()+1)
		out.WriteString(" E")
		done = t.start
	}
	out.WriteString(sql[done:])
	return out.String(), inserted
}
