package parser

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	pg_query "github.com/pganalyze/pg_query_go/v6"
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
		if text, _ := older(sql); len(text) != len(sql) {
			t.Errorf("%q has another length as %q", sql, text)
		}
		if nonConforming || replication || !utf8.ValidString(sql) {
			return
		}
		checkSame(t, sql, disguise(sql, o))
	})
}

// checkSame fails the test where two ways to write one statement are judged differently.
// One that is rejected does nothing.
func checkSame(t *testing.T, sql, other string) {
	t.Helper()
	a, b := Summarize(sql, Options{}), Summarize(other, Options{})
	if a.Parsed && b.Parsed && describe(a) != describe(b) {
		t.Errorf("%q is %s\n%q is %s", sql, describe(a), other, describe(b))
	}
}

// requote writes names and strings in other quotes, which the bits of how choose.
func requote(sql string, how uint8) string {
	scanned, err := pg_query.Scan(sql)
	if err != nil {
		return sql
	}
	var out strings.Builder
	end := 0
	for _, t := range scanned.Tokens {
		text := sql[t.Start:t.End]
		out.WriteString(sql[end:t.Start])
		end = int(t.End)
		switch {
		case t.Start > 0 && isIdentPart(sql[t.Start-1]): // another quote would be part of the word
		case end < len(sql) && (sql[end] == '"' || sql[end] == '\''): // two quotes in a row are one
		case t.Token == pg_query.Token_IDENT && text == strings.ToLower(text) && text[0] != '"' && isIdentStart(text[0]) && text[0] < 0x80 && !strings.Contains(text, "&"):
			text = quotedIdentifier(text, how)
		case t.Token == pg_query.Token_SCONST && text[0] == '\'' && !strings.ContainsAny(text, "\\\n\r"):
			text = quotedString(text[1:len(text)-1], how)
		}
		out.WriteString(text)
	}
	return out.String() + sql[end:]
}

func quotedIdentifier(name string, how uint8) string {
	switch how & 3 {
	case 1:
		return `"` + name + `"`
	case 2:
		return fmt.Sprintf(`U&"\%04X%s"`, name[0], name[1:])
	case 3:
		return strings.ToUpper(name[:1]) + name[1:]
	}
	return name
}

// quotedString takes what stands between the quotes of a plain string.
func quotedString(content string, how uint8) string {
	value := strings.ReplaceAll(content, "''", "'")
	switch how >> 2 & 3 {
	case 1:
		return `E'` + content + `'`
	case 2:
		if !strings.Contains(value, "$q$") && !strings.HasSuffix(value, "$") {
			return "$q$" + value + "$q$"
		}
	case 3:
		if value != "" && value[0] < 0x80 {
			return fmt.Sprintf(`U&'\%04X%s'`, value[0], strings.ReplaceAll(value[1:], "'", "''"))
		}
	}
	return "'" + content + "'"
}

func TestQuotingDoesNotChangeTheJudgement(t *testing.T) {
	for _, file := range corpusFiles(t) {
		for _, s := range readCorpus(t, file) {
			for how := range uint8(16) {
				checkSame(t, s.sql, requote(s.sql, how))
			}
		}
	}
}

func FuzzQuoting(f *testing.F) {
	for _, file := range corpusFiles(f) {
		for _, s := range readCorpus(f, file) {
			f.Add(s.sql, uint8(6))
		}
	}
	f.Fuzz(func(t *testing.T, sql string, how uint8) {
		if utf8.ValidString(sql) {
			checkSame(t, sql, requote(sql, how))
		}
	})
}

// FuzzSplitting puts two texts into one string: it does what both do.
func FuzzSplitting(f *testing.F) {
	for _, file := range corpusFiles(f) {
		samples := readCorpus(f, file)
		for i, s := range samples {
			f.Add(s.sql, samples[(i+7)%len(samples)].sql)
		}
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		a, b := Summarize(first, Options{}), Summarize(second, Options{})
		if !a.Parsed || !b.Parsed {
			return
		}
		both := Summarize(first+"\n;"+second, Options{})
		if missing := (a.Effects | b.Effects) &^ both.Effects; missing != 0 {
			t.Errorf("%q and %q lose %v in one string", first, second, missing)
		}
		want := strings.Trim(describe(a)+", "+describe(b), ", ")
		if both.Parsed && describe(both) != want {
			t.Errorf("%q and %q are %s\nin one string %s", first, second, want, describe(both))
		}
	})
}
