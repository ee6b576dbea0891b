package suites

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
)

var whole = flag.Bool("whole", false, "run the suites as a whole and write docs/transparency.md")

func TestSuitesCannotTellTheGuardFromTheServer(t *testing.T) {
	guardings, err := policies()
	if err != nil {
		t.Fatal(err)
	}
	list, err := parseKnown(differences)
	if err != nil {
		t.Fatal(err)
	}
	var findings []finding
	for _, s := range all {
		t.Run(s.name, func(t *testing.T) {
			direct := observe(t, s)
			for _, g := range guardings {
				if !*whole && !g.brief {
					continue
				}
				t.Run(g.name, func(t *testing.T) { findings = append(findings, direct.compareTo(t, s, g, list)) })
			}
		})
	}
	if !*whole || t.Failed() || len(findings) < len(all)*len(guardings) { // of some it would say nothing
		return
	}
	if err := os.WriteFile("../../docs/transparency.md", []byte(document(guardings, findings)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// observed is what a suite says of the server itself.
type observed struct {
	tests    []string // that ran; nil: all
	results  string
	unstable []hunk
}

// observe runs a suite directly: as a whole twice, to learn what differs by itself.
func observe(t *testing.T, s suite) observed {
	if !*whole {
		return observed{tests: s.brief, results: run(t, s, s.brief, "")}
	}
	o := observed{results: run(t, s, nil, "")}
	var err error
	if o.unstable, err = compare(o.results, run(t, s, nil, "")); err != nil {
		t.Fatal(err)
	}
	return o
}

// compareTo runs the suite through a guard. Every difference must be a known one, and every known one
// must show.
func (o observed) compareTo(t *testing.T, s suite, g guarding, list []known) finding {
	guarded := run(t, s, o.tests, g.config)
	hunks, err := compare(o.results, guarded)
	if err != nil {
		t.Fatal(err)
	}
	names, err := files(o.results)
	if err != nil {
		t.Fatal(err)
	}
	f := finding{suite: s, policy: g.name, unstable: len(o.unstable), hunks: stable(hunks, o.unstable)}
	for _, name := range names {
		if strings.HasSuffix(name, ".out") {
			f.tests = append(f.tests, strings.TrimSuffix(name, ".out"))
		}
	}
	if len(f.tests) < max(len(o.tests), 10) {
		t.Errorf("only %d tests have results: %s", len(f.tests), f.tests)
	}
	var unexplained []hunk
	var missing []known
	f.reasons, unexplained, missing = explain(g.name, s.name, f.hunks, list,
		func(file string) bool { return slices.Contains(names, file) })
	for _, h := range unexplained {
		t.Errorf("a new difference, line %d; once it has a reason, add it to differences.txt:\n%s %s %s\n%s",
			h.first, g.name, s.name, h.file, h.text)
	}
	for _, k := range missing {
		t.Errorf("a known difference is gone; take it out of differences.txt:\n%s %s %s\n%s", k.policy, k.suite, k.file, k.text)
	}
	return f
}
