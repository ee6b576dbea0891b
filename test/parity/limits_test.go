package parity

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pgcordon/pgcordon/test/pgtest"
)

// limits are set so high that no script reaches them, and hold back every commit.
var limits = map[string]struct {
	rules string
	// shows are the scripts that tell the difference, and why.
	shows map[string]string
}{
	"rows": {
		rules: `statements: [{name: counted, action: allow, max_rows: {statement: 1000000000, transaction: 1000000000}, when: {effect: [insert, update, delete, merge, copy_in]}}]`,
		shows: map[string]string{
			"texts_of_writes":         escapes,
			"queries_behind_extended": leftOpen,
		},
	},
	"effects": {
		rules: `transactions: [{name: asked, max_effects: {deleted: 1000000000, updated: 1000000000, inserted: 1000000000, truncated: 1000000000, altered: 1000000000}}]`,
		shows: map[string]string{
			"texts_of_writes":         escapes,
			"lexical_oddities":        escapes,
			"queries_behind_extended": leftOpen,
			"cursors":                 "a cursor WITH HOLD runs its query when the transaction commits, and is refused",
			"function_call_errors":    "a FunctionCall outside of a block commits at once, and is refused",
			"notices":                 "the line of the server's source that warns of a COMMIT outside of a block is another one inside of a string",
		},
	},
}

// Reasons that several scripts share.
const (
	escapes  = "with standard_conforming_strings off, a string of several readings cannot be taken apart, and is refused"
	leftOpen = "18 says T behind a Query in an open section, although nothing is open; in a block of the guard's own it does not"
)

func TestLimitsThatAreNotReachedCannotBeTold(t *testing.T) {
	for name, l := range limits {
		for _, major := range []int{slices.Min(pgtest.Majors), slices.Max(pgtest.Majors)} {
			t.Run(name+" "+strconv.Itoa(major), func(t *testing.T) {
				server := pgtest.Shared(t, major)
				guard := pgtest.StartGuard(t, limiting(l.rules, server.Addr()))
				prepare(t, server)
				activity := watch(t, server)
				for script, commands := range scripts(t) {
					t.Run(script, func(t *testing.T) {
						switch why := l.shows[script]; {
						case why == "":
							compare(t, script, commands, server.Addr(), guard.Addr, activity)
						case why == leftOpen && major < 18:
						case !differs(t, commands, server.Addr(), guard.Addr, activity):
							t.Errorf("there is no difference any more: %s", why)
						}
					})
				}
			})
		}
	}
}

// limiting is the policy with other rules.
func limiting(rules, upstream string) string {
	return strings.NewReplacer("UPSTREAM", upstream, guarded, rules).Replace(policy)
}

// differs tells whether a script gets different answers.
func differs(t *testing.T, commands []command, server, guarded string, b backends) bool {
	t.Helper()
	want, err := run(commands, server, inOnePiece, b)
	if err != nil {
		t.Fatalf("direct: %v", err)
	}
	got, err := run(commands, guarded, inOnePiece, b)
	return err != nil || difference(want, got) != ""
}
