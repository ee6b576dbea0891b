package main

import (
	"fmt"
	"io"
	"strings"
)

// print writes the explanation for people.
func (e *explanation) print(w io.Writer) {
	why := "no source rule matches"
	if e.Source.Rule != "" {
		why = fmt.Sprintf("source rule %s: %s", e.Source.Rule, e.Source.Fact)
	}
	fmt.Fprintf(w, "source     environment %s (%s)\n", e.Source.Environment, why)
	fmt.Fprintf(w, "target     %s, environment %s\n", e.Target.Name, e.Target.Environment)
	fmt.Fprintf(w, "session    %s\n", e.Session.sentence())
	if e.ReadOnly {
		fmt.Fprintf(w, "           read-only: every transaction is READ ONLY, and what a server lets through even so is refused\n")
	}
	if len(e.Trips) > 0 {
		fmt.Fprintf(w, "           trips tripwire %s by its application_name, once it has logged in\n", strings.Join(e.Trips, ", "))
	}
	for i, st := range e.Statements {
		fmt.Fprintf(w, "statement  %d: %s\n", i+1, st.title())
		for _, act := range st.Effects {
			fmt.Fprintf(w, "  effect   %s: %s\n", act.title(), act.sentence())
		}
	}
	switch e.JudgedBy {
	case "tokens":
		fmt.Fprintf(w, "judged by  tokens: the grammar does not accept the text\n")
	case "grammar and tokens":
		fmt.Fprintf(w, "judged by  grammar and tokens: some of the text is newer than the grammar\n")
	}
	if e.Decision != nil {
		fmt.Fprintf(w, "decision   %s\n", e.Decision.sentence())
		if e.Decision.Hint != "" {
			fmt.Fprintf(w, "remedy     %s\n", e.Decision.Hint)
		}
	}
	if e.Operators != "" {
		fmt.Fprintf(w, "operators  %s\n", e.Operators)
	}
	if len(e.Tripwires) > 0 {
		fmt.Fprintf(w, "counts     for tripwire %s\n", strings.Join(e.Tripwires, ", "))
	}
	fmt.Fprintf(w, "client     sees %s\n", e.Client)
}

func (r ruling) sentence() string {
	words := map[string]string{
		"allow": "allowed", "deny": "refused", "would_deny": "would be refused, were it not for audit mode",
		"record": "allowed and recorded",
	}[r.Decision]
	if r.Rule != "" {
		words += " by rule " + r.Rule
	}
	if r.Receipt != "" {
		words += ", with " + r.Receipt
	}
	if r.Reason != "" {
		words += ": " + r.Reason
	}
	return words
}

func (s explainedStatement) title() string {
	if s.SQL == "" {
		return s.Kind
	}
	return strings.Join(strings.Fields(s.SQL), " ")
}

func (a explainedAct) title() string {
	parts := []string{a.Effect}
	if a.Relation != "" {
		parts = append(parts, "on "+a.Relation)
	}
	if a.Object != "" {
		parts = append(parts, "of "+a.Object)
	}
	if a.Breadth != "" {
		parts = append(parts, "("+a.Breadth+")")
	}
	parts = append(parts, a.Traits...)
	return strings.Join(parts, " ")
}
