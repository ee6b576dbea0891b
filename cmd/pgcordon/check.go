package main

import (
	"errors"
	"fmt"

	"github.com/pgcordon/pgcordon/policy"
)

type checkCommand struct {
	Config string `short:"c" required:"" placeholder:"FILE" help:"Configuration file."`
}

// Run prints everything that is wrong with the file, a line an error, and exits
// with status 1 where there is anything.
func (c *checkCommand) Run(s *streams) error {
	p, err := policy.Load(c.Config)
	if err != nil {
		s.report(c.Config, err)
		return exitCode(1)
	}
	for _, w := range p.Warnings {
		fmt.Fprintln(s.err, w.Error())
	}
	fmt.Fprintf(s.out, "%s: ok: %d targets, %d warnings\n", c.Config, len(p.Targets), len(p.Warnings))
	return nil
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
	fmt.Fprintf(s.err, "%s: %d errors\n", file, len(all))
}
