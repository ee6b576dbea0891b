package main

import (
	"fmt"
	"strings"

	"github.com/pgcordon/pgcordon/proxy/admin"
)

type killCommand struct {
	adminSocket
	IDs    []string  `arg:"" optional:"" name:"id" help:"Sessions to end, by the ids that pgcordon sessions shows."`
	Source condition `placeholder:"ENV" help:"Without ids: those from this environment."`
	User   condition `placeholder:"USER" help:"Without ids: those of this user."`
	Target condition `placeholder:"TARGET" help:"Without ids: those at this target, by name or environment."`
	Reason string    `placeholder:"TEXT" help:"Why, for the clients and the audit log."`
}

// Run ends sessions, and what the server does for them.
func (c *killCommand) Run(s *streams) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	done, err := client.Kill(admin.Kill{
		IDs: c.IDs, Scope: scope(c.Source, c.Target), User: string(c.User), Reason: c.Reason,
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%s ended, event %s\n", several(done.Ended, "session"), done.Event)
	if len(done.Unknown) > 0 {
		return fmt.Errorf("there is no session %s", strings.Join(done.Unknown, ", "))
	}
	return nil
}
