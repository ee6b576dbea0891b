package truth

import (
	"slices"
	"testing"
)

func TestScriptIsPartedAsPsqlDoes(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"at semicolons", "SELECT 1; SELECT 2", []string{"SELECT 1", "SELECT 2"}},
		{"not at joined ones", `SELECT 1\; SELECT 2; SELECT 3`, []string{"SELECT 1; SELECT 2", "SELECT 3"}},
		{"not in quotes", `SELECT ';', ";", E'\';', $$;$$, $a$;$$;$a$; SELECT 2`, []string{`SELECT ';', ";", E'\';', $$;$$, $a$;$$;$a$`, "SELECT 2"}},
		{"not in comments", "SELECT 1 /* ; /* ; */ ; */ -- ;\n+ 1; SELECT 2", []string{"SELECT 1 /* ; /* ; */ ; */ -- ;\n+ 1", "SELECT 2"}},
		{"not in parentheses", "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2); SELECT 3", []string{"CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)", "SELECT 3"}},
		{"not in a body", "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END; SELECT 3",
			[]string{"CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END", "SELECT 3"}},
		{"BEGIN alone opens no body", "BEGIN; SELECT 1; END", []string{"BEGIN", "SELECT 1", "END"}},
		{"at commands that send", "SELECT 1 \\gset x_\nSELECT 2 \\g\nSELECT 3", []string{"SELECT 1", "SELECT 2", "SELECT 3"}},
		{"other commands say nothing", "\\pset null 'x'\nSELECT 1;\n\\d t\nSELECT 2", []string{"SELECT 1", "SELECT 2"}},
		{"variables", `\set t 'my "table'` + "\nSELECT * FROM :\"t\" WHERE x = :'t' AND y::text = :other; SELECT 2",
			[]string{`SELECT * FROM "my ""table" WHERE x = 'my "table' AND y::text = :other`, "SELECT 2"}},
		{"branches are left out", "\\if :x\nSELECT 1;\n\\else\nSELECT 2;\n\\endif\nSELECT 3;", []string{"SELECT 2", "SELECT 3"}},
		{"nothing", " ; -- nothing\n;", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			script := NewScript(c.text, nil)
			var got []string
			for q, ok := script.Next(); ok; q, ok = script.Next() {
				got = append(got, q.SQL)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestParametersAreBound(t *testing.T) {
	q, ok := NewScript(`SELECT $1, $2 \bind 'a b' 2 \g`, nil).Next()
	if !ok || !q.Extended || !slices.Equal(q.Args, []string{"a b", "2"}) {
		t.Errorf("%+v", q)
	}
}

func TestCopyTakesItsData(t *testing.T) {
	script := NewScript("COPY t FROM STDIN;\n1;\n2\n\\.\nSELECT 1;", nil)
	script.Next()
	if data := script.CopyData(); data != "1;\n2\n" {
		t.Errorf("data %q", data)
	}
	if q, _ := script.Next(); q.SQL != "SELECT 1" || q.Line != 5 {
		t.Errorf("then %+v", q)
	}
}

func TestBackslashesEndStringsWhereTheyDoForTheServer(t *testing.T) {
	script := NewScript(`SELECT 'a\''; SELECT 2`, nil)
	script.conforming = false
	if q, _ := script.Next(); q.SQL != `SELECT 'a\''` {
		t.Errorf("%q", q.SQL)
	}
}
