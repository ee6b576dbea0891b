package guard

import (
	"strings"
	"testing"
	"time"

	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/wire"
)

const once = `
statements:
  - {name: once, action: allow, allowance: {per: 1h}, when: {effect: truncate, relation: events}}
  - {name: calls, action: allow, allowance: {per: 1h}, when: {function: pg_terminate_backend}}
  - {name: no-calls, action: deny, when: {function: pg_terminate_backend}}
`

// counting is a bench after a login whose clock the test moves.
func counting(t *testing.T, yaml string) (b *bench, now *time.Time) {
	now = &time.Time{}
	allowances := policy.NewAllowances(func() time.Time { return *now })
	b = newBenchWith(t, Config{Rules: rulesOf(t, yaml), Claim: func(c []policy.Claim) *policy.Spent {
		return allowances.Claim(policy.Holder{Target: "shop", User: "app"}, c)
	}})
	b.login()
	return b, now
}

// decisions tells what was decided on the statements since the last call.
func (b *bench) decisions() string {
	var words []string
	for _, d := range b.judged {
		switch {
		case d.Deny:
			words = append(words, "deny "+d.Rule)
		case d.Record:
			words = append(words, "record "+d.Rule)
		default:
			words = append(words, "allow")
		}
	}
	b.judged = nil
	return strings.Join(words, ", ")
}

func TestAnAllowanceIsUsedByWhatExecutes(t *testing.T) {
	const sql = "TRUNCATE events"
	tests := []struct {
		name string
		send [][]byte
		want string
	}{
		{"queries", [][]byte{query(sql), query(sql)},
			"record once, deny builtin/truncate"},
		{"a string of two", [][]byte{query(sql + ";" + sql), query(sql)},
			"deny builtin/truncate, record once"},
		{"Parse and Bind use nothing", [][]byte{parse("", sql), bind("", ""), parse("", sql), bind("", ""), execute(""), execute("")},
			"record once, deny builtin/truncate"},
		{"what was prepared before it was used up", [][]byte{parse("s", sql), bind("p", "s"), bind("q", "s"), execute("p"), execute("q")},
			"record once, deny builtin/truncate"},
		{"EXECUTE in SQL", [][]byte{query("PREPARE s AS SELECT 1"), query("EXECUTE s"), query(sql), query("EXECUTE s")},
			"allow, allow, record once, allow"},
		{"EXECUTE in SQL of what uses it", [][]byte{parse("s", sql), query("EXECUTE s"), query("EXECUTE s")},
			"record once, deny builtin/truncate"},
		{"EXECUTE twice in a string", [][]byte{parse("s", sql), query("EXECUTE s; EXECUTE s")},
			"deny builtin/truncate"},
		{"function calls", [][]byte{wire.AppendFunctionCall(nil, 2096), wire.AppendFunctionCall(nil, 2096)},
			"record calls, deny no-calls"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b, now := counting(t, once)
			b.fromClient(test.send...)
			if got := b.decisions(); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
			*now = now.Add(time.Hour)
			b.fromClient(query(sql))
			if got := b.decisions(); got != "record once" {
				t.Errorf("an hour later: %s", got)
			}
		})
	}
}

// A COPY swallows the messages that would give a name another meaning, so both
// statements may be the one that runs, and both use their allowance.
func TestANameOfTwoMeaningsUsesBothAllowances(t *testing.T) {
	b, _ := counting(t, `
statements:
  - {name: one, action: allow, allowance: {per: 1h}, when: {effect: truncate, relation: a}}
  - {name: two, action: allow, allowance: {per: 1h}, when: {effect: truncate, relation: b}}
`)
	b.fromClient(parse("s", "TRUNCATE a"), sync())
	b.fromServer(message(wire.ParseComplete, ""), z('I'))
	b.fromClient(query("TRUNCATE a"))
	b.fromServer(done("TRUNCATE TABLE"), z('I'))
	b.decisions()
	b.fromClient(closeOf("S", "s"), parse("s", "TRUNCATE b"), bind("", "s"), execute(""))
	if got := b.decisions(); got != "deny builtin/truncate" {
		t.Errorf("%s, though the server may execute TRUNCATE a once more", got)
	}
}

func TestTheClientReadsWhenAnAllowanceIsNext(t *testing.T) {
	b, _ := counting(t, once)
	b.fromClient(query("TRUNCATE events"))
	b.fromServer(done("TRUNCATE TABLE"), z('I'))
	b.fromClient(query("TRUNCATE events"))
	b.fromServer(serverError("22P02", `invalid input syntax for type integer: "pgcordon_nonce1"`), z('I'))
	const want = "rule once allows no more than 1 statement in 1h, next at 0001-01-01T01:00:00Z"
	if got := b.received(); !strings.Contains(got, want) {
		t.Errorf("no %q in %s", want, got)
	}
}
