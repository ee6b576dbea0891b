package policy

import (
	"strings"
	"testing"

	"github.com/pgcordon/pgcordon/parser"
)

// lookers makes the sessions of rulesOf read-only.
const lookers = "sessions: [{name: lookers, action: allow, read_only: true}]\n"

// of judges a query string as the parser reads it.
func (r *Ruleset) of(sql string) Decision {
	return r.Decide(parser.Summarize(sql, parser.Options{}), Context{})
}

func TestNoRuleMakesAnExceptionForAReadOnlySession(t *testing.T) {
	r := rulesOf(t, lookers+`builtin: false
functions: [app.purge]
statements:
  - {name: all, action: allow}
  - {name: never, action: deny}
`)
	const refused, late = "deny builtin/read-only", "deny builtin/read-only-transaction"
	for sql, want := range map[string]string{
		"SELECT * FROM t": "allow", "SELECT app.purge()": "allow", "EXPLAIN DELETE FROM t": "allow", "COPY t TO STDOUT": "allow",
		"SET work_mem = '4MB'": "allow", "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY": "allow", "DISCARD ALL": "allow", "RESET ALL": "allow",
		"BEGIN READ ONLY": "allow", "BEGIN; SELECT 1; COMMIT": "allow", "SELECT set_config('search_path', '', false)": "allow",
		"SELECT set_config(name, 'view, foreign-table', false) FROM pg_settings": "allow", "SELECT pg_ls_waldir()": "allow",
		"LOCK t IN ACCESS SHARE MODE": "allow", "SELECT pg_advisory_lock(1)": "allow", "SET ROLE x": "allow", "LISTEN a": "allow", "NOTIFY a": "allow",
		"SELECT * FROM crosstab('SELECT 1, 2, 3') AS c (a int, b int)": "allow", "SELECT query_to_xml('SELECT 1', true, true, '')": "allow",
		"ROLLBACK; SELECT 1": "allow", "COMMIT; BEGIN; SET TRANSACTION READ ONLY": "allow",

		"DELETE FROM t WHERE id = 1": refused, "CREATE TEMP TABLE t (a int)": refused, "SELECT 1 INTO t": refused, "DO 'BEGIN NULL; END'": refused, "CALL p()": refused,
		"ANALYZE": refused, "LOCK t": refused, "SET default_transaction_read_only = off": refused, "BEGIN READ WRITE": refused,
		"COMMIT PREPARED 'a'": refused, "SELECT pg_terminate_backend(1)": refused, "SELECT dblink_connect('a')": refused, "SELEC 1": refused,
		"SELECT * FROM crosstab('DELETE FROM t') AS c (a int)": refused, "COPY t FROM STDIN": refused, "ALTER SYSTEM SET work_mem = 1": refused,

		"COMMIT; SELECT 1": late, "SELECT 1; END; TABLE t": late, "BEGIN; COMMIT AND CHAIN; SHOW a": late, "COMMIT; EXECUTE p": late,
	} {
		if got := outcome(r.of(sql)); got != want {
			t.Errorf("%s: %s, want %s", sql, got, want)
		}
	}
	if d := r.Decide(parser.Summarize("SELECT 1", parser.Options{}), Context{Committed: true}); outcome(d) != late {
		t.Errorf("behind COMMIT: %s", outcome(d))
	}
}

func TestARefusalSaysWhichRuleMakesTheSessionReadOnly(t *testing.T) {
	r := rulesOf(t, lookers)
	for _, sql := range []string{"DELETE FROM t", "COMMIT; SELECT 1", "SELEC 1", "BEGIN READ WRITE"} {
		if d := r.of(sql); !strings.Contains(d.Reason, "session rule lookers makes the session read-only") || d.Hint == "" {
			t.Errorf("%s: %q, %q", sql, d.Reason, d.Hint)
		}
	}
}

func TestARefusalSaysWhatDoesMoreThanLook(t *testing.T) {
	r := rulesOf(t, lookers)
	for sql, want := range map[string]string{
		"DELETE FROM t WHERE id = 1":               "DELETE on t writes",
		"CREATE TEMP TABLE t (a int)":              "CREATE on t writes",
		"PREPARE TRANSACTION 'a'":                  "a prepared transaction outlives the session and holds its locks",
		"BEGIN READ WRITE":                         "to change transaction_read_only lets a transaction write",
		"SELECT set_config(n, 'off', true) FROM t": "which setting it changes is not in the text, and some let a transaction write",
		"CALL p()":                       "CALL of p could begin a transaction that writes",
		"SELECT pg_terminate_backend(1)": "calling pg_terminate_backend has effects beyond its result",
		"LOCK t":                         "LOCK on t in this mode locks out those who write",
		"VACUUM t":                       "maintenance on t does more than read",
		"COPY t TO PROGRAM 'cat'":        "COPY with a program on t reaches the database server's own files and programs",
	} {
		if d := r.of(sql); !strings.HasPrefix(d.Reason, want+"; session rule lookers") {
			t.Errorf("%s: %s", sql, d.Reason)
		}
	}
}

func TestReadOnlyIsOfTheRuleThatDecides(t *testing.T) {
	const several = `sessions:
  - {name: a, action: allow, when: {user: app}}
  - {name: b, action: allow, read_only: true, when: {user: "*"}}
`
	p := mustParse(t, oneTarget+several)
	for user, want := range map[string]bool{"app": false, "ada": true} {
		c := Client{Source: from("staging"), User: user}
		if a := p.Admit(p.Targets[0], c); a.ReadOnly != want || p.Ruleset(p.Targets[0], c).ReadOnly() != want {
			t.Errorf("%s: %+v", user, a)
		}
	}
}

func TestInAuditModeNothingIsKeptReadOnly(t *testing.T) {
	p := mustParse(t, strings.Replace(oneTarget, "name: shop", "name: shop\n    mode: audit", 1)+lookers)
	r := p.Ruleset(p.Targets[0], Client{Source: from("production"), User: "app"})
	if got := outcome(r.of("INSERT INTO t VALUES (1)")); got != "would_deny builtin/read-only" || r.ReadOnly() {
		t.Errorf("%s, read-only %v", got, r.ReadOnly())
	}
}

func TestMistakesInReadOnlyAreNamedWithTheirPlace(t *testing.T) {
	compare(t, complaints(t, oneTarget+`sessions:
  - {name: a, action: deny, read_only: true}
  - {name: b, action: allow, read_only: true, when: {replication: true}}
  - {name: c, action: allow, read_only: yes please}
  - {name: d, action: deny, read_only: false}
`), []string{
		"7:40: read_only is for rules with action allow: it says what the session may do",
		"8:41: read_only is for sessions that send SQL: a replication connection runs no transaction that could be kept read-only",
		`9:41: expected true or false, found the text "yes please"`,
	})
}

// What the prefilter lets pass no rule of a read-only session refuses.
func TestInterestOfAReadOnlySessionCoversWhatItIsRefused(t *testing.T) {
	effects, _ := rulesOf(t, lookers+"builtin: false\n").Interest()
	if want := writing.With(parser.Function).With(parser.Settings).With(parser.Lock).With(parser.Transaction).With(parser.Execute); effects != want {
		t.Errorf("%s\nwant %s", effects, want)
	}
}
