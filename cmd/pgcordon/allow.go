package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/pgcordon/pgcordon/proxy/admin"
	"github.com/pgcordon/pgcordon/proxy/breakglass"
)

type allowCommand struct {
	adminSocket
	ID     string        `arg:"" optional:"" help:"The refused statement, by the event id in its error. Without --once and --for it is shown."`
	Once   bool          `help:"Let it through one time."`
	For    time.Duration `placeholder:"TIME" help:"Let it through as often as it comes, for a time such as 10m. With --once: one time within it."`
	Reason string        `placeholder:"TEXT" help:"Why, for the audit log."`
	Revoke bool          `help:"Do not let it through any more instead."`
	List   bool          `help:"Show what is let through and what waits for a second operator instead."`
	JSON   bool          `name:"json" help:"Print JSON."`
}

// Run lets a refused statement through when its client sends it again.
func (c *allowCommand) Run(s *streams) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	orders := c.Once || c.For != 0
	switch {
	case c.List && (c.ID != "" || orders || c.Revoke), c.Revoke && orders:
		return errors.New("--list, --revoke and letting through are each on their own")
	case c.List:
		return c.list(s, client)
	case c.ID == "":
		return errors.New("give the event id that the error of the refused statement has, or --list")
	case c.Revoke:
		return c.revoke(s, client)
	case !orders && c.Reason == "":
		return c.show(s, client)
	}
	done, err := client.Allow(admin.Allow{ID: c.ID, Once: c.Once, For: c.For, Reason: c.Reason})
	switch {
	case err != nil:
		return err
	case c.JSON:
		return s.printJSON(done)
	case done.Lacks > 0:
		fmt.Fprintf(s.out, "proposed, event %s: another operator confirms it with the same command, until %s\n", done.Event, local(done.Until))
	default:
		fmt.Fprintf(s.out, "let through %s, until %s, event %s\n", breakglass.Extent(done), local(done.Until), done.Event)
	}
	printRefusal(s.out, done.Refusal)
	return nil
}

func (c *allowCommand) list(s *streams, client *admin.Client) error {
	all, err := client.Approvals()
	if err != nil {
		return err
	}
	if c.JSON {
		return s.printJSON(all)
	}
	w := s.table("ID\tSTATE\tEXTENT\tUNTIL\tSOURCE\tUSER\tDATABASE\tRULE\tBY UID\tREASON")
	for _, one := range all {
		state := "in force"
		if one.Lacks > 0 {
			state = "proposed"
		}
		var uids, reasons []string
		for _, consent := range one.By {
			uids, reasons = append(uids, fmt.Sprint(consent.UID)), append(reasons, consent.Reason)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%q\t%q\t%s\t%s\t%s\n", one.ID, state, breakglass.Extent(one), local(one.Until), one.Source,
			one.User, one.Database, one.Rule, strings.Join(uids, ", "), strings.Join(reasons, "; "))
	}
	return w.Flush()
}

func (c *allowCommand) revoke(s *streams, client *admin.Client) error {
	done, err := client.Revoke(admin.Revoke{ID: c.ID, Reason: c.Reason})
	if err != nil {
		return err
	}
	if c.JSON {
		return s.printJSON(done)
	}
	fmt.Fprintf(s.out, "revoked, event %s\n", done.Event)
	return nil
}

func (c *allowCommand) show(s *streams, client *admin.Client) error {
	refusal, err := client.Refusal(c.ID)
	if err != nil {
		return err
	}
	if c.JSON {
		return s.printJSON(refusal)
	}
	printRefusal(s.out, refusal)
	return nil
}

// printRefusal shows what an operator decides on. What a client wrote is quoted: it could
// hold anything.
func printRefusal(w io.Writer, r admin.Refusal) {
	fmt.Fprintf(w, "refused    %s by rule %s: %s\n", local(r.At), r.Rule, r.Reason)
	fmt.Fprintf(w, "session    environment %s, user %q, target %s, database %q\n", r.Source, r.User, r.Target, r.Database)
	fmt.Fprintf(w, "statement  %q\n", r.SQL)
	for i, value := range r.Values {
		fmt.Fprintf(w, "  $%d       %s\n", i+1, value)
	}
	if r.Barred != "" {
		fmt.Fprintf(w, "           cannot be let through: %s\n", r.Barred)
	}
}

func local(t time.Time) string { return t.Local().Format(time.DateTime) }
