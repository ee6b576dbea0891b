package parser

import (
	"strings"
	"testing"
	"testing/synctest"
)

func TestLongTextsWaitForOneAnother(t *testing.T) {
	long := "DELETE FROM a WHERE id IN (1" + strings.Repeat(", 2", longText/3) + ")"
	synctest.Test(t, func(t *testing.T) {
		end := takeTurn(2 * longTexts)
		done := make(chan *Summary, 1)
		go func() { done <- Summarize(long, Options{}) }()
		synctest.Wait()
		if len(done) > 0 {
			t.Error("a long text did not wait")
		}
		if s := Summarize("DELETE FROM a WHERE id = 1", Options{}); !s.Parsed {
			t.Error("a short text was not parsed")
		}
		end()
		if s := <-done; !s.Effects.Has(Delete) {
			t.Errorf("after its turn: %s", describe(s))
		}
	})
}

func TestAMegabyteIsJudged(t *testing.T) {
	const size = 1 << 20
	for name, shape := range map[string][3]string{
		"list of columns": {"SELECT *", ",*", " FROM a"},
		"list of values":  {"DELETE FROM a WHERE id IN (1", ",1", ")"},
		"disjunction":     {"DELETE FROM a WHERE b", " OR b", ""},
		"statements":      {"", "TABLE a;", ""},
		"rows":            {"INSERT INTO a VALUES (1)", ",(1)", ""},
		"literal":         {"SELECT '", "x", "' FROM a"},
		"comment":         {"SELECT 1 /*", "x", "*/ FROM a"},
	} {
		s := Summarize(shape[0]+strings.Repeat(shape[1], size/len(shape[1]))+shape[2], Options{})
		if !s.Parsed || s.Statements[0].Acts[0].Relation.Name != "a" {
			t.Errorf("%s: %s", name, s.Reason)
		}
	}
}
