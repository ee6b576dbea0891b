package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const twoTargets = `
targets:
  - {name: shop, environment: production, listen: "127.0.0.1:1", upstream: "127.0.0.1:2"}
  - {name: copy, environment: staging, mode: audit, listen: "127.0.0.1:3", upstream: "127.0.0.1:4"}
sources:
  - {name: pods, environment: production, cidr: 10.30.0.0/16}
  - {name: batch, environment: production, certificate: {cn: "batch-*"}}
  - {name: stage, environment: staging, cidr: 10.20.0.0/16}
tripwires:
  - {name: table-after-table, when: {source: production, target: shop}, tables: 3, within: 1m}
  - {name: refusals, when: {source: production, target: shop}, refusals: 3, within: 1m}
  - {name: suite, when: {source: production, target: shop}, test_suite: true, applications: "pytest*"}
admin: {socket: /run/s, break_glass: {}}
statements:
  - {name: ledger, action: deny, break_glass: false, when: {effect: drop, relation: ledger}}
  - {name: any-truncate, action: allow, when: {user: tester, effect: truncate}}
  - {name: note-inserts, action: audit, when: {effect: insert}}
`

func configFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "pgcordon.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestExplainNamesEnvironmentEffectsAndRule(t *testing.T) {
	file := configFile(t, twoTargets)
	cases := []struct {
		args string
		sql  string
		code int
		want []string
	}{
		{"--target shop --source 10.30.1.7", "DELETE FROM a WHERE id > 0; TRUNCATE b, c", 2,
			[]string{"environment production (source rule pods: address 10.30.1.7 in 10.30.0.0/16)", "delete on a (open_range)", "truncate on c", "ERROR 42501: pgcordon refused delete on a"}},
		{"--target shop --source 10.30.1.7", "SELECT 1", 0, []string{"what the server answers"}},
		{"--target shop --source 10.30.1.7 --application pytest-7", "SELECT 1", 0, []string{"trips tripwire suite by its application_name"}},
		{"--target shop --source 10.30.1.7", "INSERT INTO t VALUES (1)", 0, []string{"allowed and recorded by rule note-inserts"}},
		{"--target shop --source 10.20.1.7", "SELECT 1", 2, []string{"FATAL 28000", "builtin/cross-environment"}},
		{"--target shop --source 192.0.2.1", "SELECT 1", 2, []string{"environment unknown (no source rule matches)", "builtin/unknown-source"}},
		{"--target shop --source 192.0.2.1 --certificate batch-7", "SELECT 1", 0, []string{"source rule batch"}},
		{"--target shop --source 10.30.1.7", "TRUNCATE a", 2, []string{"counts     for tripwire table-after-table, refusals"}},
		{"--target shop --source 10.30.1.7 --user tester", "TRUNCATE a", 0, []string{"allowed by rule any-truncate", "counts     for tripwire table-after-table\n"}},
		{"--target shop --source 10.30.1.7 --user tester", "TRUNCATE a, b, c", 2, []string{"builtin/tripwire", "3 tables emptied or dropped within 1m"}},
		{"--target shop --source 10.30.1.7", "DROP TABLE t", 2, []string{"operators  may let it through"}},
		{"--target shop --source 10.30.1.7", "TRUNCATE t; DROP TABLE ledger", 2, []string{"builtin/truncate", "operators  may not let it through, because of rule ledger"}},
		{"--target copy --source 10.20.1.7", "DROP TABLE t", 0, []string{"would be refused", "builtin/drop"}},
		{"--target shop --source 10.30.1.7", "FROM t DELETE", 2, []string{"tokens", "builtin/unknown"}},
		{"--target shop --source 10.30.1.7", "FROM t SELEC", 0, []string{"tokens", "what the server answers"}}, // an error
		{"--target shop --source 10.30.1.7 --parameter 0", "DELETE FROM t WHERE id > $1", 2, []string{"builtin/unbounded-delete"}},
		{"--target shop --source 10.30.1.7 --parameter a,b", "DELETE FROM t WHERE id = $1", 0, []string{"what the server answers"}},
	}
	for _, c := range cases {
		args := append(append([]string{"explain", "--config", file}, strings.Fields(c.args)...), c.sql)
		code, text := outcome("", args...)
		if code != c.code {
			t.Errorf("%s %q: status %d, want %d\n%s", c.args, c.sql, code, c.code, text)
		}
		for _, want := range c.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s %q: no %q in\n%s", c.args, c.sql, want, text)
			}
		}
	}
}

func TestExplainTellsOfAReceipt(t *testing.T) {
	file := configFile(t, strings.Replace(twoTargets, "  - {name: note-inserts", `  - {name: purge, action: allow, receipt: {copy_rows: 9}, when: {effect: [delete, truncate]}}
  - {name: note-inserts`, 1))
	for _, sql := range []string{"TRUNCATE events", "DELETE FROM events WHERE id > 0"} {
		code, text := outcome("", "explain", "--config", file, "--target", "shop", "--source", "10.30.1.7", sql)
		if code != 0 || !strings.Contains(text, "by rule purge, with a receipt, a copy of up to 9 rows of each table in schema pgcordon_receipts") {
			t.Errorf("%s: status %d\n%s", sql, code, text)
		}
	}
}

func TestExplainReadsStandardInputAndPrintsJSON(t *testing.T) {
	file := configFile(t, twoTargets)
	code, text := outcome("DROP TABLE s.t\n", "explain", "--config", file, "--target", "shop", "--source", "10.30.1.7", "--json")
	var e explanation
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	if code != 2 || e.Source.Environment != "production" || e.Decision.Rule != "builtin/drop" ||
		e.Statements[0].Effects[0].Relation != "s.t" || e.Statements[0].Effects[0].Decision != "deny" {
		t.Errorf("status %d: %+v", code, e)
	}
}

func TestCommandsTellWhatIsWrong(t *testing.T) {
	file := configFile(t, twoTargets)
	broken := configFile(t, "targets:\n  - {name: a, environmnt: b}\nsource: []\n")
	cases := map[string]struct {
		args []string
		want []string
	}{
		"several errors at once": {[]string{"check", "--config", broken}, []string{":2:", "did you mean", ":3:", "errors"}},
		"no such file":           {[]string{"check", "--config", broken + "x"}, []string{"no such file"}},
		"ambiguous target":       {[]string{"explain", "--config", file, "SELECT 1"}, []string{"--target"}},
		"unknown target":         {[]string{"explain", "--config", file, "--target", "x", "SELECT 1"}, []string{`no target "x"`}},
		"bad address":            {[]string{"explain", "--config", file, "--target", "shop", "--source", "x", "SELECT 1"}, []string{"--source"}},
		"run without anything":   {[]string{"run"}, []string{"--config", "--listen", "--upstream"}},
		"run with half":          {[]string{"run", "--listen", "127.0.0.1:1"}, []string{"--upstream"}},
		"run with a bad address": {[]string{"run", "--listen", "x", "--upstream", "127.0.0.1:1"}, []string{"--listen"}},
		"run with both":          {[]string{"run", "--config", file, "--listen", "127.0.0.1:1"}, []string{"--config"}},
		"run with a broken file": {[]string{"run", "--config", broken}, []string{":2:"}},
		"no such command":        {[]string{"walk"}, []string{"walk"}},
	}
	for name, c := range cases {
		code, text := outcome("", c.args...)
		if code != 1 {
			t.Errorf("%s: status %d", name, code)
		}
		for _, want := range c.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in %s", name, want, text)
			}
		}
	}
}

func TestHelpAndVersion(t *testing.T) {
	if code, text := outcome(""); code != 0 || !strings.Contains(text, "Stand in front of the configured servers") {
		t.Errorf("status %d: %s", code, text)
	}
	if code, text := outcome("", "version"); code != 0 || !strings.HasPrefix(text, "pgcordon ") {
		t.Errorf("status %d: %s", code, text)
	}
}
