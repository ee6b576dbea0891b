package main

import (
	"fmt"

	"github.com/pgcordon/pgcordon/proxy/admin"
)

type releaseCommand struct {
	adminSocket
	Source string `placeholder:"ENV" help:"The lockdown's source, as it was given."`
	Target string `placeholder:"TARGET" help:"The lockdown's target, as it was given."`
	Reason string `placeholder:"TEXT" help:"Why, for the audit log."`
}

// Run lifts the lockdown of exactly this source and target.
func (c *releaseCommand) Run(s *streams) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	done, err := client.Release(admin.Order{Scope: admin.Scope{Source: c.Source, Target: c.Target}, Reason: c.Reason})
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "released, event %s\n", done.Event)
	return warned(done)
}
