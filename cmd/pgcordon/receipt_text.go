package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/pgcordon/pgcordon/audit"
	"github.com/pgcordon/pgcordon/recovery"
)

// printPlan writes for people who are in a hurry.
func printPlan(w io.Writer, p *recovery.Plan) error {
	out := &strings.Builder{}
	printStatement(out, p)
	if p.Outcome() == audit.RolledBack {
		out.WriteString("\nThe transaction was rolled back: there is nothing to undo.\n")
	} else {
		printRows(out, p.Rows)
		printTargets(out, p)
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func printStatement(out *strings.Builder, p *recovery.Plan) {
	e, r := p.Event, p.Event.Receipt
	line := func(name, format string, args ...any) {
		if text := fmt.Sprintf(format, args...); text != "" {
			fmt.Fprintf(out, "%-11s %s\n", name, text)
		}
	}
	line("event", "%s, session %s", e.ID, e.Session)
	line("statement", "%s", strings.Join(strings.Fields(e.SQL), " "))
	line("did", "%s on %s", strings.Join(e.Effects, ", "), strings.Join(e.Relations, ", "))
	if e.Rows != nil {
		line("rows", "%d", *e.Rows)
	}
	line("by", "%q on database %q of %s, from %s %s", e.User, e.Database, e.Target.Name, e.Source.Environment, e.Source.Address)
	line("began", "%s", p.Began())
	line("transaction", "%s", r.TransactionID)
	line("WAL", "%s", positions(p))
	line("outcome", "%s", outcomeText(p))
	for _, missing := range r.Missing {
		line("missing", "%s", missing)
	}
}

func positions(p *recovery.Plan) string {
	r := p.Event.Receipt
	switch {
	case r.Before == "":
		return ""
	case p.End == nil || p.End.After == "":
		return fmt.Sprintf("from %s on timeline %d", r.Before, r.Timeline)
	}
	return fmt.Sprintf("from %s to %s on timeline %d", r.Before, p.End.After, r.Timeline)
}

func outcomeText(p *recovery.Plan) string {
	switch outcome := p.Outcome(); {
	case outcome == audit.Unknown && p.Event.Receipt.TransactionID != "":
		return fmt.Sprintf("unknown; ask the server, as long as it remembers: SELECT pg_xact_status('%s')", p.Event.Receipt.TransactionID)
	case p.End != nil && p.End.PartlyUndone:
		return outcome + "; it went back to a savepoint, perhaps to one before the statement: where a copy is not there, the statement was undone"
	default:
		return strings.ReplaceAll(outcome, "_", " ")
	}
}

func printRows(out *strings.Builder, all []recovery.Rows) {
	for i, r := range all {
		if i == 0 {
			out.WriteString("\nTo put the copied rows back, on the server itself, in this order and in one transaction:\n")
		}
		fmt.Fprintf(out, "\n-- %s, rows: %d", r.Relation, r.Rows)
		if r.Note != "" {
			fmt.Fprintf(out, "; %s", r.Note)
		}
		fmt.Fprintf(out, "\n%s\n", r.SQL)
	}
}

// printTargets says how to recover. One target is to be chosen: PostgreSQL rejects two.
func printTargets(out *strings.Builder, p *recovery.Plan) {
	fmt.Fprintf(out, `
To recover the server as it was before, beside the one that runs:

1. On the server that runs: SELECT pg_walfile_name(pg_switch_wal());
   then wait until pg_stat_archiver.last_archived_wal is that file or a later one.
2. Restore a base backup that was complete before %s into an empty data directory.
3. Put restore_command, another port and one of the following into its postgresql.conf, touch recovery.signal, start it.
4. It pauses at the target: look whether the rows are there. SELECT pg_wal_replay_resume() makes it writable.
5. Take the tables from it: pg_dump --table.
`, p.Began())
	for _, t := range p.Targets {
		fmt.Fprintf(out, "\n# %s. Lost: %s\n", strings.ReplaceAll(t.Kind, "_", " "), t.Loses)
		for _, s := range t.Settings {
			fmt.Fprintln(out, s)
		}
	}
}
