package parser

import (
	"slices"
	"testing"
)

func TestNewerGrammarIsNamed(t *testing.T) {
	for sql, want := range map[string][]string{
		"DELETE FROM t WHERE id = 5 RETURNING id":                                    nil,
		"DELETE FROM t WHERE id = 5 RETURNING WITH (OLD AS o) o.id":                  {"RETURNING WITH"},
		"CREATE TABLE a (b int CHECK (b > 0) NOT ENFORCED, CONSTRAINT c NOT NULL b)": {"ENFORCED", "NOT NULL"},
	} {
		s := Summarize(sql, Options{})
		if !s.Parsed || !slices.Equal(s.Newer, want) || (s.JudgedBy() == "grammar") != (want == nil) {
			t.Errorf("%s: %q, judged by %s", sql, s.Newer, s.JudgedBy())
		}
	}
	if s := Summarize("DELETE FROM t RETURNING WITH 1", Options{}); s.JudgedBy() != "tokens" {
		t.Errorf("judged by %s", s.JudgedBy())
	}
}

func TestNewerGrammarLeavesPositionsAlone(t *testing.T) {
	sql := "DELETE FROM a WHERE b = 1 RETURNING WITH (OLD AS o) o.ö /* ö */; TRUNCATE c"
	s := Summarize(sql, Options{})
	if len(s.Statements) != 2 || sql[s.Statements[1].Start:s.Statements[1].End] != "TRUNCATE c" {
		t.Errorf("statements %+v", s.Statements)
	}
	for _, file := range corpusFiles(t) {
		for _, c := range readCorpus(t, file) {
			if text, _ := older(c.sql); len(text) != len(c.sql) {
				t.Errorf("%s\nbecomes %s", c.sql, text)
			}
		}
	}
}
