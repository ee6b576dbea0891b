package proxy

import (
	"crypto/tls"
	"sync"

	"github.com/pgcordon/pgcordon/catalog/load"
	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/guard"
)

// place is a target as one policy describes it, with its certificates loaded. It
// is immutable, but for the rulesets that it remembers.
type place struct {
	policy    *policy.Policy
	target    *policy.Target
	clientTLS *tls.Config            // nil: clients get no TLS
	serverTLS *tls.Config            // nil: the server is reached without
	watches   map[string]*load.Watch // by database; those without are judged from text alone

	mu    sync.Mutex
	known map[policy.Client]*guard.Rules
}

// maxKnownRules bounds the rulesets that a place remembers: an application name is
// the client's to choose.
const maxKnownRules = 1024

// rules returns the rules for a client. Clients that are alike share them.
func (p *place) rules(c policy.Client) *guard.Rules {
	p.mu.Lock()
	defer p.mu.Unlock()
	// Which fact told the environment is nothing to the rules.
	c.Source.Rule, c.Source.Fact = "", ""
	rules := p.known[c]
	if rules == nil {
		if p.known == nil || len(p.known) >= maxKnownRules {
			p.known = map[policy.Client]*guard.Rules{}
		}
		rules = guard.NewRules(p.policy.Ruleset(p.target, c))
		if watch := p.watches[c.Database]; watch != nil {
			rules.Consult(watch.Current)
		}
		p.known[c] = rules
	}
	return rules
}
