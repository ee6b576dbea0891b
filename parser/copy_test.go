package parser

import (
	"fmt"
	"strings"
	"testing"
)

func TestCopyTakesTheRowsThatTheStatementTakes(t *testing.T) {
	for sql, want := range map[string]string{
		"delete from a":                      `SELECT a.* FROM a LIMIT 5 FOR UPDATE OF a`,
		"delete from only s.a where id > $1": `SELECT a.* FROM ONLY s.a WHERE id > $1 LIMIT 5 FOR UPDATE OF a`,
		"update a set n = $1, m = $2 where i = $2 and ($3 or $2 is null)": `SELECT a.* FROM a WHERE i = $1 AND ($2 OR $1 IS NULL) LIMIT 5 FOR NO KEY UPDATE OF a`,
		"delete from a using g($2) where i = $1":                          `SELECT a.* FROM a WHERE EXISTS (SELECT 1 FROM g($1) WHERE i = $2) LIMIT 5 FOR UPDATE OF a`,
		"delete from a as x where x.n = 'it''s'":                          `SELECT x.* FROM a x WHERE x.n = 'it''s' LIMIT 5 FOR UPDATE OF x`,
		`delete from "A b" where "C" is null`:                             `SELECT "A b".* FROM "A b" WHERE "C" IS NULL LIMIT 5 FOR UPDATE OF "A b"`,
		"delete from a using b, c where a.i = b.i":                        `SELECT a.* FROM a WHERE EXISTS (SELECT 1 FROM b, c WHERE a.i = b.i) LIMIT 5 FOR UPDATE OF a`,
		"delete from a where i in (select i from b)":                      `SELECT a.* FROM a WHERE i IN (SELECT i FROM b) LIMIT 5 FOR UPDATE OF a`,
		"delete from a where i = 1 returning i":                           `SELECT a.* FROM a WHERE i = 1 LIMIT 5 FOR UPDATE OF a`,
		"update a set n = n + 1 where t < now()":                          `SELECT a.* FROM a WHERE t < now() LIMIT 5 FOR NO KEY UPDATE OF a`,
		"update a set n = b.n from b where b.i=a.i":                       `SELECT a.* FROM a WHERE EXISTS (SELECT 1 FROM b WHERE b.i = a.i) LIMIT 5 FOR NO KEY UPDATE OF a`,
		"truncate a": `DO 'BEGIN LOCK TABLE "a" IN ACCESS EXCLUSIVE MODE; END' SELECT a.* FROM a LIMIT 5`,
		"truncate only s.a, b": `DO 'BEGIN LOCK TABLE ONLY "s"."a" IN ACCESS EXCLUSIVE MODE; END' SELECT a.* FROM ONLY s.a LIMIT 5 ` +
			`DO 'BEGIN LOCK TABLE "b" IN ACCESS EXCLUSIVE MODE; END' SELECT b.* FROM b LIMIT 5`,
		`drop table if exists "it's".a cascade`: `DO 'BEGIN LOCK TABLE "it''s"."a" IN ACCESS EXCLUSIVE MODE; END' SELECT a.* FROM "it's".a LIMIT 5`,
	} {
		copies, err := Copies(sql, 5)
		if err != nil {
			t.Errorf("%s: %v", sql, err)
		}
		var words []string
		for _, c := range copies {
			words = append(words, strings.TrimSpace(c.Lock+" "+c.Select))
		}
		if got := strings.Join(words, " "); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", sql, got, want)
		}
	}
}

func TestCopyTellsWhichParametersItHas(t *testing.T) {
	for sql, want := range map[string]string{
		"delete from a where i = 1":                                "[] false",
		"delete from a where i = $1 or j = $1 returning i":         "[1] true",
		"update a set n = $1, m = $2 where i = $3 and j > $2":      "[3 2] false",
		"update a set n = 1 from g($2) where i = $1 returning a.*": "[2 1] true",
		"truncate a": "[] false",
	} {
		copies, err := Copies(sql, 5)
		if got := fmt.Sprint(copies[0].Parameters, copies[0].Returns); err != nil || got != want {
			t.Errorf("%s: %s, %v", sql, got, err)
		}
	}
}

func TestWhatCannotBeCopiedExactlyIsNotCopied(t *testing.T) {
	for sql, want := range map[string]string{
		"delete from a where current of c":                           "cursor",
		"with d as (select 1) delete from a":                         "WITH",
		"truncate a cascade":                                         "CASCADE",
		"delete from a; delete from b":                               "several",
		"drop view a":                                                "no table",
		"merge into a using b on true when matched then delete":      "only the rows",
		"insert into a values (1) on conflict (i) do update set i=1": "only the rows",
		"vacuum a":     "only the rows",
		"delete frm a": "not understood",
		"delete from a where " + strings.Repeat("(", maxNesting+1) + "true" + strings.Repeat(")", maxNesting+1): "not understood",
	} {
		if c, err := Copies(sql, 5); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, %v, want %q", sql, c, err, want)
		}
	}
}

func TestCopyNamesTheFunctionsOfItsPredicate(t *testing.T) {
	for sql, want := range map[string]string{
		"delete from a where at < NOW() and Lower(n) = 'x'":                  "now lower",
		"update a set n = gen_random_uuid() where s.f(i) > 0":                "f",
		"delete from a using g(1) where exists (select pg_catalog.random())": "g random",
		"truncate a": "",
	} {
		copies, err := Copies(sql, 5)
		if err != nil || strings.Join(copies[0].Functions, " ") != want {
			t.Errorf("%s: %v, %v", sql, copies, err)
		}
	}
}
