package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/pgcordon/pgcordon/policy"
)

type checkCommand struct {
	Config         string   `short:"c" required:"" placeholder:"FILE" help:"Configuration file."`
	Tests          []string `placeholder:"FILE" help:"Files of tests. Without it: the one beside the configuration, pgcordon.test.yaml for pgcordon.yaml, if it exists."`
	NoTests        bool     `help:"Run no tests."`
	StrictCoverage bool     `help:"Fail if a deny rule was denying in no test."`
	JUnit          string   `name:"junit" placeholder:"FILE" help:"Write a JUnit report for CI."`
}

// What check ends with. The least that applies counts.
const (
	wrongFile  = 1 // the policy or a file of tests is invalid, or cannot be read
	failedTest = 2 // a test found another decision than it expects
	notCovered = 3 // with --strict-coverage: a deny rule was denying in no test
)

// Run prints everything that is wrong with the file, a line an error, runs the tests
// of the policy, and exits with one of the statuses above where anything is amiss.
func (c *checkCommand) Run(s *streams) error {
	r := &checkReport{config: c.Config, strict: c.StrictCoverage}
	code := c.check(s, r)
	if c.JUnit != "" {
		if err := r.writeJUnit(c.JUnit); err != nil {
			return fmt.Errorf("--junit: %w", err)
		}
	}
	if code != 0 {
		return exitCode(code)
	}
	return nil
}

func (c *checkCommand) check(s *streams, r *checkReport) int {
	p, err := policy.Load(c.Config)
	if err != nil {
		s.report(c.Config, err)
		r.invalid(c.Config, err)
		return wrongFile
	}
	for _, w := range p.Warnings {
		fmt.Fprintln(s.err, w.Error())
	}
	fmt.Fprintf(s.out, "%s: ok: %s, %s\n", c.Config, several(len(p.Targets), "target"), several(len(p.Warnings), "warning"))
	for _, file := range c.files() {
		tests, err := policy.LoadTests(file, p)
		if err != nil {
			s.report(file, err)
			r.invalid(file, err)
			continue
		}
		r.run(p, tests)
	}
	r.cover(p)
	r.print(s)
	return r.code()
}

// files returns the files of tests that are to be run.
func (c *checkCommand) files() []string {
	if c.NoTests {
		return nil
	}
	if c.Tests != nil {
		return c.Tests
	}
	beside := policy.TestsBeside(c.Config)
	if _, err := os.Stat(beside); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return []string{beside}
}

// report prints a configuration's errors as file:line:column: message.
func (s *streams) report(file string, err error) {
	var all policy.Errors
	if !errors.As(err, &all) {
		fmt.Fprintf(s.err, "%s: %v\n", file, err)
		return
	}
	for _, e := range all {
		fmt.Fprintln(s.err, e.Error())
	}
	fmt.Fprintf(s.err, "%s: %s\n", file, several(len(all), "error"))
}

// several returns "1 test" or "2 tests".
func several(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}
