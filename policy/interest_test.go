package policy

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/pgcordon/pgcordon/parser"
)

func TestInterestIsInWhatIsNotPlainlyAllowed(t *testing.T) {
	const safe = "update,delete,truncate,drop,alter,copy_program,dynamic,execute,unknown"
	tests := []struct {
		name, statements string
		effects          string
		functions        []string
	}{
		{"nothing", "builtin: false\n", "", nil},
		{"the built-in rules", "builtin: true\n", safe, nil},
		{"a deny", "builtin: false\nstatements: [{name: a, action: deny, when: {effect: drop}}]\n", "drop,execute", nil},
		{"an audit", "builtin: false\nstatements: [{name: a, action: audit, when: {effect: insert}}]\n", "insert,execute", nil},
		{"a deny in audit mode", "builtin: false\nstatements: [{name: a, action: deny, mode: audit, when: {effect: drop}}]\n", "drop,execute", nil},
		{"an allow for everything", "statements: [{name: a, action: allow}]\n", "", nil},
		{"an allow for everything of another user", "statements: [{name: a, action: allow, when: {user: other}}]\n", safe, nil},
		{"an allow for an effect", "statements: [{name: a, action: allow, when: {effect: [truncate, drop, unknown]}}]\n",
			"update,delete,alter,copy_program,dynamic,execute", nil},
		{"an allow for some relations", "statements: [{name: a, action: allow, when: {effect: truncate, relation: tmp_*}}]\n", safe, nil},
		{"an allow for some breadths", "statements: [{name: a, action: allow, when: {effect: delete, breadth: open_range}}]\n", safe, nil},
		{"an audit before an allow", "statements: [{name: a, action: audit, when: {effect: read}}, {name: b, action: allow}]\n", "read,execute", nil},
		{"a deny for a breadth", "builtin: false\nstatements: [{name: a, action: deny, when: {breadth: none}}]\n", "update,delete,lock,execute", nil},
		{"a deny for functions", "builtin: false\nstatements: [{name: a, action: deny, when: {function: [App.Purge, lo_unlink]}}]\n",
			"execute", []string{"purge", "lo_unlink"}},
		{"a deny for procedures", "builtin: false\nstatements: [{name: a, action: deny, when: {effect: call, function: app.purge}}]\n",
			"execute", []string{"purge"}},
		{"a deny for functions by glob", "builtin: false\nstatements: [{name: a, action: deny, when: {function: \"purge_*\"}}]\n",
			parser.AllEffects.String(), nil},
		{"a deny for a function whose name is no word", "builtin: false\nstatements: [{name: a, action: deny, when: {function: \"pur ge\"}}]\n",
			parser.AllEffects.String(), nil},
		{"functions that nothing is said about", "builtin: false\nfunctions: app.purge\n", "", nil},
		{"functions that a deny is about", "builtin: false\nfunctions: app.purge\nstatements: [{name: a, action: deny, when: {effect: function}}]\n",
			"function,execute", []string{"purge"}},
		{"an allow for functions alone", "builtin: false\nstatements: [{name: a, action: allow, when: {function: \"a*\"}}]\n", "", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			effects, functions := rulesOf(t, test.statements).Interest()
			if effects.String() != test.effects || !slices.Equal(functions, test.functions) {
				t.Errorf("got  %s %q\nwant %s %q", effects, functions, test.effects, test.functions)
			}
		})
	}
}

// A text in which nothing of interest was found is not parsed, so whatever a
// parser would have found in it must be allowed and leave no trace.
func TestWhatIsOfNoInterestIsPlainlyAllowed(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		content := randomRules(random)
		r := rulesOf(t, content)
		effects, functions := r.Interest()
		s := randomSummary(random)
		everything := effects.Has(parser.Read) // no word announces a read, so every text is parsed
		if everything || s.Effects.Intersects(effects) || callsAny(s, functions) {
			continue
		}
		for _, changed := range []bool{false, true} {
			if d := r.Decide(s, Context{SearchPathChanged: changed}); outcome(d) != "allow" || d.Claims != nil {
				t.Fatalf("%+v\nis of no interest (%s %q) under\n%s\nyet %+v", s, effects, functions, content, d)
			}
		}
	}
}

// A rule that check calls hidden by another matches nothing that the other does not.
func TestAHiddenRuleMatchesNothingOfItsOwn(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	hidden := 0
	for range 5_000 {
		p := mustParse(t, oneTarget+randomRules(random))
		last := len(p.statements) - 1
		earlier, later := &p.statements[0], &p.statements[last]
		if last == 0 || !earlier.hides(later) {
			continue
		}
		hidden++
		for range 20 {
			for _, act := range randomSummary(random).Statements[0].Acts {
				if act.Object == "" && unnamed.Has(act.Effect) {
					continue // a name that the text leaves open
				}
				for _, s := range []scope{{path: []string{"s"}}, {path: []string{"s", "x"}}, {changed: true}} {
					if later.matches(&act, &s) && !earlier.matches(&act, &s) {
						t.Fatalf("%+v hides %+v, but for %+v", earlier, later, act)
					}
				}
			}
		}
	}
	if hidden < 100 {
		t.Errorf("%d rules are hidden", hidden)
	}
}

func callsAny(s *parser.Summary, names []string) bool {
	for _, statement := range s.Statements {
		called := slices.Clone(statement.Functions)
		for _, act := range statement.Acts {
			called = append(called, act.Object)
		}
		for _, function := range called {
			if _, name := splitFunction(function); slices.Contains(names, name) {
				return true
			}
		}
	}
	return false
}

func pick(random *rand.Rand, choice ...string) string { return choice[random.IntN(len(choice))] }

func randomRules(random *rand.Rand) string {
	var out strings.Builder
	fmt.Fprintf(&out, "builtin: %v\n", random.IntN(3) == 0)
	if random.IntN(2) == 0 {
		out.WriteString("functions: [s.f, g]\n")
	}
	out.WriteString("statements:\n")
	for i := range 1 + random.IntN(4) {
		action := pick(random, "allow", "allow", "deny", "audit")
		fmt.Fprintf(&out, "  - {name: r%d, action: %s", i, action)
		if action == "deny" && random.IntN(3) == 0 {
			out.WriteString(", mode: audit")
		}
		if action == "allow" && random.IntN(3) == 0 {
			out.WriteString(", allowance: {per: 1h}")
		}
		var when []string
		add := func(key string, values ...string) {
			if random.IntN(3) == 0 {
				when = append(when, key+": "+pick(random, values...))
			}
		}
		add("user", "app", "other", "a*")
		add("effect", "[read]", `["@write", call]`, "[function, drop]", "[call]", "[do, execute, unknown]")
		add("relation", "t", "s.t", `"*"`)
		add("breadth", "none", "[open_range, bounded]")
		add("function", "f", "s.f", "[f, h]", `"f*"`)
		add("object", "f", "s.f", `"*"`)
		add("trait", "cascade", "[cascade, temporary]")
		fmt.Fprintf(&out, ", when: {%s}}\n", strings.Join(when, ", "))
	}
	return out.String()
}

func randomSummary(random *rand.Rand) *parser.Summary {
	statement := parser.Statement{}
	for range random.IntN(4) {
		a := parser.Act{Effect: parser.AllEffects.List()[random.IntN(len(parser.EffectNames()))]}
		switch {
		case calling.Has(a.Effect):
			a.Object = pick(random, "f", "s.f", "g", "h", "x.f", "k")
		case random.IntN(3) == 0:
			a.Object = pick(random, "f", "s.f", "k", "x.f")
		case random.IntN(3) > 0:
			a.Relation = parser.Relation{Schema: pick(random, "", "s", "x"), Name: pick(random, "t", "u")}
		}
		if predicated.Has(a.Effect) {
			a.Breadth = parser.Breadth(random.IntN(int(parser.Key) + 1))
		}
		switch random.IntN(4) {
		case 0:
			a.Traits = parser.TraitsOf(parser.Cascade)
		case 1:
			a.Traits = parser.TraitsOf(parser.Temporary)
		}
		statement.Acts = append(statement.Acts, a)
	}
	for range random.IntN(3) {
		statement.Functions = append(statement.Functions, pick(random, "f", "s.f", "g", "h", "x.f", "now", "fx"))
	}
	s := &parser.Summary{Parsed: true, Statements: []parser.Statement{statement}}
	for _, a := range statement.Acts {
		s.Effects = s.Effects.With(a.Effect)
	}
	return s
}
