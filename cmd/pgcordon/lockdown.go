package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/pgcordon/pgcordon/proxy/admin"
)

type lockdownCommand struct {
	adminSocket
	orderFlags
	List bool `help:"Show the lockdowns and quarantines in force instead."`
	JSON bool `name:"json" help:"With --list: print JSON."`
}

// Run ends sessions and keeps new ones out, until pgcordon release.
func (c *lockdownCommand) Run(s *streams) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	if c.List {
		return c.list(s, client)
	}
	done, err := client.LockDown(c.order())
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "locked down, %s ended, event %s\n", several(done.Ended, "session"), done.Event)
	return warned(done)
}

func (c *lockdownCommand) list(s *streams, client *admin.Client) error {
	all, err := client.Lockdowns()
	if err != nil {
		return err
	}
	if c.JSON {
		return s.printJSON(all)
	}
	w := s.table("SINCE\tUNTIL\tSOURCE\tTARGET\tREASON\tBY\tEVENT")
	for _, one := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", one.Since.Local().Format(time.DateTime), untilOf(one),
			anyOr(one.Source), anyOr(one.Target), one.Reason, imposer(one), one.Event)
	}
	return w.Flush()
}

func untilOf(l admin.Lockdown) string {
	if l.Until.IsZero() {
		return "released"
	}
	return l.Until.Local().Format(time.DateTime)
}

func imposer(l admin.Lockdown) string {
	if l.Tripwire != "" {
		return "tripwire " + l.Tripwire
	}
	return fmt.Sprintf("uid %d", l.By.UID)
}

func anyOr(name string) string {
	if name == "" {
		return "any"
	}
	return name
}

// warned makes a program that calls this one notice what did not succeed.
func warned(done admin.Effect) error {
	if done.Warning == "" {
		return nil
	}
	return errors.New(done.Warning)
}
