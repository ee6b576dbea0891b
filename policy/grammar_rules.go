package policy

import (
	"net/netip"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/pgcordon/pgcordon/identity"
	"github.com/pgcordon/pgcordon/parser"
)

var source = mapping(
	identity.Rule{},
	must(field("name", name, func(r *identity.Rule) *string { return &r.Name },
		"Name of the rule in events.")),
	must(field("environment", name, func(r *identity.Rule) *string { return &r.Environment },
		"The environment of the clients that meet every condition of the rule.")),
	field("cidr", listOf(prefix), func(r *identity.Rule) *[]netip.Prefix { return &r.CIDR },
		"The client's address lies in one of these."),
	field("balancer", listOf(prefix), func(r *identity.Rule) *[]netip.Prefix { return &r.Balancer },
		"The client came through a balancer in one of these, by its PROXY header."),
	field("unix", mustBeTrue, func(r *identity.Rule) *bool { return &r.Unix },
		"The client came through a unix socket."),
	field("certificate", pointer(certificate), func(r *identity.Rule) **identity.CertificatePattern { return &r.Certificate },
		"The client showed a certificate that verified and has one of the values given for each field; {} takes any."),
)

// mustBeTrue reads a condition that cannot be negated: false would look like
// "not through a socket" and mean nothing.
var mustBeTrue = checked(kind[bool]{read: boolean.read, schema: schema{"const": true}}, func(d *decoder, n *yaml.Node, v *bool) {
	if !*v {
		d.errorf(n, "only true is a condition; leave the key out instead")
	}
})

var certificate = mapping(
	identity.CertificatePattern{},
	field("cn", listOf(glob), func(c *identity.CertificatePattern) *[]identity.Glob { return &c.CommonName }, "Subject common name."),
	field("o", listOf(glob), func(c *identity.CertificatePattern) *[]identity.Glob { return &c.Organization }, "Subject organization."),
	field("ou", listOf(glob), func(c *identity.CertificatePattern) *[]identity.Glob { return &c.Unit }, "Subject organizational unit."),
	field("dns", listOf(glob), func(c *identity.CertificatePattern) *[]identity.Glob { return &c.DNS }, "Alternative name, DNS."),
	field("uri", listOf(glob), func(c *identity.CertificatePattern) *[]identity.Glob { return &c.URI }, "Alternative name, URI."),
	field("email", listOf(glob), func(c *identity.CertificatePattern) *[]identity.Glob { return &c.Email }, "Alternative name, email address."),
	field("issuer", listOf(glob), func(c *identity.CertificatePattern) *[]identity.Glob { return &c.Issuer }, "The issuer's common name."),
)

var session = checked(mapping(
	sessionRule{},
	must(field("name", name, func(r *sessionRule) *string { return &r.name },
		"Name of the rule in errors, events and metrics.")),
	must(field("action", sessionAction, func(r *sessionRule) *action { return &r.action },
		"allow lets the session in, deny refuses it.")),
	field("mode", mode, func(r *sessionRule) *Mode { return &r.mode },
		"audit makes a deny record would_deny and pass on to the next rule. Default enforce."),
	field("read_only", boolean, func(r *sessionRule) *bool { return &r.readOnly },
		"Of an allow: the server keeps the session from writing, and what it does not keep is refused. Default false."),
	field("when", mapping(conditions{}, sessionKeys(func(c *conditions) *conditions { return c })...),
		func(r *sessionRule) *conditions { return &r.when },
		"Conditions, all of which must hold. Without any, every session that does not replicate."),
), checkSession)

func asGlobs(list []identity.Glob) globs { return list }

// sessionKeys are the conditions that the rules on sessions and on statements share.
func sessionKeys[T any](at func(*T) *conditions) []key[T] {
	patterns := mapped(listOf(glob), asGlobs)
	return []key[T]{
		field("source", patterns, func(t *T) *globs { return &at(t).source },
			"Environment of the source, globs."),
		field("target", patterns, func(t *T) *globs { return &at(t).target },
			"Name or environment of the target, globs."),
		field("user", patterns, func(t *T) *globs { return &at(t).user },
			"User who logs in, globs, case-sensitive."),
		field("database", patterns, func(t *T) *globs { return &at(t).database },
			"Database, globs, case-sensitive."),
		field("application", patterns, func(t *T) *globs { return &at(t).application },
			"application_name of the startup packet, globs. A client chooses it freely."),
		field("replication", pointer(boolean), func(t *T) **bool { return &at(t).replication },
			"Whether it is a replication connection. No allow under sessions admits one without true."),
	}
}

var statement = checked(mapping(
	statementRule{},
	must(field("name", name, func(r *statementRule) *string { return &r.name },
		"Name of the rule in errors, events and metrics.")),
	must(field("action", statementAction, func(r *statementRule) *action { return &r.action },
		"allow lets it pass, deny refuses it, audit records it and passes on to the next rule.")),
	field("mode", mode, func(r *statementRule) *Mode { return &r.mode },
		"audit makes a deny record would_deny and pass on to the next rule. Default enforce."),
	field("allowance", pointer(allowanceKeys), func(r *statementRule) **allowance { return &r.allowance },
		"How often an allow makes an exception; what goes beyond is decided by the rules behind it. Without it, always."),
	field("max_rows", pointer(rowsOrBounds), func(r *statementRule) **maxRows { return &r.maxRows },
		"How many rows a statement may change that an allow lets pass: a number, or bounds; one that changes more is rolled back. Without it, any number."),
	field("break_glass", mapped(boolean, func(may bool) bool { return !may }), func(r *statementRule) *bool { return &r.final },
		"Whether an operator may let through what a deny refuses, where admin.break_glass is set. Default true."),
	field("receipt", receipt, func(r *statementRule) **Receipt { return &r.receipt },
		"What is written down around a statement that an allow lets pass, so that it can be undone: true, or restore_point, copy_rows."),
	field("when", statementWhen, func(r *statementRule) *statementConditions { return &r.statementConditions },
		"Conditions, all of which must hold. Without any, every statement."),
), checkStatement)

var allowanceKeys = mapping(allowance{times: 1},
	field("times", count(1, 100), func(a *allowance) *int { return &a.times },
		"Statements in the period. Default 1."),
	must(field("per", duration(time.Second, 366*24*time.Hour), func(a *allowance) *time.Duration { return &a.per },
		"The period, which ends with each statement: 15m, 24h.")),
	field("each", mapped(oneOf("value", "source", "user", "session"), func(i int) counting { return eachSource + counting(i) }),
		func(a *allowance) *counting { return &a.each },
		"Who has a count of their own: each source environment, each user or each session. Default none: all count together."),
)

var statementWhen = mapping(statementConditions{}, append(
	sessionKeys(func(c *statementConditions) *conditions { return &c.session }),
	field("effect", effects, func(c *statementConditions) *parser.EffectSet { return &c.effects },
		"What the act does: effects, or sets of them such as @destructive."),
	field("relation", listOf(relation), func(c *statementConditions) *[]pattern { return &c.relations },
		"The relation it does it to, as name or schema.name, globs. Never matches an act without a relation."),
	field("breadth", breadths, func(c *statementConditions) *breadthSet { return &c.breadths },
		"How much an UPDATE, a DELETE, such a branch of MERGE or a row lock can reach. Matches effects update, delete and lock only."),
	field("object", listOf(relation), func(c *statementConditions) *[]pattern { return &c.objects },
		"What it does it to where that is no relation: a schema, database, role, setting, extension or function, as name or schema.name, globs."),
	field("function", listOf(function), func(c *statementConditions) *[]pattern { return &c.functions },
		"The function or procedure that is called, as name or schema.name, globs. Matches effects function and call only."),
	field("trait", traits, func(c *statementConditions) *parser.TraitSet { return &c.traits },
		"Circumstances of the act, of which it must have one: cascade, deferred, drop_column."),
)...)
