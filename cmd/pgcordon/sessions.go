package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/admin"
)

// adminSocket finds the running program.
type adminSocket struct {
	Socket string `placeholder:"PATH" env:"PGCORDON_ADMIN_SOCKET" help:"The admin socket of the running pgcordon."`
	Config string `short:"c" placeholder:"FILE" help:"Without --socket: the configuration file that names it."`
}

func (a *adminSocket) client() (*admin.Client, error) {
	switch {
	case a.Socket != "":
		return admin.NewClient(a.Socket), nil
	case a.Config == "":
		return nil, errors.New("give --socket PATH, or --config FILE that names it under admin.socket")
	}
	p, err := policy.Load(a.Config)
	if err != nil {
		return nil, fmt.Errorf("%w\n--socket PATH does without the file", err)
	}
	if p.Admin.Socket == "" {
		return nil, fmt.Errorf("%s has no admin.socket: pgcordon takes orders when it is started with one", a.Config)
	}
	return admin.NewClient(p.Admin.Socket), nil
}

type sessionsCommand struct {
	adminSocket
	JSON bool `name:"json" help:"Print JSON."`
}

// Run lists the sessions, oldest first.
func (c *sessionsCommand) Run(s *streams) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	all, err := client.Sessions()
	if err != nil {
		return err
	}
	if c.JSON {
		return s.printJSON(all)
	}
	w := s.table("ID\tSINCE\tSOURCE\tADDRESS\tUSER\tDATABASE\tAPPLICATION\tTARGET\tSERVER PID\tSTATE\tSTATEMENTS\tREFUSED")
	for _, one := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%q\t%q\t%q\t%s\t%s\t%s\t%d\t%d\n", one.ID, one.Since.Local().Format(time.DateTime), one.Source, one.Address,
			one.User, one.Database, one.Application, one.Target, pidText(one), stateText(one), one.Statements, one.Refused)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return s.tellOfLockdowns(client)
}

// tellOfLockdowns says, beside the sessions that are there, why others are not.
func (s *streams) tellOfLockdowns(client *admin.Client) error {
	all, err := client.Lockdowns()
	if err == nil && len(all) > 0 {
		fmt.Fprintf(s.err, "%s in force: pgcordon lockdown --list\n", several(len(all), "lockdown"))
	}
	return err
}

func pidText(one admin.Session) string {
	if one.ServerPID == 0 {
		return ""
	}
	return strconv.Itoa(int(one.ServerPID))
}

func stateText(one admin.Session) string {
	text := one.State
	if !one.QueryStart.IsZero() {
		text += " since " + one.QueryStart.Local().Format(time.TimeOnly)
	}
	if one.ReadOnly {
		text += ", read-only"
	}
	return text
}

func (s *streams) printJSON(v any) error {
	out := json.NewEncoder(s.out)
	out.SetIndent("", "  ")
	return out.Encode(v)
}

// table begins a table, whose columns are as wide as they must be.
func (s *streams) table(head string) *tabwriter.Writer {
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, head)
	return w
}
