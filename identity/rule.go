package identity

import (
	"fmt"
	"net/netip"
	"strings"
)

// Rule assigns an environment to the clients that meet all of its conditions.
// A condition that is empty, false or nil asks nothing; a rule without any
// matches every client.
type Rule struct {
	Name        string
	Environment string
	CIDR        []netip.Prefix // the client's address lies in one of these
	Balancer    []netip.Prefix // it came through a balancer in one of these
	Unix        bool           // it came through a unix socket
	Certificate *CertificatePattern
}

// Rules are read in order; the first that matches decides.
type Rules []Rule

// Resolve returns the environment of a client and why. Where no rule matches,
// the environment is Unknown, Rule is empty and Fact tells what was seen.
func (r Rules) Resolve(f Facts) Match {
	f.Address, f.Balancer = plain(f.Address), plain(f.Balancer)
	for i := range r {
		if fact, ok := r[i].match(f); ok {
			return Match{Environment: r[i].Environment, Rule: r[i].Name, Fact: fact}
		}
	}
	return Match{Environment: Unknown, Fact: "no source rule matches " + f.describe()}
}

// Conditional tells whether the rule has any condition.
func (r *Rule) Conditional() bool {
	return len(r.CIDR) > 0 || len(r.Balancer) > 0 || r.Unix || r.Certificate != nil
}

func (r *Rule) match(f Facts) (fact string, ok bool) {
	var facts []string
	if len(r.CIDR) > 0 {
		prefix, ok := containing(r.CIDR, f.Address)
		if !ok {
			return "", false
		}
		facts = append(facts, fmt.Sprintf("address %s in %s", f.Address, prefix))
	}
	if len(r.Balancer) > 0 {
		prefix, ok := containing(r.Balancer, f.Balancer)
		if !ok {
			return "", false
		}
		facts = append(facts, fmt.Sprintf("balancer %s in %s", f.Balancer, prefix))
	}
	if r.Unix {
		if !f.Unix {
			return "", false
		}
		facts = append(facts, "unix socket")
	}
	if r.Certificate != nil {
		fact, ok := r.Certificate.match(f.Certificate)
		if !ok {
			return "", false
		}
		facts = append(facts, fact)
	}
	if facts == nil {
		return "the rule has no conditions", true
	}
	return strings.Join(facts, ", "), true
}

// describe names what a rule could have matched.
func (f Facts) describe() string {
	var seen []string
	if f.Address.IsValid() {
		seen = append(seen, "address "+f.Address.String())
	}
	if f.Balancer.IsValid() {
		seen = append(seen, "balancer "+f.Balancer.String())
	}
	if f.Unix {
		seen = append(seen, "unix socket")
	}
	if f.Certificate != nil {
		seen = append(seen, "certificate CN "+f.Certificate.CommonName)
	}
	if seen == nil {
		return "a client without an address"
	}
	return strings.Join(seen, ", ")
}

// plain drops what makes one host look like two: the v4-mapped form in which a
// dual-stack listener reports IPv4 clients (RFC 4291, 2.5.5.2), and the zone.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

func containing(prefixes []netip.Prefix, a netip.Addr) (netip.Prefix, bool) {
	for _, prefix := range prefixes {
		if unmapped(prefix).Contains(a) {
			return prefix, true
		}
	}
	return netip.Prefix{}, false
}

// unmapped returns ::ffff:10.0.0.0/104 as 10.0.0.0/8, other prefixes as they are.
func unmapped(p netip.Prefix) netip.Prefix {
	const mappedBits = 96
	if p.Addr().Is4In6() && p.Bits() >= mappedBits {
		return netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-mappedBits)
	}
	return p
}
