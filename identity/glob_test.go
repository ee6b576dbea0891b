package identity

import (
	"strings"
	"testing"
)

func TestGlobMatchesTheWholeText(t *testing.T) {
	tests := []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true},
		{"", "a", false},
		{"a", "a", true},
		{"a", "A", false},
		{"a", "ab", false},
		{"a", "ba", false},
		{"*", "", true},
		{"*", "anything at all", true},
		{"**", "", true},
		{"?", "", false},
		{"?", "x", true},
		{"?", "xy", false},
		{"?*", "", false},
		{"?*", "x", true},
		{"batch-*", "batch-", true},
		{"batch-*", "batch-17", true},
		{"batch-*", "xbatch-17", false},
		{"*-batch", "nightly-batch", true},
		{"*-batch", "nightly-batch2", false},
		{"a*b*c", "axxbyyc", true},
		{"a*b*c", "axxbyy", false},
		{"a*bc", "abcbc", true},
		{"*a*", "bab", true},
		{"*?b", "ab", true},
		{"*?b", "b", false},
		// Nothing of a regular expression is special, so nothing escapes the anchors.
		{"a|b", "b", false},
		{"a|b", "a|b", true},
		{"^a$", "a", false},
		{".", "x", false},
		{"[ab]", "a", false},
		{`\*`, "*", false},
		// A byte, not a rune: the two bytes of an umlaut need two marks.
		{"?", "ü", false},
		{"??", "ü", true},
		{"a\nb", "a\nb", true},
		{"*", "a\nb\x00c", true},
	}
	for _, test := range tests {
		if got := CompileGlob(test.pattern).Match(test.text); got != test.want {
			t.Errorf("%q matches %q = %v, want %v", test.pattern, test.text, got, test.want)
		}
	}
}

// With exponential backtracking this would outlive the test's time limit many times over.
func TestGlobWithManyStarsEndsSoon(t *testing.T) {
	glob := CompileGlob(strings.Repeat("a*", 60) + "b")
	if glob.Match(strings.Repeat("a", 5000)) {
		t.Error("matched a text without b")
	}
}

func TestGlobMatchAllocatesNothing(t *testing.T) {
	glob := CompileGlob("tmp_*_?")
	if n := testing.AllocsPerRun(100, func() { glob.Match("tmp_orders_7") }); n != 0 {
		t.Errorf("%v allocations a match", n)
	}
}

// reference is the definition of a glob, written for clarity and not for speed.
func reference(pattern, text string) bool {
	if pattern == "" {
		return text == ""
	}
	if pattern[0] == '*' {
		return reference(pattern[1:], text) || text != "" && reference(pattern, text[1:])
	}
	return text != "" && (pattern[0] == '?' || pattern[0] == text[0]) && reference(pattern[1:], text[1:])
}

func FuzzGlobAgreesWithItsDefinition(f *testing.F) {
	f.Add("a*b?c", "axxbyc")
	f.Add("*a*", "bab")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if len(pattern) > 8 || len(text) > 12 {
			return
		}
		if got, want := CompileGlob(pattern).Match(text), reference(pattern, text); got != want {
			t.Errorf("%q matches %q = %v, want %v", pattern, text, got, want)
		}
	})
}
