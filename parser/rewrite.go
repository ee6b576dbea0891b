package parser

import (
	"slices"
	"strings"
)

// Texts that are rewritten before they are parsed, so that their statements stand
// elsewhere than in the text that was given.

// shift moves the positions of a rewritten text back, into the text without the bytes
// that were inserted. The offsets are ascending.
func (s *Summary) shift(inserted []int) {
	for i := range s.Statements {
		st := &s.Statements[i]
		st.Start -= before(inserted, st.Start)
		st.End -= before(inserted, st.End)
	}
}

// before counts the ascending offsets below pos.
func before(offsets []int, pos int) int {
	n, _ := slices.BinarySearch(offsets, pos)
	return n
}

// fromLatin1 makes UTF-8 of a text that is not, and returns the offsets of the bytes
// that it inserted. The protobuf between pg_query and this package takes UTF-8
// only, while a client may use another encoding. To the lexer a byte beyond ASCII
// is a letter whatever it stands for, so the statements are the same.
func fromLatin1(sql string) (string, []int) {
	var out strings.Builder
	var inserted []int
	for i := range len(sql) {
		if sql[i] >= 0x80 {
			inserted = append(inserted, out.Len()+1)
		}
		out.WriteRune(rune(sql[i]))
	}
	return out.String(), inserted
}
