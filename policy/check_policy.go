package policy

import (
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/pgcordon/pgcordon/identity"
)

// checkPolicy looks at what only shows where the parts of a policy meet.
func checkPolicy(d *decoder, n *yaml.Node, p *Policy) {
	checkListeners(d, n, p)
	warnOfSources(d, n, p)
	for i := range p.sessions {
		warnOfNobody(d, when(n, "sessions", i), p, &p.sessions[i].when)
	}
	for i := range p.statements {
		warnOfNobody(d, when(n, "statements", i), p, &p.statements[i].session)
	}
	for i, w := range p.Tripwires {
		warnOfNobody(d, when(n, "tripwires", i), p, &w.when)
	}
	warnOfLockedDoors(d, n, p)
	warnOfUnreachable(d, n, p)
	warnOfIdle(d, n, p)
	warnOfOneOperator(d, n, p)
}

// when returns the conditions of a list's i-th rule, or the rule if it has none.
func when(n *yaml.Node, list string, i int) *yaml.Node {
	return lookup(items(lookup(n, list))[i], "when")
}

// listener is an endpoint to listen on and where the file says so.
type listener struct {
	endpoint Endpoint
	node     *yaml.Node
}

func checkListeners(d *decoder, n *yaml.Node, p *Policy) {
	var all []listener
	for i, t := range p.Targets {
		nodes := items(lookup(items(lookup(n, "targets"))[i], "listen"))
		for j, e := range t.Listen {
			all = append(all, listener{e, nodes[j]})
		}
	}
	if p.Metrics.Listen != "" {
		all = append(all, listener{Endpoint{"tcp", p.Metrics.Listen}, lookup(n, "metrics", "listen")})
	}
	if p.Admin.Socket != "" {
		all = append(all, listener{Endpoint{"unix", p.Admin.Socket}, lookup(n, "admin", "socket")})
	}
	for i, l := range all {
		for _, earlier := range all[:i] {
			if l.endpoint.collides(earlier.endpoint) {
				d.errorf(l.node, "%s is already listened on as %s in line %d", l.endpoint, earlier.endpoint, earlier.node.Line)
				break
			}
		}
	}
}

// warnOfSources tells of source rules that no client can meet.
func warnOfSources(d *decoder, n *yaml.Node, p *Policy) {
	if len(p.sources) == 0 {
		d.warnf(n, "no sources: every client is of environment unknown, and only a rule under sessions can let it in")
		return
	}
	nodes := items(lookup(n, "sources"))
	certificates := slices.ContainsFunc(p.Targets, func(t *Target) bool { return t.ClientTLS.ClientCertificate != "none" })
	balancers := slices.ContainsFunc(p.Targets, func(t *Target) bool { return len(t.Balancers) > 0 })
	sockets := slices.ContainsFunc(p.Targets, func(t *Target) bool {
		return slices.ContainsFunc(t.Listen, func(e Endpoint) bool { return e.Network == "unix" })
	})
	for i := range p.sources {
		rule := &p.sources[i]
		switch {
		case rule.Certificate != nil && !certificates:
			d.warnf(lookup(nodes[i], "certificate"), "source %s never matches: no target asks for client certificates; set client_tls.client_ca", rule.Name)
		case len(rule.Balancer) > 0 && !balancers:
			d.warnf(lookup(nodes[i], "balancer"), "source %s never matches: no target has proxy_protocol", rule.Name)
		case rule.Unix && !sockets:
			d.warnf(lookup(nodes[i], "unix"), "source %s never matches: no target listens on a unix socket", rule.Name)
		}
	}
}

// warnOfNobody tells of conditions on sources and targets that do not exist.
func warnOfNobody(d *decoder, n *yaml.Node, p *Policy, c *conditions) {
	for i, g := range c.source {
		known := g.Match(identity.Unknown) || slices.ContainsFunc(p.sources, func(r identity.Rule) bool { return g.Match(r.Environment) })
		if !known {
			d.warnf(items(lookup(n, "source"))[i], "no source has an environment that matches %q", g)
		}
	}
	for i, g := range c.target {
		known := slices.ContainsFunc(p.Targets, func(t *Target) bool { return g.Match(t.Name) || g.Match(t.Environment) })
		if !known {
			d.warnf(items(lookup(n, "target"))[i], "no target has a name or an environment that matches %q", g)
		}
	}
}
