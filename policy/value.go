package policy

import (
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/pgcordon/pgcordon/identity"
)

// nameForm keeps names fit for an error message, a metric's label and a file's name.
const nameForm = `^[A-Za-z0-9_][A-Za-z0-9_./-]{0,62}$`

var validName = regexp.MustCompile(nameForm)

// name reads the name of a target, an environment or a rule.
var name = parsed(schema{"type": "string", "pattern": nameForm}, func(s string) (string, error) {
	switch {
	case !validName.MatchString(s):
		return "", fmt.Errorf("%q is not a name; use 1 to 63 letters, digits and _ . / - and begin with a letter or digit", s)
	case strings.HasPrefix(s, builtinPrefix):
		return "", fmt.Errorf("names that begin with %s are reserved for the built-in rules", builtinPrefix)
	}
	return s, nil
})

var glob = mapped(text, identity.CompileGlob)

// prefix reads a CIDR prefix. An address alone stands for itself.
var prefix = parsed(text.schema, func(s string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(s); err == nil && address.Zone() == "" {
		return netip.PrefixFrom(address, address.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%q is not a CIDR prefix; write 10.30.0.0/16 or fd00:30::/32", s)
	}
	if masked := p.Masked(); masked != p {
		return netip.Prefix{}, fmt.Errorf("%s has bits set behind its prefix; did you mean %s?", s, masked)
	}
	return p, nil
})

var endpoint = parsed(text.schema, ParseEndpoint)

// dialable reads an endpoint that can be connected to.
var dialable = checked(endpoint, func(d *decoder, n *yaml.Node, e *Endpoint) {
	if err := e.dialable(); err != nil {
		d.errorf(n, "%v", err)
	}
})

// path reads the path of a file, relative to the policy file's directory.
var path = kind[string]{schema: text.schema, read: func(d *decoder, n *yaml.Node) (string, bool) {
	p, ok := text.read(d, n)
	if ok && !filepath.IsAbs(p) {
		p = filepath.Join(d.dir, p)
	}
	return p, ok
}}

// relation and function read a pattern: name or schema.name. A relation's name is
// compared as PostgreSQL folded it; functions are compared in lower case.
var (
	relation = parsed(text.schema, parsePattern)
	function = parsed(text.schema, func(s string) (pattern, error) { return parsePattern(strings.ToLower(s)) })
)

func parsePattern(s string) (pattern, error) {
	schemaPart, namePart, both := strings.Cut(s, ".")
	switch {
	case !both:
		return pattern{anySchema: true, name: identity.CompileGlob(s)}, nil
	case schemaPart == "" || namePart == "":
		return pattern{}, fmt.Errorf("%q lacks a name on one side of its dot; write name or schema.name", s)
	case strings.Contains(namePart, "."):
		return pattern{}, errors.New("a pattern has at most one dot, between schema and name; write ? for a dot within a name")
	}
	return pattern{schema: identity.CompileGlob(schemaPart), name: identity.CompileGlob(namePart)}, nil
}

// action is what a rule does with what it matches.
type action int

const (
	allow  action = iota // let it pass; the search ends
	deny                 // refuse it; the search ends, unless the rule is in audit mode
	record               // write an event; the search goes on
)

var (
	mode            = mapped(oneOf("mode", "enforce", "audit"), func(i int) Mode { return Mode(i) })
	sessionAction   = mapped(oneOf("action", "allow", "deny"), func(i int) action { return action(i) })
	statementAction = mapped(oneOf("action", "allow", "deny", "audit"), func(i int) action { return action(i) })
)
