package parser

import "strings"

// complaint is what the grammar said of a text that it does not accept. The token
// that it stumbled over is named only where that is a bare word: anything else may be
// a literal, or the rest of the text behind an open quote, and a reason is written
// to logs that are to hold none.
func complaint(err error) string {
	message := err.Error()
	what, token, found := strings.Cut(message, ` at or near "`)
	if !found || bareWord(strings.TrimSuffix(token, `"`)) {
		return message
	}
	return what
}

func bareWord(s string) bool {
	for i := range len(s) {
		c := s[i] | 0x20 // letters in lower case
		if (c < 'a' || c > 'z') && s[i] != '_' {
			return false
		}
	}
	return true
}
