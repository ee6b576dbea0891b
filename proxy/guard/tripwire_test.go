package guard

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pgcordon/pgcordon/identity"
	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/wire"
)

const threeTables = `
admin: {socket: /run/s}
builtin: false
tripwires: [{name: w, tables: 3, within: 1m}]
`

// tripwired is a bench whose tripwires count, before its login.
func tripwired(t *testing.T, yaml string) *bench {
	p, err := policy.Parse("test.yaml", []byte(head+yaml))
	if err != nil {
		t.Fatal(err)
	}
	client := policy.Client{Source: identity.Match{Environment: "production"}, User: "app"}
	watch, told := policy.NewWatch(time.Now, func() string { return "INCIDENT" }), 0
	return newBenchWith(t, Config{
		Rules: NewRules(p.Ruleset(p.Targets[0], client)),
		Claim: func([]policy.Claim) *policy.Spent { return nil },
		Watch: func(s *policy.Signs) (string, *policy.Trip) {
			told++
			return fmt.Sprintf("told-%d", told), watch.Count(policy.Between{Source: "production", Target: "shop"},
				p.TripwiresOf(p.Targets[0], client), false, &policy.Deed{Signs: s})
		},
	})
}

func TestStringThatTripsIsRefusedBeforeItRuns(t *testing.T) {
	tests := []struct {
		name string
		send [][]byte
		want string // decisions
	}{
		{"queries", [][]byte{query("TRUNCATE a"), query("TRUNCATE b"), query("TRUNCATE a"), query("TRUNCATE c")},
			"allow, allow, allow, deny builtin/tripwire"},
		{"one string", [][]byte{query("TRUNCATE a; DELETE FROM b; DROP TABLE c")}, "deny builtin/tripwire"},
		{"extended", [][]byte{parse("", "TRUNCATE a, b"), bind("", ""), execute(""), parse("", "TRUNCATE c"), bind("", ""), execute("")},
			"allow, deny builtin/tripwire"},
		{"what is only prepared or bound", [][]byte{parse("x", "TRUNCATE a"), parse("y", "TRUNCATE b"), parse("z", "TRUNCATE c"), bind("", "x"), bind("", "y"), bind("", "z")}, ""},
		{"what was prepared before", [][]byte{parse("x", "TRUNCATE c"), parse("y", "TRUNCATE a, b"), bind("", "y"), execute(""), bind("", "x"), execute("")},
			"allow, deny builtin/tripwire"},
		{"a name that stands for one of two", [][]byte{parse("x", "TRUNCATE a, b"), closeOf("S", "x"), parse("x", "TRUNCATE c"), bind("", "x"), execute("")},
			"deny builtin/tripwire"},
		{"EXECUTE", [][]byte{parse("p", "DELETE FROM c"), query("TRUNCATE a"), query("TRUNCATE b"), query("EXECUTE p")},
			"allow, allow, deny builtin/tripwire"},
		{"in a body", [][]byte{query("TRUNCATE a, b"), query("DO $$ BEGIN TRUNCATE c; END $$")}, "allow, deny builtin/tripwire"},
		{"after the trip", [][]byte{query("TRUNCATE a, b, c"), query("DELETE FROM a WHERE id = 1"), query("TRUNCATE a")},
			"deny builtin/tripwire, allow, deny builtin/tripwire"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := tripwired(t, threeTables)
			b.login()
			b.fromClient(tt.send...)
			if got := b.decisions(); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
			messages := strings.Split(b.sent(), " | ")
			if last := messages[len(messages)-1]; strings.HasSuffix(tt.want, "tripwire") != strings.Contains(last, "pgcordon_nonce") {
				t.Errorf("the last that the server reads is %s", last)
			}
		})
	}
}

func TestParametersDecideWhatCounts(t *testing.T) {
	b := tripwired(t, strings.Replace(threeTables, "tables: 3", "tables: 1", 1))
	b.login()
	b.fromClient(parse("p", "DELETE FROM a WHERE id = COALESCE($1, id)"), bindText("p", "7"), execute(""), bindNull("p"), execute(""))
	if got := b.decisions(); got != "allow, deny builtin/tripwire" {
		t.Error(got)
	}
	b = tripwired(t, strings.Replace(threeTables, "tables: 3", "tables: 1", 1))
	b.login()
	b.fromClient(query("PREPARE p AS DELETE FROM a WHERE id = COALESCE($1, id)"), query("EXECUTE p(7)"), query("EXECUTE p(NULL)"))
	if got := b.decisions(); got != "allow, allow, deny builtin/tripwire" {
		t.Error(got)
	}
}

func bindText(statement, value string) []byte {
	return message(wire.Bind, "\x00"+statement+"\x00\x00\x00\x00\x01\x00\x00\x00"+string(rune(len(value)))+value+"\x00\x00")
}

func bindNull(statement string) []byte {
	return message(wire.Bind, "\x00"+statement+"\x00\x00\x00\x00\x01\xff\xff\xff\xff\x00\x00")
}

func TestWhatCountsIsRecordedUnderTheEventThatWasCounted(t *testing.T) {
	b := tripwired(t, threeTables)
	b.login()
	b.fromClient(query("DELETE FROM a"), query("TRUNCATE b, c"))
	b.fromServer(done("DELETE 7"), z('I'))
	var got []string
	for _, e := range b.events {
		got = append(got, fmt.Sprintf("%d %s %d", e.Kind, e.ID, e.Rows))
		if e.Kind == Refused && (e.Decision.Trip == nil || !strings.Contains(e.Decision.Reason, "incident INCIDENT")) {
			t.Errorf("%+v", e.Decision)
		}
	}
	if want := fmt.Sprintf("%d told-2 -1, %d told-1 7", Refused, Executed); strings.Join(got, ", ") != want {
		t.Errorf("%q, want %q", strings.Join(got, ", "), want)
	}
}

func TestNothingOfAStrangerIsJudged(t *testing.T) {
	for _, yaml := range []string{threeTables, "tripwires: [{name: w, refusals: 3, within: 1m}]"} {
		for name, sent := range map[string][]byte{
			"Query": query("TRUNCATE a, b, c"), "Parse": parse("", "COPY a TO PROGRAM 'x'"), "Execute": execute(""),
			"Bind": message(wire.Bind, strings.Repeat("x", 2*bindNamesSize)), "FunctionCall": message(wire.FunctionCall, "\x00\x00\xff\xff"),
		} {
			b := tripwired(t, yaml)
			b.fromClient(sent)
			if len(b.events) > 0 || len(b.judged) > 0 || b.passed > 0 || len(b.toServer) > 0 {
				t.Errorf("%s: judged %v, sent %s", name, b.decisions(), b.sent())
			}
			b.fromServer(message(wire.Authentication, "\x00\x00\x00\x00"))
			b.fromClient(sync()) // wakes the bench up
			if len(b.judged)+b.passed+len(b.toServer) == 0 {
				t.Errorf("%s: held although the login is accepted", name)
			}
		}
	}
}
