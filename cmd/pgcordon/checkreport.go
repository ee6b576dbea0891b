package main

import (
	"fmt"
	"strings"

	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/rehearsal"
)

// checkReport is what check found out.
type checkReport struct {
	config  string
	strict  bool // what no test covers is a failure
	broken  []brokenFile
	files   []testedFile
	denied  map[policy.RuleName]bool // deny rules that were seen denying
	rules   []policy.RuleName        // all deny rules
	places  []policy.Place           // of rules
	covered int
}

// brokenFile is a file that cannot be used.
type brokenFile struct {
	name string
	err  error
}

// testedFile is a file of tests and what came of each.
type testedFile struct {
	tests   *policy.Tests
	results []*rehearsal.Result
}

func (r *checkReport) invalid(file string, err error) {
	r.broken = append(r.broken, brokenFile{file, err})
}

// run plays the tests of a file.
func (r *checkReport) run(p *policy.Policy, tests *policy.Tests) {
	f := testedFile{tests: tests}
	for i := range tests.List {
		result := rehearsal.Play(p, &tests.List[i])
		f.results = append(f.results, result)
		for _, rule := range result.Denied {
			if r.denied == nil {
				r.denied = map[policy.RuleName]bool{}
			}
			r.denied[rule] = true
		}
	}
	r.files = append(r.files, f)
}

// cover compares the policy's deny rules with those that were seen denying.
func (r *checkReport) cover(p *policy.Policy) {
	r.rules, r.places = p.DenyRules()
	for _, rule := range r.rules {
		if r.denied[rule] {
			r.covered++
		}
	}
}

func (r *checkReport) code() int {
	switch {
	case r.broken != nil:
		return wrongFile
	case r.failures() > 0:
		return failedTest
	case r.strict && r.covered < len(r.rules):
		return notCovered
	}
	return 0
}

func (r *checkReport) failures() (n int) {
	for i := range r.files {
		n += r.files[i].failed()
	}
	return n
}

// failed counts the tests that failed.
func (f *testedFile) failed() (n int) {
	for _, result := range f.results {
		if len(result.Failures) > 0 {
			n++
		}
	}
	return n
}

// print writes what differs to s.err, as a difference does it, and a summary to s.out.
func (r *checkReport) print(s *streams) {
	for i := range r.files {
		f := &r.files[i]
		decisions := 0
		for j, result := range f.results {
			decisions += result.Decisions
			for _, failure := range result.Failures {
				fmt.Fprint(s.err, difference(f.tests.Path, f.tests.List[j].Name, failure))
			}
		}
		fmt.Fprintf(s.out, "%s: %s, %s, %d failed\n", f.tests.Path,
			several(len(f.results), "test"), several(decisions, "decision"), f.failed())
	}
	if len(r.files) > 0 || r.strict {
		r.printCoverage(s)
	}
}

func (r *checkReport) printCoverage(s *streams) {
	for i, rule := range r.rules {
		if !r.denied[rule] {
			fmt.Fprintf(s.err, "%s:%d:%d: no test saw rule %s deny\n", r.config, r.places[i].Line, r.places[i].Column, rule.Name)
		}
	}
	fmt.Fprintf(s.out, "%s: %d of %s denied in a test\n", r.config, r.covered, several(len(r.rules), "deny rule"))
}

// difference shows what was expected and what came instead.
func difference(file, test string, f rehearsal.Failure) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s:%d:%d: %s: %s\n", file, f.Place.Line, f.Place.Column, test, oneLine(f.What))
	fmt.Fprintf(&out, "  - %s\n  + %s\n", f.Want, f.Got)
	if f.Reason != "" {
		fmt.Fprintf(&out, "    %s\n", f.Reason)
	}
	return out.String()
}

// oneLine keeps a message short: SQL can be long.
func oneLine(sql string) string {
	const longest = 120
	sql = strings.Join(strings.Fields(sql), " ")
	if runes := []rune(sql); len(runes) > longest {
		return string(runes[:longest]) + "..."
	}
	return sql
}
