package identity

import (
	"net/netip"
	"testing"
)

func prefixes(texts ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, text := range texts {
		out = append(out, netip.MustParsePrefix(text))
	}
	return out
}

func globs(patterns ...string) []Glob {
	var out []Glob
	for _, pattern := range patterns {
		out = append(out, CompileGlob(pattern))
	}
	return out
}

var estate = Rules{
	{Name: "behind-lb", Environment: "staging", Balancer: prefixes("10.0.0.5/32"), CIDR: prefixes("10.20.0.0/16")},
	{Name: "prod-pods", Environment: "production", CIDR: prefixes("10.30.0.0/16", "fd00:30::/32", "::ffff:172.16.0.0/108")},
	{Name: "batch", Environment: "production", Certificate: &CertificatePattern{CommonName: globs("batch-*", "cron"), Issuer: globs("Prod CA")}},
	{Name: "mesh", Environment: "production", Certificate: &CertificatePattern{URI: globs("spiffe://prod/*")}},
	{Name: "laptop", Environment: "development", CIDR: prefixes("192.168.0.0/16"), Certificate: &CertificatePattern{}},
	{Name: "socket", Environment: "production", Unix: true},
	{Name: "late", Environment: "never", CIDR: prefixes("10.30.0.0/24")},
}

func TestFirstMatchingRuleNamesTheEnvironment(t *testing.T) {
	batch := &Certificate{CommonName: "batch-1", Issuer: "Prod CA"}
	tests := []struct {
		name                    string
		facts                   Facts
		environment, rule, fact string
	}{
		{"v4 address", Facts{Address: netip.MustParseAddr("10.30.1.7")},
			"production", "prod-pods", "address 10.30.1.7 in 10.30.0.0/16"},
		{"earlier rule wins over a narrower one", Facts{Address: netip.MustParseAddr("10.30.0.7")},
			"production", "prod-pods", "address 10.30.0.7 in 10.30.0.0/16"},
		{"v4-mapped address", Facts{Address: netip.MustParseAddr("::ffff:10.30.1.7")},
			"production", "prod-pods", "address 10.30.1.7 in 10.30.0.0/16"},
		{"v4-mapped prefix", Facts{Address: netip.MustParseAddr("172.17.0.1")},
			"production", "prod-pods", "address 172.17.0.1 in ::ffff:172.16.0.0/108"},
		{"v6 address with a zone", Facts{Address: netip.MustParseAddr("fd00:30::1%eth0")},
			"production", "prod-pods", "address fd00:30::1 in fd00:30::/32"},
		{"just outside the prefix", Facts{Address: netip.MustParseAddr("10.31.0.0")},
			Unknown, "", "no source rule matches address 10.31.0.0"},
		{"address and balancer", Facts{Address: netip.MustParseAddr("10.20.9.9"), Balancer: netip.MustParseAddr("10.0.0.5")},
			"staging", "behind-lb", "address 10.20.9.9 in 10.20.0.0/16, balancer 10.0.0.5 in 10.0.0.5/32"},
		{"address without the balancer that the rule wants", Facts{Address: netip.MustParseAddr("10.20.9.9")},
			Unknown, "", "no source rule matches address 10.20.9.9"},
		{"address through another balancer", Facts{Address: netip.MustParseAddr("10.20.9.9"), Balancer: netip.MustParseAddr("10.0.0.6")},
			Unknown, "", "no source rule matches address 10.20.9.9, balancer 10.0.0.6"},
		{"certificate", Facts{Address: netip.MustParseAddr("8.8.8.8"), Certificate: batch},
			"production", "batch", "certificate CN batch-1 matches batch-*, issuer Prod CA matches Prod CA"},
		{"certificate of another issuer", Facts{Certificate: &Certificate{CommonName: "batch-1", Issuer: "Staging CA"}},
			Unknown, "", "no source rule matches certificate CN batch-1"},
		{"one of several values", Facts{Certificate: &Certificate{URI: []string{"spiffe://test/a", "spiffe://prod/b"}}},
			"production", "mesh", "certificate URI spiffe://prod/b matches spiffe://prod/*"},
		{"no value for a field that is asked for", Facts{Certificate: &Certificate{CommonName: "x"}},
			Unknown, "", "no source rule matches certificate CN x"},
		{"any certificate", Facts{Address: netip.MustParseAddr("192.168.1.1"), Certificate: &Certificate{CommonName: "ada"}},
			"development", "laptop", "address 192.168.1.1 in 192.168.0.0/16, certificate CN ada verified"},
		{"no certificate where any would do", Facts{Address: netip.MustParseAddr("192.168.1.1")},
			Unknown, "", "no source rule matches address 192.168.1.1"},
		{"unix socket", Facts{Unix: true}, "production", "socket", "unix socket"},
		{"nothing known", Facts{}, Unknown, "", "no source rule matches a client without an address"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			want := Match{Environment: test.environment, Rule: test.rule, Fact: test.fact}
			if got := estate.Resolve(test.facts); got != want {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestEveryClientIsUnknownWithoutRules(t *testing.T) {
	if got := (Rules)(nil).Resolve(Facts{Unix: true}).Environment; got != Unknown {
		t.Errorf("environment %q", got)
	}
}

func TestRuleWithoutConditionsMatchesEveryClient(t *testing.T) {
	rules := Rules{{Name: "all", Environment: "lab"}}
	for _, facts := range []Facts{{}, {Unix: true}, {Address: netip.MustParseAddr("::1")}} {
		if got := rules.Resolve(facts); got.Environment != "lab" || got.Fact == "" {
			t.Errorf("%+v resolves to %+v", facts, got)
		}
	}
}
