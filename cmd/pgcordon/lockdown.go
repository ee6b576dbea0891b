package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/pgcordon/pgcordon/proxy/admin"
)

type lockdownCommand struct {
	adminSocket
	Source string `placeholder:"ENV" help:"Lock out those from this environment. Default any."`
	Target string `placeholder:"TARGET" help:"Lock this target, by name or environment. Default any."`
	Reason string `placeholder:"TEXT" help:"Why; those who are turned away read it."`
	List   bool   `help:"Show the lockdowns in force instead."`
	JSON   bool   `name:"json" help:"With --list: print JSON."`
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
	done, err := client.LockDown(admin.Order{Scope: admin.Scope{Source: c.Source, Target: c.Target}, Reason: c.Reason})
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
	w := s.table("SINCE\tSOURCE\tTARGET\tREASON\tBY UID\tEVENT")
	for _, one := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%s\n", one.Since.Local().Format(time.DateTime), anyOr(one.Source), anyOr(one.Target),
			one.Reason, one.By.UID, one.Event)
	}
	return w.Flush()
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
