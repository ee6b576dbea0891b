package parser

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

func TestStatementsCarryTheirKind(t *testing.T) {
	for sql, want := range map[string]string{
		"select 1": "SELECT", "values (1)": "SELECT", "select 1 into a": "SELECT INTO",
		"with x as (delete from a) select 1":                "SELECT",
		"delete from a":                                     "DELETE",
		"explain analyze delete from a":                     "EXPLAIN",
		"alter table a drop b":                              "ALTER TABLE",
		"alter view a rename to b":                          "ALTER VIEW",
		"alter table a rename b to c":                       "ALTER TABLE",
		"alter schema a owner to b":                         "ALTER SCHEMA",
		"drop materialized view a":                          "DROP MATERIALIZED VIEW",
		"drop foreign data wrapper a":                       "DROP FOREIGN DATA WRAPPER",
		"create materialized view a as select 1":            "CREATE MATERIALIZED VIEW",
		"create aggregate a (int) (sfunc = f, stype = int)": "CREATE AGGREGATE",
		"create foreign table a (b int) server c":           "CREATE FOREIGN TABLE",
		"create schema a create table b (c int)":            "CREATE SCHEMA",
		"start transaction":                                 "START TRANSACTION",
		"rollback to a":                                     "ROLLBACK TO",
		"prepare a as delete from b":                        "PREPARE",
		"copy a to stdout":                                  "COPY",
		"delete from from a":                                "DELETE",
		"frobnicate":                                        "UNKNOWN",
	} {
		if got := Summarize(sql, Options{}).Statements[0].Kind; got != want {
			t.Errorf("%s: kind %q, want %q", sql, got, want)
		}
	}
}

func TestStatementsCarryTheirPosition(t *testing.T) {
	for _, sql := range []string{
		" SELECT 1 ;\n\tDELETE FROM a ; SELECT 'ü;' ",
		" SELEC 1 ;\n\tDELETE FROM FROM a ; SELECT 'ü;'",
	} {
		s := Summarize(sql, Options{})
		var texts []string
		for _, st := range s.Statements {
			texts = append(texts, strings.TrimSpace(sql[st.Start:st.End]))
		}
		want := strings.Split(sql, " ;")
		for i, w := range append(want[:1:1], strings.Split(want[1], " ;")...) {
			if texts[i] != strings.TrimSpace(w) {
				t.Errorf("statement %d is %q, want %q", i, texts[i], w)
			}
		}
	}
}

func TestPositionsFitTheTextThatHasEscapes(t *testing.T) {
	sql := `SELECT 'a', 'it\'s'; DELETE FROM a WHERE b = 'x\''`
	s := Summarize(sql, Options{NonConforming: true})
	var found bool
	for _, st := range s.Statements {
		found = found || sql[st.Start:st.End] == `DELETE FROM a WHERE b = 'x\''`
	}
	if !found {
		t.Errorf("no statement with the text of the DELETE in %+v", s.Statements)
	}
}

func TestPreparedStatementsAreNamed(t *testing.T) {
	s := Summarize(`PREPARE "P 1" AS DELETE FROM a; EXECUTE p; DEALLOCATE p; DEALLOCATE ALL; DISCARD ALL`, Options{})
	st := s.Statements
	if st[0].Prepares != "P 1" || st[1].Executes != "p" || st[2].Deallocates != "p" {
		t.Errorf("got %q, %q, %q", st[0].Prepares, st[1].Executes, st[2].Deallocates)
	}
	if st[2].DeallocatesAll || !st[3].DeallocatesAll || !st[4].DeallocatesAll {
		t.Error("only DEALLOCATE ALL and DISCARD ALL forget every statement")
	}
}

func TestEveryFunctionIsListed(t *testing.T) {
	s := Summarize(`SELECT App.Purge(lower(x)), "Quoted"(1) FROM gen(2) g WHERE f(3) ORDER BY pg_catalog.now()`, Options{})
	want := []string{"app.purge", "lower", "quoted", "gen", "f", "pg_catalog.now"}
	if !slices.Equal(s.Statements[0].Functions, want) {
		t.Errorf("got %q, want %q", s.Statements[0].Functions, want)
	}
}

func TestEffectsAreTheUnionOfAllActs(t *testing.T) {
	s := Summarize("SELECT * FROM a; WITH d AS (DELETE FROM b) INSERT INTO c VALUES (lo_unlink(1))", Options{})
	if want := SetOf(Read, Delete, Insert, Function); s.Effects != want {
		t.Errorf("got %v, want %v", s.Effects, want)
	}
}

func TestNulByteMakesTheTextUnknown(t *testing.T) {
	for _, sql := range []string{"SELECT 1\x00", "SELECT 1\x00; DELETE FROM a", "\x00"} {
		s := Summarize(sql, Options{})
		if s.Parsed || !s.Effects.Has(Unknown) {
			t.Errorf("%q: parsed %v, effects %v", sql, s.Parsed, s.Effects)
		}
	}
	if s := Summarize("SELECT 1\x00; DELETE FROM a", Options{}); !s.Effects.Has(Delete) {
		t.Error("what stands behind the NUL does not count")
	}
}

func TestTextsInASingleByteEncodingAreParsed(t *testing.T) {
	sql := "INSERT INTO caf\xe9 VALUES ('\xfc\xdf'); DELETE FROM a WHERE b = '\xe9' "
	s := Summarize(sql, Options{})
	if !s.Parsed || describe(s) != "insert café, delete a ~bounded" {
		t.Fatalf("%s: %s", describe(s), s.Reason)
	}
	if st := s.Statements[1]; sql[st.Start:st.End] != "DELETE FROM a WHERE b = '\xe9' " {
		t.Errorf("the DELETE is %q", sql[st.Start:st.End])
	}
}

// The tree of each text is as many levels deep as the shape is repeated. Without a
// limit some of them end the process with a segmentation violation in C.
func TestDeepTextsAreJudgedFromTokens(t *testing.T) {
	shapes := map[string][3]string{
		"brackets":         {"SELECT ", "(", "1"},
		"sum":              {"SELECT 1", "+1", ""},
		"concatenation":    {"SELECT ''", "||f(a, b)", ""},
		"negation":         {"SELECT ", "NOT ", "true"},
		"minus":            {"SELECT ", "- ", "1"},
		"sub-select":       {"SELECT ", "(SELECT ", "1"},
		"union":            {"SELECT 1", " UNION SELECT 1", ""},
		"union of lists":   {"SELECT 1, 2", " UNION ALL SELECT 1, 2", ""},
		"join":             {"SELECT 1 FROM a", " JOIN a ON b AND c", ""},
		"case":             {"SELECT ", "CASE WHEN true THEN ", "1"},
		"function":         {"SELECT ", "f(", "1"},
		"cast":             {"SELECT 1", "::int", ""},
		"index":            {"SELECT a", "[1]", ""},
		"collation":        {"SELECT a", ` COLLATE "C"`, ""},
		"left brackets":    {"SELECT " + strings.Repeat("(", 200) + "1", strings.Repeat("+1", 500) + ")", ""},
		"left case":        {"SELECT " + strings.Repeat("CASE WHEN ", 200) + "1", strings.Repeat("+1", 500) + " THEN 1 END", ""},
		"array":            {"SELECT ", "ARRAY[", "1"},
		"explain":          {"", "EXPLAIN ", "SELECT 1"},
		"open case labels": {"SELECT 1", " AS case, 1", ""},
	}
	for name, shape := range shapes {
		t.Run(name, func(t *testing.T) {
			for _, n := range []int{10, 500, 660, 990, 1900, 10_000, 200_000} {
				if strings.HasPrefix(name, "left") {
					n = min(n, 200)
				}
				s := Summarize("DELETE FROM victim; "+shape[0]+strings.Repeat(shape[1], n)+shape[2], Options{})
				if !s.Effects.Has(Delete) {
					t.Fatalf("%d levels: the DELETE is lost", n)
				}
				if !s.Parsed && !s.Effects.Has(Unknown) {
					t.Fatalf("%d levels: not parsed, yet not unknown", n)
				}
			}
		})
	}
}

func TestLongFlatTextsAreParsed(t *testing.T) {
	for name, sql := range map[string]string{
		"list":        "SELECT 1 WHERE x IN (1" + strings.Repeat(", 2", 20_000) + ")",
		"values":      "INSERT INTO a VALUES (1, 'a')" + strings.Repeat(", (1, 'a')", 20_000),
		"disjunction": "SELECT 1 WHERE a = 1" + strings.Repeat(" OR a = 1", 20_000),
		"statements":  strings.Repeat("UPDATE a SET b = 1 WHERE c = 2;", 5_000),
		"when":        "SELECT CASE a" + strings.Repeat(" WHEN 1 THEN 'a'", 5_000) + " END",
		"unions":      "INSERT INTO a SELECT 1, 2" + strings.Repeat(" UNION ALL SELECT 1, 2", 1_000),
		"sum":         "SELECT a" + strings.Repeat(" + a", 900),
	} {
		if s := Summarize(sql, Options{}); !s.Parsed {
			t.Errorf("%s: %s", name, s.Reason)
		}
	}
}

// Queries that mention one another over and over grow exponentially when each
// mention is measured afresh.
func TestPredicateWorkIsBounded(t *testing.T) {
	var sql strings.Builder
	sql.WriteString("WITH c0 AS (SELECT id FROM t)")
	for i := range 60 {
		fmt.Fprintf(&sql, ", c%d AS (SELECT y.id FROM c%d y, c%d z)", i+1, i, i)
	}
	sql.WriteString(" DELETE FROM t WHERE id IN (SELECT id FROM c60)")
	s := Summarize(sql.String(), Options{})
	if !slices.Contains(s.Statements[0].Acts, Act{Effect: Delete, Relation: Relation{Name: "t"}, Breadth: Tautology}) {
		t.Errorf("what takes too long to measure is not taken for the worst: %s", describe(s))
	}
}

func TestStatementOfAnUnknownTypeIsUnknown(t *testing.T) {
	inner := pg_query.MakeSimpleRangeVarNode("a", 0).GetRangeVar()
	n := &pg_query.PLAssignStmt{Val: &pg_query.SelectStmt{WithClause: &pg_query.WithClause{Ctes: []*pg_query.Node{
		{Node: &pg_query.Node_CommonTableExpr{CommonTableExpr: &pg_query.CommonTableExpr{Ctequery: &pg_query.Node{
			Node: &pg_query.Node_DeleteStmt{DeleteStmt: &pg_query.DeleteStmt{Relation: inner}},
		}}}},
	}}}}
	w := &walker{}
	w.message(n)
	var effects EffectSet
	for _, a := range w.stmt.Acts {
		effects = effects.With(a.Effect)
	}
	if effects != SetOf(Unknown, Delete) {
		t.Errorf("effects %v: it must be unknown, and what is inside must count", effects)
	}
}

func TestTemporaryTablesThatStayAreNamed(t *testing.T) {
	for sql, want := range map[string]string{
		"CREATE TEMP TABLE a (b int)":                                  "a",
		"CREATE TEMPORARY TABLE a (b int) ON COMMIT DELETE ROWS":       "a",
		"CREATE TABLE pg_temp.a (b int)":                               "a",
		"SELECT 1 INTO TEMP a":                                         "a",
		"EXPLAIN ANALYZE CREATE TEMP TABLE a AS SELECT 1":              "a",
		"CREATE TEMP TABLE IF NOT EXISTS a AS SELECT 1":                "a, maybe",
		"EXPLAIN CREATE TEMP TABLE a AS SELECT 1":                      "",
		"CREATE TEMP TABLE a (b int) ON COMMIT DROP":                   "",
		"CREATE TEMP VIEW a AS SELECT 1":                               "",
		"CREATE TABLE a (b int)":                                       "",
		"DO 'BEGIN CREATE TEMP TABLE a (b int); END'":                  "",
		"CREATE FUNCTION f() BEGIN ATOMIC CREATE TEMP TABLE a (); END": "",
	} {
		st := Summarize(sql, Options{}).Statements[0]
		got := st.Temporary
		if st.IfNotExists {
			got += ", maybe"
		}
		if got != want {
			t.Errorf("%s: %q, want %q", sql, got, want)
		}
	}
}
