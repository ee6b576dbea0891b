package guard

import (
	"strings"
	"testing"
	"time"

	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/wire"
)

// operators are asked by a guard; left is how often they still let each statement through.
type operators struct{ left map[Fingerprint]int }

func (o *operators) Covers(f Fingerprint) bool { return o.left[f] > 0 }

func (o *operators) Take(f Fingerprint) *Approval {
	if o.left[f] == 0 {
		return nil
	}
	o.left[f]--
	return &Approval{ID: "event-1", By: []Consent{{UID: 7, Reason: "meant"}}}
}

const broken = `
admin: {socket: /run/s, break_glass: {}}
statements:
  - {name: once, action: allow, allowance: {per: 1h}, when: {effect: [truncate, delete], relation: events}}
  - {name: never, action: deny, break_glass: false, when: {effect: "@destructive", relation: payments}}
  - {name: no-kills, action: deny, when: {function: pg_terminate_backend}}
`

// operated is a bench after a login whose refusals operators may overrule.
func operated(t testing.TB) (*bench, *operators) {
	o := &operators{left: map[Fingerprint]int{}}
	return operatedBy(t, broken, o), o
}

// operatedBy is a bench after a login whose guard asks operators.
func operatedBy(t testing.TB, yaml string, o *operators) *bench {
	allowances := policy.NewAllowances(time.Now)
	b := newBenchWith(t, Config{Rules: rulesOf(t, yaml), Claim: func(c []policy.Claim) *policy.Spent {
		return allowances.Claim(policy.Holder{}, c)
	}})
	b.guard.Ask(o)
	b.login()
	return b
}

// appeal returns what operators see of the last refusal.
func (b *bench) appeal() *Appeal {
	b.t.Helper()
	for i := len(b.events) - 1; i >= 0; i-- {
		if b.events[i].Kind == Refused {
			return b.events[i].Appeal
		}
	}
	b.t.Fatal("nothing was refused")
	return nil
}

func bindTo(stmt string, values ...string) []byte {
	body := "\x00" + stmt + "\x00\x00\x00\x00" + string(rune(len(values)))
	for _, v := range values {
		body += "\x00\x00\x00" + string(rune(len(v))) + v
	}
	return message(wire.Bind, body+"\x00\x00")
}

// run sends a statement in the extended protocol.
func run(sql string, values ...string) [][]byte {
	return [][]byte{parse("", sql), bindTo("", values...), execute(""), sync()}
}

func TestWhatAnOperatorLetsThroughIsThatStatementOnly(t *testing.T) {
	const sql = "DELETE FROM t WHERE id > 100"
	const valued = "DELETE FROM t WHERE id > $1"
	tests := []struct {
		name          string
		refused, then [][]byte
		want          string // what is decided on the latter
	}{
		{"once, in the simple protocol", [][]byte{query(sql)}, [][]byte{query(sql), query(sql)},
			"record builtin/unbounded-delete, deny builtin/unbounded-delete"},
		{"once, in the extended protocol", run(sql), append(run(sql), parse("", sql), bindTo("")),
			"record builtin/unbounded-delete, deny builtin/unbounded-delete"},
		{"in either protocol", [][]byte{query(sql)}, run(sql), "record builtin/unbounded-delete"},
		{"spelt otherwise", [][]byte{query(sql)}, [][]byte{query("delete  from T /* now */ where ID>100")},
			"record builtin/unbounded-delete"},
		{"another literal", [][]byte{query(sql)}, [][]byte{query("DELETE FROM t WHERE id > 0")}, "deny builtin/unbounded-delete"},
		{"one more statement", [][]byte{query(sql)}, [][]byte{query(sql + "; " + sql)}, "deny builtin/unbounded-delete"},
		{"the same value", run(valued, "100"), run(valued, "100"), "record builtin/unbounded-delete"},
		{"another value", run(valued, "100"), run(valued, "0"), "deny builtin/unbounded-delete"},
		{"a value that decides", run("DELETE FROM t WHERE $1 IS NULL OR id > $2", "1", "100"),
			run("DELETE FROM t WHERE $1 IS NULL OR id > $2", "1", "0"), "deny builtin/unbounded-delete"},
		{"a prepared statement", [][]byte{parse("s", sql), bindTo("s"), sync()},
			[][]byte{bindTo("s"), bindTo("s"), execute(""), execute(""), bindTo("s")},
			"record builtin/unbounded-delete, allow, deny builtin/unbounded-delete"},
		{"preparing uses nothing up", [][]byte{query(sql)}, [][]byte{parse("a", sql), parse("", sql), query(sql)},
			"record builtin/unbounded-delete"},
		{"what was bound before it was used up", run(sql),
			[][]byte{parse("s", sql), bind("p", "s"), bind("q", "s"), execute("p"), execute("q")},
			"record builtin/unbounded-delete, deny builtin/unbounded-delete"},
		{"a type of a parameter", run(valued, "100"),
			[][]byte{message(wire.Parse, "\x00"+valued+"\x00\x00\x01\x00\x00\x00\x19"), bindTo("", "100")}, "deny builtin/unbounded-delete"},
		{"beyond an allowance", [][]byte{query("TRUNCATE events; TRUNCATE events")}, [][]byte{query("TRUNCATE events; TRUNCATE events")},
			"record builtin/truncate"},
		{"a value beyond an allowance", append(run("DELETE FROM events WHERE id > $1", "100"), run("DELETE FROM events WHERE id > $1", "100")...),
			run("DELETE FROM events WHERE id > $1", "0"), "deny builtin/unbounded-delete"},
		{"what is prepared under the name", [][]byte{query(sql)}, [][]byte{query("PREPARE s AS " + sql), query("EXECUTE s")},
			"deny builtin/unbounded-delete, allow"},
		{"bound to EXECUTE of it", [][]byte{query(sql)}, [][]byte{parse("s", sql), parse("", "EXECUTE s"), bindTo("")},
			"deny builtin/unbounded-delete, deny builtin/unknown"},
		{"behind a temporary table", [][]byte{query(sql)}, [][]byte{query("CREATE TEMP TABLE x (a int)"), query(sql)},
			"allow, deny builtin/unbounded-delete"},
		{"behind a search path", [][]byte{query(sql)}, [][]byte{query("SET search_path = x"), query(sql)},
			"allow, deny builtin/unbounded-delete"},
		{"behind a role", [][]byte{query(sql)}, [][]byte{query("SET ROLE x"), query(sql)}, "allow, deny builtin/unbounded-delete"},
		{"behind a date style under way", [][]byte{query(sql)}, [][]byte{query("SET datestyle = 'DMY'"), query(sql)},
			"allow, deny builtin/unbounded-delete"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b, o := operated(t)
			b.fromClient(test.refused...)
			if test.refused[0][0] == wire.Parse {
				b.fromServer(message(wire.ParseComplete, ""))
			}
			b.fromServer(serverError("22P02", "pgcordon_nonce1"), z('I'))
			a := b.appeal()
			if a == nil || a.Barred != "" {
				t.Fatalf("no operator can let it through: %+v", a)
			}
			o.left[a.Fingerprint] = 1
			b.judged = nil
			b.fromClient(test.then...)
			if got := b.decisions(); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

// Another session's facts are part of what is let through.
func TestWhatAnOperatorLetsThroughHoldsForSessionsLikeIt(t *testing.T) {
	const sql = "DELETE FROM t WHERE day < '01/02/2026'"
	german := message(wire.ParameterStatus, "DateStyle\x00German\x00")
	for name, test := range map[string]struct {
		first, second []byte
		want          string
	}{
		"alike":           {german, german, "record builtin/unbounded-delete"},
		"another style":   {german, message(wire.ParameterStatus, "DateStyle\x00ISO, MDY\x00"), "deny builtin/unbounded-delete"},
		"another of none": {german, nil, "deny builtin/unbounded-delete"},
	} {
		t.Run(name, func(t *testing.T) {
			b, o := operated(t)
			b.fromServer(test.first)
			b.fromClient(query(sql))
			o.left[b.appeal().Fingerprint] = 1
			other := operatedBy(t, broken, o)
			other.fromServer(test.second)
			other.fromClient(query(sql))
			if got := other.decisions(); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

func TestWhatNoOperatorCanLetThroughSaysWhy(t *testing.T) {
	long := "DELETE FROM t WHERE id > 1 --" + strings.Repeat("x", 1<<19)
	tests := []struct {
		name string
		send [][]byte
		want string
	}{
		{"a rule says so", [][]byte{query("TRUNCATE payments")}, "rule never refuses it"},
		{"a rule says so of another act", [][]byte{query("TRUNCATE t; TRUNCATE payments")}, "rule never refuses it"},
		{"too long to be parsed", [][]byte{query(long)}, notWhole},
		{"too long to be inspected", [][]byte{query(long + long)}, notWhole},
		{"a value too long to be inspected", [][]byte{parse("", "DELETE FROM t WHERE a > $1"),
			message(wire.Bind, "\x00\x00\x00\x00\x00\x01\x00\x10\x00\x00"+strings.Repeat("x", 1<<20)+"\x00\x00")}, notWhole},
		{"PREPARE", [][]byte{query("PREPARE s AS DELETE FROM t")}, named},
		{"EXECUTE", [][]byte{query("PREPARE s(int) AS DELETE FROM t WHERE $1 IS NULL OR id = $1"), query("EXECUTE s(NULL)")}, notWhole},
		{"a name of two meanings", [][]byte{parse("s", "TRUNCATE t"), closeOf("S", "s"), parse("s", "TRUNCATE u"), bindTo("s")}, unclearName},
		{"a function by its number", [][]byte{wire.AppendFunctionCall(nil, 2096)}, notWhole},
		{"a search path", [][]byte{query("SET search_path = x"), query("TRUNCATE t")}, unclearNames},
		{"another reading of strings", [][]byte{query("SET standard_conforming_strings = off"), query("TRUNCATE t")}, unclearText},
		{"another encoding", [][]byte{query("SET client_encoding = 'sjis'"), query("TRUNCATE \xe4")}, unclearText},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b, o := operated(t)
			b.fromClient(test.send...)
			a := b.appeal()
			if a == nil || !strings.Contains(a.Barred, test.want) {
				t.Fatalf("%+v, want %s", a, test.want)
			}
			o.left[a.Fingerprint] = 1
			b.fromClient(test.send[len(test.send)-1])
			if got := b.decisions(); strings.Contains(got, "record") {
				t.Errorf("let through all the same: %s", got)
			}
		})
	}
}

func TestTheHintSaysHowAnOperatorLetsItThrough(t *testing.T) {
	const order = "To let it through once: pgcordon allow event-1 --once --reason TEXT"
	for sql, told := range map[string]bool{"TRUNCATE t": true, "TRUNCATE payments": false} {
		b, _ := operated(t)
		b.fromClient(query(sql))
		b.fromServer(serverError("22P02", `"pgcordon_nonce1"`), z('I'))
		if got := string(b.toClient); strings.Contains(got, order) != told {
			t.Errorf("%s: %s", sql, got)
		}
	}
}

func TestOperatorsHaveNoSayUnlessThePolicySaysSo(t *testing.T) {
	b := operatedBy(t, "", &operators{})
	b.fromClient(parse("", "TRUNCATE t"))
	if a := b.appeal(); a != nil {
		t.Errorf("%+v", a)
	}
	if b.guard.glass != nil {
		t.Error("facts are followed for nothing")
	}
}

// Whoever was let through by a rule of an older policy has no text to show.
func TestAReloadKeepsWhatOperatorsLetThrough(t *testing.T) {
	b, o := operated(t)
	b.fromClient(parse("s", "TRUNCATE t"), bindTo("s"), sync())
	b.fromServer(message(wire.ParseComplete, ""), serverError("26000", "pgcordon_nonce1"), z('I'))
	o.left[b.appeal().Fingerprint] = 2
	b.judged = nil
	b.guard.Adopt(rulesOf(t, broken+"\nfunctions: [other]"))
	b.fromClient(bindTo("s"), execute(""))
	b.guard.Adopt(rulesOf(t, strings.Replace(broken, "relation: payments", "relation: t", 1)))
	b.fromClient(bindTo("s"))
	b.guard.Adopt(rulesOf(t, ""))
	b.fromClient(query("TRUNCATE t"))
	const want = "record builtin/truncate, deny never, deny builtin/truncate"
	if got := b.decisions(); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
