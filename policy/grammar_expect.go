package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/pgcordon/pgcordon/identity"
)

// The grammar of a file of tests.

const needTests = "list what must be decided under tests:, each with name, source and login or steps"

var testFile = mapping(Tests{},
	testDefaults,
	must(field("tests", unique(sequence(test), func(t Test) string { return t.Name }),
		func(t *Tests) *[]Test { return &t.List },
		"The tests, each a session of its own: "+needTests+".")),
)

// testDefaults are read ahead of the tests that begin with them.
var testDefaults = key[Tests]{
	name:   "defaults",
	doc:    "What the tests begin with that do not say otherwise.",
	schema: mappingSchema(opening).with("description", "What the tests begin with that do not say otherwise."),
	read:   func(*decoder, *yaml.Node, *Tests) bool { return true },
}

func (d *decoder) readDefaults(root *yaml.Node) Test {
	start := Test{User: "postgres", Login: Expectation{Decision: "allow"}}
	if n := lookup(root, testDefaults.name); n != root {
		start, _ = readMapping(d, n, start, opening)
	}
	return start
}

// opening are the keys of how a session begins.
var opening = []key[Test]{
	field("source", testSource, func(t *Test) *TestSource { return &t.Source },
		"Where the client comes from: facts such as its address, or an environment."),
	field("target", text, func(t *Test) *string { return &t.Target },
		"Name of the target. Needed where the policy has several."),
	field("user", text, func(t *Test) *string { return &t.User },
		"User who logs in. Default postgres."),
	field("database", text, func(t *Test) *string { return &t.Database },
		"Database. Default the user's name."),
	field("application", text, func(t *Test) *string { return &t.Application },
		"application_name of the startup packet."),
	field("options", text, func(t *Test) *string { return &t.Options },
		`options of the startup packet, as in PGOPTIONS: "-c search_path=app".`),
	field("replication", boolean, func(t *Test) *bool { return &t.Replication },
		"Whether it is a replication connection, one to a database. Default false."),
}

var test = checked(kind[Test]{
	schema: mappingSchema(testKeys),
	read:   func(d *decoder, n *yaml.Node) (Test, bool) { return readMapping(d, n, d.defaults, testKeys) },
}, checkTest)

var testKeys = slices.Concat([]key[Test]{
	must(field("name", text, func(t *Test) *string { return &t.Name },
		"What the test shows.")),
}, opening, []key[Test]{
	field("login", word("decision", "allow", "deny", "would_deny"), func(t *Test) *string { return &t.Login.Decision },
		"What must be decided on the session. Default allow."),
	field("rule", text, func(t *Test) *string { return &t.Login.Rule },
		"The session rule that must have decided."),
	field("steps", sequence(step), func(t *Test) *[]Step { return &t.Steps },
		"What the session sends, in order, and what must be decided on it."),
})

var testSource = checked(mapping(TestSource{},
	field("environment", text, func(s *TestSource) *string { return &s.Environment },
		"The environment that the facts must lead to; without facts, the environment that is taken as given."),
	field("address", address, func(s *TestSource) *netip.Addr { return &s.Facts.Address },
		"The client's address."),
	field("balancer", address, func(s *TestSource) *netip.Addr { return &s.Facts.Balancer },
		"Address of the balancer that sent a PROXY header."),
	field("unix", mustBeTrue, func(s *TestSource) *bool { return &s.Facts.Unix },
		"The client came through a unix socket."),
	field("certificate", pointer(testCertificate), func(s *TestSource) **identity.Certificate { return &s.Facts.Certificate },
		"What the client's certificate says, which verified."),
), checkTestSource)

var testCertificate = mapping(identity.Certificate{},
	field("cn", text, func(c *identity.Certificate) *string { return &c.CommonName }, "Subject common name."),
	field("o", listOf(text), func(c *identity.Certificate) *[]string { return &c.Organization }, "Subject organization."),
	field("ou", listOf(text), func(c *identity.Certificate) *[]string { return &c.Unit }, "Subject organizational unit."),
	field("dns", listOf(text), func(c *identity.Certificate) *[]string { return &c.DNS }, "Alternative name, DNS."),
	field("uri", listOf(text), func(c *identity.Certificate) *[]string { return &c.URI }, "Alternative name, URI."),
	field("email", listOf(text), func(c *identity.Certificate) *[]string { return &c.Email }, "Alternative name, email address."),
	field("issuer", text, func(c *identity.Certificate) *string { return &c.Issuer }, "The issuer's common name."),
)

var address = parsed(text.schema, func(s string) (netip.Addr, error) {
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("%q is not an address; write 10.30.1.7 or fd00:30::1", s)
	}
	return a, nil
})

// expected are the decisions, each a key with the query strings that it is about.
var expected = [...]string{"allow", "deny", "would_deny", "record"}

// written is a step as the file has it.
type written struct {
	Step
	sql [len(expected)][]string
}

var step = mapped(checked(mapping(written{}, stepKeys()...), checkStep), func(w written) Step { return w.Step })

func stepKeys() []key[written] {
	means := [...]string{
		"Query strings that are let through, and nobody asks for a record.",
		"Query strings that are refused.",
		"Query strings that are let through in audit mode and would be refused.",
		"Query strings that are let through and recorded.",
	}
	var keys []key[written]
	for i, decision := range expected {
		keys = append(keys, field(decision, listOf(text), func(w *written) *[]string { return &w.sql[i] }, means[i]))
	}
	return append(keys,
		field("rule", text, func(w *written) *string { return &w.Rule },
			"The statement rule that must have decided."),
		field("parameters", sequence(parameter), func(w *written) *[]*string { return &w.Parameters },
			"Values of $1, $2 and so on, as text, ~ for NULL. With them the extended query protocol is used."),
		field("after", duration(0, 10*366*24*time.Hour), func(w *written) *time.Duration { return &w.After },
			"How much time passes before the step."),
	)
}

// parameter reads a value as it is written, quoted or not; ~ is NULL.
var parameter = kind[*string]{
	schema: schema{"type": []string{"string", "number", "boolean", "null"}},
	read: func(d *decoder, n *yaml.Node) (*string, bool) {
		switch {
		case n.Kind != yaml.ScalarNode:
			d.expected(n, "a value, or ~ for NULL")
			return nil, false
		case n.Tag == "!!null":
			return nil, true
		}
		return &n.Value, true
	},
}
