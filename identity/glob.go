package identity

import "strings"

// Glob is a pattern that must match the whole of a text: `*` stands for any run
// of bytes, `?` for exactly one byte, everything else for itself. There is no
// escape and no alternation, so a pattern cannot come unanchored by accident.
// The zero Glob matches only the empty text.
type Glob struct {
	pattern string
	literal bool
}

// CompileGlob returns the Glob for a pattern. Every pattern is valid.
func CompileGlob(pattern string) Glob {
	return Glob{pattern: pattern, literal: !strings.ContainsAny(pattern, "*?")}
}

// Literal tells whether the pattern has no wildcard and so matches only itself.
func (g Glob) Literal() bool { return g.literal || g.pattern == "" }

// String returns the pattern.
func (g Glob) String() string { return g.pattern }

// Match tells whether the whole text matches. It allocates nothing and takes at
// most len(pattern) * len(text) steps: only the last star is ever retried,
// because an earlier one can take nothing that the last could not.
func (g Glob) Match(text string) bool {
	if g.Literal() {
		return g.pattern == text
	}
	p, t := 0, 0
	star, resume := -1, 0
	for t < len(text) {
		switch {
		case p < len(g.pattern) && g.pattern[p] == '*':
			star, resume = p, t
			p++
		case p < len(g.pattern) && (g.pattern[p] == '?' || g.pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			resume++
			p, t = star+1, resume
		default:
			return false
		}
	}
	for p < len(g.pattern) && g.pattern[p] == '*' {
		p++
	}
	return p == len(g.pattern)
}
