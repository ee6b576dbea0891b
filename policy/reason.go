package policy

import (
	"fmt"
	"strings"

	"github.com/pgcordon/pgcordon/identity"
	"github.com/pgcordon/pgcordon/parser"
)

// commands name effects as a person at a prompt would.
var commands = map[parser.Effect]string{
	parser.Read: "reading", parser.Privileges: "a change of privileges", parser.Role: "a change of role",
	parser.CopyIn: "COPY FROM", parser.CopyOut: "COPY TO", parser.CopyProgram: "COPY with a program or a server file",
	parser.Function: "calling", parser.Maintenance: "maintenance", parser.Settings: "changing settings",
	parser.Replication: "replication", parser.Transaction: "transaction control",
	parser.Session: "a session command", parser.Dynamic: "SQL put together at run time",
}

// reaches says what each breadth means for the table.
var reaches = map[parser.Breadth]string{
	parser.NoPredicate:    "has no WHERE clause and reaches every row",
	parser.Tautology:      "has a WHERE clause that keeps no row out",
	parser.SameTable:      "is restricted by nothing but the table's own rows",
	parser.OpenRange:      "reaches an open range of rows",
	parser.UnknownBreadth: "has a WHERE clause that does not show how many rows it reaches",
	parser.Bounded:        "reaches a bounded set of rows",
	parser.Key:            "reaches one row by its key",
}

// reason says in one sentence what was refused.
func reason(act *parser.Act, s *parser.Summary) string {
	if act.Traits.Has(parser.Deferred) {
		return "what is defined here runs whenever it is used: " + what(act, s)
	}
	return what(act, s)
}

func what(act *parser.Act, s *parser.Summary) string {
	subject := subjectOf(act)
	if act.Breadth == parser.OpenRange && act.Values > 0 {
		return fmt.Sprintf("%s reaches %d values, more than the policy takes for bounded (%s)", subject, act.Values, act.Breadth)
	}
	if reach, ok := reaches[breadthOf(act)]; ok {
		return fmt.Sprintf("%s %s (%s)", subject, reach, breadthOf(act))
	}
	switch act.Effect {
	case parser.Truncate:
		return subject + " removes every row" + cascade(act, ", and those of every table that refers to it")
	case parser.Drop:
		return subject + " destroys what it names and everything in it" + cascade(act, ", and all that depends on it")
	case parser.CopyProgram:
		return subject + " reaches the database server's own files and programs"
	case parser.Dynamic:
		return subject + " does not show what it does"
	case parser.Alter:
		if act.Traits.Has(parser.Restart) {
			return subject + " begins a sequence anew, so that it may give out numbers again"
		}
		if act.Traits.Has(parser.Persistent) {
			return subject + " changes a setting of sessions to come"
		}
	case parser.Unknown:
		if s.Reason != "" {
			return fmt.Sprintf("the statement could not be understood: %s", s.Reason)
		}
		if act.Object != "" {
			return fmt.Sprintf("the statement could not be understood: %s", act.Object)
		}
		return "the statement could not be understood"
	}
	return subject + " is not allowed to this session"
}

// cascade returns what CASCADE adds.
func cascade(act *parser.Act, more string) string {
	if act.Traits.Has(parser.Cascade) {
		return more
	}
	return ""
}

// subjectOf returns "DELETE on categories" or "calling pg_catalog.lo_unlink".
func subjectOf(act *parser.Act) string {
	command, ok := commands[act.Effect]
	if !ok {
		command = strings.ToUpper(act.Effect.String())
	}
	switch {
	case act.Effect == parser.CopyProgram && act.Object != "":
		return outsideOf(act)
	case act.Relation.Name != "" && act.Object != "":
		return command + " of " + act.Object + " on " + act.Relation.String()
	case act.Relation.Name != "":
		return command + " on " + act.Relation.String()
	case act.Object != "" && act.Effect == parser.Function:
		return command + " " + act.Object
	case act.Object != "":
		return command + " of " + act.Object
	}
	return command
}

// outsideOf names what reaches files and programs of the server.
func outsideOf(act *parser.Act) string {
	subject := "calling " + act.Object
	switch act.Object {
	case "program":
		subject = "COPY with a program"
	case "file":
		subject = "COPY with a server file"
	}
	if act.Relation.Name != "" {
		subject += " on " + act.Relation.String()
	}
	return subject
}

// hint says how to get it done.
func hint(act *parser.Act) string {
	switch act.Effect {
	case parser.Delete, parser.Update:
		switch breadthOf(act) {
		case parser.NoPredicate:
			return "add a WHERE clause with an equality or a bounded range, or add an allow rule for this statement"
		case parser.Tautology, parser.SameTable, parser.OpenRange, parser.UnknownBreadth:
			return "narrow the WHERE clause to an equality or a bounded range, or add an allow rule for this statement"
		}
	case parser.Truncate:
		return "delete the rows that must go with a bounded WHERE clause, or add an allow rule for truncate on this relation"
	case parser.CopyProgram:
		return "use COPY FROM STDIN or COPY TO STDOUT, or add an allow rule for copy_program"
	case parser.Dynamic:
		return "give EXECUTE a literal, or format() with %I and %L only, or add an allow rule for dynamic"
	case parser.Unknown:
		return "write the statement in the grammar of PostgreSQL, or add an allow rule for unknown"
	case parser.Function, parser.Call:
		return "add an allow rule that names this function"
	}
	return fmt.Sprintf("add an allow rule for %s in front of the rule that refused", act.Effect)
}

// admissionReason says in one sentence why a session may or may not be opened.
func admissionReason(t *Target, c Client, rule string, allowed bool) string {
	from := "environment " + c.Source.Environment
	if c.Source.Environment == "" || c.Source.Environment == identity.Unknown {
		from = "an unknown environment"
		if c.Source.Fact != "" {
			from += " (" + c.Source.Fact + ")"
		}
	}
	to := fmt.Sprintf("target %s of environment %s", t.Name, t.Environment)
	switch {
	case rule == builtinReplication:
		return fmt.Sprintf("a replication connection to %s needs a session rule that allows it with replication: true", to)
	case rule == builtinSameEnvironment:
		return fmt.Sprintf("the source belongs to the environment of target %s", t.Name)
	case allowed:
		return fmt.Sprintf("a session from %s may be opened on %s", from, to)
	case strings.HasPrefix(rule, builtinPrefix):
		return fmt.Sprintf("a session from %s may not be opened on %s", from, to)
	}
	if c.User == "" {
		return fmt.Sprintf("a request from %s about %s is not allowed", from, to)
	}
	return fmt.Sprintf("a session from %s as user %s on database %s may not be opened on %s", from, c.User, c.Database, to)
}
