package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"

	"github.com/pgcordon/pgcordon/identity"
	"github.com/pgcordon/pgcordon/parser"
	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/guard"
	"github.com/pgcordon/pgcordon/proxy/rehearsal"
	"github.com/pgcordon/pgcordon/proxy/wire"
)

type explainCommand struct {
	Config      string    `short:"c" placeholder:"FILE" help:"Configuration file. Without it: the built-in policy."`
	Target      string    `placeholder:"NAME" help:"Target; needed where the file has several."`
	Source      string    `placeholder:"ADDRESS" help:"Address of the client. Without it: a unix socket."`
	Balancer    string    `placeholder:"ADDRESS" help:"Address of the balancer that sent a PROXY header."`
	Certificate string    `placeholder:"CN" help:"Common name of the client's certificate."`
	User        string    `short:"U" default:"postgres" help:"Role that the client logs in as."`
	Database    string    `short:"d" help:"Database; the role's name by default."`
	Application string    `help:"application_name."`
	Replication bool      `help:"A replication connection."`
	Parameter   []*string `placeholder:"VALUE" sep:"none" help:"Value of $$1, the next one of $$2, and so on."`
	JSON        bool      `help:"Print JSON."`
	SQL         string    `arg:"" optional:"" help:"Query string; read from standard input where it is absent or \"-\"."`
}

// explanation is what explain prints. Its names are those of the audit log.
type explanation struct {
	Source struct {
		Environment string `json:"environment"`
		Rule        string `json:"rule,omitempty"`
		Fact        string `json:"fact,omitempty"`
	} `json:"source"`
	Target struct {
		Name        string `json:"name"`
		Environment string `json:"environment"`
	} `json:"target"`
	Session    ruling               `json:"session"`
	ReadOnly   bool                 `json:"read_only,omitempty"` // the session
	Trips      []string             `json:"trips,omitempty"`     // tripwires that trip by its login
	Statements []explainedStatement `json:"statements,omitempty"`
	JudgedBy   string               `json:"judged_by,omitempty"`
	Decision   *ruling              `json:"decision,omitempty"`
	Tripwires  []string             `json:"tripwires,omitempty"` // for which the text counts
	Operators  string               `json:"operators,omitempty"` // whether they may let through what is refused
	Client     string               `json:"client_sees"`
}

// ruling is a decision and the rule that made it.
type ruling struct {
	Decision string `json:"decision"` // allow, deny, would_deny, record
	Rule     string `json:"rule,omitempty"`
	Reason   string `json:"reason,omitempty"`
	Hint     string `json:"hint,omitempty"`
	Receipt  string `json:"receipt,omitempty"` // what is written down around the statement
}

type explainedStatement struct {
	Kind    string         `json:"kind"`
	SQL     string         `json:"sql,omitempty"`
	Effects []explainedAct `json:"effects"`
}

type explainedAct struct {
	Effect   string   `json:"effect"`
	Relation string   `json:"relation,omitempty"`
	Object   string   `json:"object,omitempty"`
	Breadth  string   `json:"breadth,omitempty"`
	Traits   []string `json:"traits,omitempty"`
	ruling
}

// Run explains, and exits with status 2 where the session or the statement would
// be refused.
func (c *explainCommand) Run(s *streams) error {
	sql, err := c.text(s.in)
	if err != nil {
		return err
	}
	e, err := c.explain(s, sql)
	if err != nil {
		return err
	}
	if c.JSON {
		out := json.NewEncoder(s.out)
		out.SetIndent("", "  ")
		out.SetEscapeHTML(false)
		err = out.Encode(e)
	} else {
		e.print(s.out)
	}
	if err == nil && (e.Session.Decision == "deny" || e.Decision != nil && e.Decision.Decision == "deny") {
		return exitCode(2)
	}
	return err
}

func (c *explainCommand) text(in io.Reader) (string, error) {
	if c.SQL != "" && c.SQL != "-" {
		return c.SQL, nil
	}
	text, err := io.ReadAll(in)
	return strings.TrimSpace(string(text)), err
}

func (c *explainCommand) explain(s *streams, sql string) (*explanation, error) {
	p, target, err := c.policy(s)
	if err != nil {
		return nil, err
	}
	facts, err := c.facts()
	if err != nil {
		return nil, err
	}
	client := policy.Client{
		Source: p.Identify(facts), User: c.User, Database: c.Database,
		Application: c.Application, Replication: c.Replication,
	}
	if client.Database == "" {
		client.Database = client.User
	}
	e := &explanation{}
	e.Source.Environment, e.Source.Rule, e.Source.Fact = client.Source.Environment, client.Source.Rule, client.Source.Fact
	e.Target.Name, e.Target.Environment = target.Name, target.Environment
	admission := p.Admit(target, client)
	e.Session = ruling{
		Decision: audited(!admission.Allowed, admission.WouldDeny, false), Rule: admission.Rule, Reason: admission.Reason,
	}
	e.ReadOnly = admission.ReadOnly
	if !admission.Allowed {
		e.Client = fmt.Sprintf("FATAL %s: pgcordon refused the session: rule %s", wire.InvalidAuthorization, admission.Rule)
		return e, nil
	}
	rules := p.Ruleset(target, client)
	e.dissect(rules, sql, c.Replication)
	d := rehearsal.Judge(p, target, client, sql, c.Parameter)
	e.decide(d)
	if d.Deny && d.Trip == nil && rules.BreakGlass() {
		e.Operators = operators(rules, sql, c.Replication)
	}
	for _, w := range p.TripwiresOf(target, client) {
		if w.Names(client.Application) {
			e.Trips = append(e.Trips, w.Name)
		}
		if w.Counts(&d) {
			e.Tripwires = append(e.Tripwires, w.Name)
		}
	}
	return e, nil
}

// decide tells of the decision that a session would take on the text.
func (e *explanation) decide(d policy.Decision) {
	e.Decision = rulingOf(d)
	e.Client = "what the server answers"
	if d.Deny {
		e.Client = fmt.Sprintf("ERROR %s: %s", wire.InsufficientPrivilege,
			guard.Message(d, e.Source.Environment, e.Target.Environment, "<event id>"))
	}
}

// operators tells whether pgcordon allow may let a refused text through, by the rules.
func operators(rules *policy.Ruleset, sql string, replication bool) string {
	d := rules.Override(parser.Summarize(sql, parser.Options{Replication: replication}), policy.Context{})
	if d.Deny {
		return "may not let it through, because of rule " + d.Rule
	}
	return "may let it through, by pgcordon allow"
}

// dissect tells what the text does, and what would be decided on each act alone.
func (e *explanation) dissect(rules *policy.Ruleset, sql string, replication bool) {
	s := parser.Summarize(sql, parser.Options{Replication: replication})
	e.JudgedBy = s.JudgedBy()
	for _, st := range s.Statements {
		e.Statements = append(e.Statements, explainStatement(rules, s, st, sql))
	}
}

// explainStatement asks the policy about every act on its own.
func explainStatement(rules *policy.Ruleset, s *parser.Summary, st parser.Statement, sql string) explainedStatement {
	out := explainedStatement{Kind: st.Kind}
	if st.End > st.Start && st.End <= len(sql) {
		out.SQL = strings.TrimSpace(sql[st.Start:st.End])
	}
	for _, act := range st.Acts {
		one := st
		one.Acts = []parser.Act{act}
		alone := &parser.Summary{
			Statements: []parser.Statement{one}, Effects: parser.SetOf(act.Effect), Parsed: s.Parsed, Reason: s.Reason,
		}
		out.Effects = append(out.Effects, explainedAct{
			Effect: act.Effect.String(), Relation: act.Relation.String(), Object: act.Object,
			Breadth: act.Breadth.String(), Traits: act.Traits.Names(), ruling: *rulingOf(rules.Decide(alone, policy.Context{})),
		})
	}
	return out
}

func rulingOf(d policy.Decision) *ruling {
	r := &ruling{Decision: audited(d.Deny, d.WouldDeny, d.Record), Rule: d.Rule, Reason: d.Reason, Hint: d.Hint}
	if d.Receipt != nil {
		r.Receipt = d.Receipt.String()
	}
	return r
}

func audited(deny, wouldDeny, record bool) string {
	switch {
	case deny:
		return "deny"
	case wouldDeny:
		return "would_deny"
	case record:
		return "record"
	}
	return "allow"
}

func (c *explainCommand) policy(s *streams) (*policy.Policy, *policy.Target, error) {
	p := policy.Default(policy.Endpoint{}, policy.Endpoint{})
	if c.Config != "" {
		var err error
		if p, err = policy.Load(c.Config); err != nil {
			s.report(c.Config, err)
			return nil, nil, exitCode(1)
		}
	}
	switch t := p.Target(c.Target); {
	case t != nil:
		return p, t, nil
	case c.Target != "":
		return nil, nil, fmt.Errorf("no target %q in %s", c.Target, c.Config)
	case len(p.Targets) > 1:
		return nil, nil, errors.New("the file has several targets: choose one with --target")
	}
	return p, p.Targets[0], nil
}

func (c *explainCommand) facts() (identity.Facts, error) {
	f := identity.Facts{Unix: c.Source == ""}
	var err error
	if c.Source != "" {
		if f.Address, err = netip.ParseAddr(c.Source); err != nil {
			return f, fmt.Errorf("--source: %w", err)
		}
	}
	if c.Balancer != "" {
		if f.Balancer, err = netip.ParseAddr(c.Balancer); err != nil {
			return f, fmt.Errorf("--balancer: %w", err)
		}
	}
	if c.Certificate != "" {
		f.Certificate = &identity.Certificate{CommonName: c.Certificate}
	}
	return f, nil
}
