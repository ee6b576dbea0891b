package parser

import (
	"strings"
	"testing"
)

// disguise writes a text differently with the same meaning: other white space,
// comments between the tokens, the other case in words.
func disguise(sql string, o Options) string {
	var out strings.Builder
	l := lexer{sql: sql, escapes: o.NonConforming}
	end := 0
	for t := l.next(); t.kind != endToken; t = l.next() {
		if t.start > end {
			out.WriteString("\n/* /* x */ drop */\t--'\n")
		}
		end = t.end
		text := sql[t.start:t.end]
		if t.kind == wordToken {
			text = otherCase(text)
		}
		out.WriteString(text)
	}
	if l.commentsOpen {
		out.WriteString("/*")
	}
	return out.String()
}

func otherCase(word string) string {
	b := []byte(word)
	for i, c := range b {
		if c|0x20 >= 'a' && c|0x20 <= 'z' {
			b[i] = c ^ 0x20
		}
	}
	return string(b)
}

func TestDisguiseDoesNotChangeTheJudgement(t *testing.T) {
	for _, file := range corpusFiles(t) {
		for _, s := range readCorpus(t, file) {
			if s.options.NonConforming {
				continue // two readings do not have the same tokens
			}
			if got := describe(Summarize(disguise(s.sql, s.options), s.options)); got != s.want {
				t.Errorf("%s\n got %s\nwant %s", disguise(s.sql, s.options), got, s.want)
			}
		}
	}
}

func TestNonConformingNeverLowersTheJudgement(t *testing.T) {
	for _, file := range corpusFiles(t) {
		for _, s := range readCorpus(t, file) {
			plain := Summarize(s.sql, s.options)
			off := Summarize(s.sql, Options{NonConforming: true, Replication: s.options.Replication})
			if missing := plain.Effects &^ off.Effects &^ SetOf(Unknown); missing != 0 {
				t.Errorf("%s\nloses %v", s.sql, missing)
			}
		}
	}
}

func FuzzSummarize(f *testing.F) {
	for _, file := range corpusFiles(f) {
		for _, s := range readCorpus(f, file) {
			f.Add(s.sql, s.options.NonConforming, s.options.Replication)
		}
	}
	f.Fuzz(func(t *testing.T, sql string, nonConforming, replication bool) {
		o := Options{NonConforming: nonConforming, Replication: replication}
		s := Summarize(sql, o)
		if !s.Parsed && len(s.Statements) == 0 {
			t.Errorf("%q is not understood and does nothing", sql)
		}
		if nonConforming || !s.Parsed || replication {
			return
		}
		other := Summarize(disguise(sql, o), o)
		if other.Parsed && s.Effects&^other.Effects != 0 {
			t.Errorf("%q loses %v as %q", sql, s.Effects&^other.Effects, disguise(sql, o))
		}
	})
}
