package policy

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/pgcordon/pgcordon/identity"
)

const estate = `targets:
  - {name: shop, environment: production, listen: ":6432", upstream: "db:5432"}
  - {name: shop-stage, environment: staging, listen: ":6433", upstream: "db-stage:5432"}
  - {name: shop-trial, environment: production, mode: audit, listen: ":6434", upstream: "db:5432"}
sources:
  - {name: prod, environment: production, cidr: 10.30.0.0/16}
  - {name: stage, environment: staging, cidr: 10.20.0.0/16}
  - {name: ci, environment: ci, cidr: 10.40.0.0/16}
sessions:
  - {name: try-no-psql, action: deny, mode: audit, when: {target: shop, application: "psql*"}}
  - {name: no-root, action: deny, when: {target: production, user: [postgres, "*_admin"]}}
  - {name: migrations, action: allow, when: {source: ci, target: production, user: migrator, database: "shop*"}}
  - {name: standby, action: allow, when: {source: [production, ci], target: [shop], user: replica, replication: true}}
  - {name: ci-to-stage, action: allow, when: {source: ci, target: shop-stage}}
`

func from(environment string) identity.Match { return identity.Match{Environment: environment} }

func TestSessionsAreAdmittedByTheFirstRuleThatMatches(t *testing.T) {
	p := mustParse(t, estate)
	tests := []struct {
		name    string
		target  string
		client  Client
		allowed bool
		would   bool
		rule    string
	}{
		{"own environment", "shop", Client{Source: from("production"), User: "app"}, true, false, "builtin/same-environment"},
		{"another environment", "shop", Client{Source: from("staging"), User: "app"}, false, false, "builtin/cross-environment"},
		{"unknown source", "shop", Client{Source: from(identity.Unknown), User: "app"}, false, false, "builtin/unknown-source"},
		{"source that was never identified", "shop", Client{User: "app"}, false, false, "builtin/unknown-source"},
		{"rule lets another environment in", "shop", Client{Source: from("ci"), User: "migrator", Database: "shop_eu"}, true, false, "migrations"},
		{"user's name in another case", "shop", Client{Source: from("ci"), User: "Migrator", Database: "shop_eu"}, false, false, "builtin/cross-environment"},
		{"database that the rule does not name", "shop", Client{Source: from("ci"), User: "migrator", Database: "mail"}, false, false, "builtin/cross-environment"},
		{"target by its own name", "shop-stage", Client{Source: from("ci"), User: "any"}, true, false, "ci-to-stage"},
		{"rule refuses the own environment", "shop", Client{Source: from("production"), User: "db_admin"}, false, false, "no-root"},
		{"rule for another target", "shop-stage", Client{Source: from("staging"), User: "postgres"}, true, false, "builtin/same-environment"},
		{"replication without a rule", "shop", Client{Source: from("production"), User: "app", Replication: true}, false, false, "builtin/replication"},
		{"replication by rule", "shop", Client{Source: from("production"), User: "replica", Replication: true}, true, false, "standby"},
		{"rule for replication only", "shop", Client{Source: from("ci"), User: "replica"}, false, false, "builtin/cross-environment"},
		{"allow that does not say replication", "shop-stage", Client{Source: from("ci"), User: "x", Replication: true}, false, false, "builtin/cross-environment"},
		{"deny that does not say replication", "shop", Client{Source: from("production"), User: "postgres", Replication: true}, false, false, "no-root"},
		{"deny in audit mode", "shop", Client{Source: from("production"), User: "app", Application: "psql"}, true, true, "try-no-psql"},
		{"deny in audit mode before a deny", "shop", Client{Source: from("staging"), User: "app", Application: "psql"}, false, false, "builtin/cross-environment"},
		{"target in audit mode", "shop-trial", Client{Source: from("staging"), User: "app"}, true, true, "builtin/cross-environment"},
		{"target in audit mode, admitted anyway", "shop-trial", Client{Source: from("production"), User: "app"}, true, false, "builtin/same-environment"},
		{"rule on a target in audit mode", "shop-trial", Client{Source: from("production"), User: "postgres"}, true, true, "no-root"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := p.Admit(p.Target(test.target), test.client)
			if got.Allowed != test.allowed || got.WouldDeny != test.would || got.Rule != test.rule {
				t.Errorf("got %+v", got)
			}
			if got.Reason == "" {
				t.Error("no reason given")
			}
		})
	}
}

func TestCancelIsAdmittedWhereSomeClientOfTheSourceIs(t *testing.T) {
	p := mustParse(t, estate)
	locked := mustParse(t, estate+"  - {name: frozen, action: deny, when: {source: staging, target: staging}}\n")
	tests := []struct {
		name    string
		policy  *Policy
		target  string
		source  string
		allowed bool
		rule    string
	}{
		{"own environment", p, "shop", "production", true, "standby"},
		{"another environment", p, "shop", "staging", false, "builtin/cross-environment"},
		{"unknown", p, "shop", identity.Unknown, false, "builtin/unknown-source"},
		{"some user of that source", p, "shop", "ci", true, "migrations"},
		{"a deny for some users only", p, "shop-stage", "staging", true, "builtin/same-environment"},
		{"a deny for all", locked, "shop-stage", "staging", false, "frozen"},
		{"target in audit mode", p, "shop-trial", "staging", true, "builtin/cross-environment"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := test.policy.MayAdmit(test.policy.Target(test.target), from(test.source))
			if got.Allowed != test.allowed || got.Rule != test.rule {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestRefusalNamesBothEnvironments(t *testing.T) {
	p := mustParse(t, estate)
	shop := p.Target("shop")
	stage := p.Identify(identity.Facts{Address: netip.MustParseAddr("::ffff:10.20.1.1")})
	stranger := p.Identify(identity.Facts{Address: netip.MustParseAddr("192.0.2.1")})
	for _, test := range []struct {
		admission Admission
		want      string
	}{
		{p.Admit(shop, Client{Source: stage, User: "app"}),
			"a session from environment staging may not be opened on target shop of environment production"},
		{p.Admit(shop, Client{Source: stranger, User: "app"}),
			"a session from an unknown environment (no source rule matches address 192.0.2.1) may not be opened on target shop of environment production"},
		{p.Admit(shop, Client{Source: from("production"), User: "postgres", Database: "shop"}),
			"a session from environment production as user postgres on database shop may not be opened on target shop of environment production"},
		{p.Admit(shop, Client{Source: from("production"), User: "app", Replication: true}),
			"a replication connection to target shop of environment production needs a session rule that allows it with replication: true"},
	} {
		if test.admission.Reason != test.want {
			t.Errorf("got  %s\nwant %s", test.admission.Reason, test.want)
		}
	}
}

func TestDefaultPolicyAdmitsAnySourceButNoReplication(t *testing.T) {
	p := Default(Endpoint{"tcp", "127.0.0.1:6432"}, Endpoint{"tcp", "127.0.0.1:5432"})
	target := p.Targets[0]
	source := p.Identify(identity.Facts{Address: netip.MustParseAddr("192.0.2.1")})
	if got := p.Admit(target, Client{Source: source, User: "x"}); !got.Allowed || got.WouldDeny || got.Rule != "builtin/any-source" {
		t.Errorf("a client: %+v", got)
	}
	if got := p.MayAdmit(target, source); !got.Allowed {
		t.Errorf("a cancel request: %+v", got)
	}
	if got := p.Admit(target, Client{Source: source, User: "x", Replication: true}); got.Allowed || got.Rule != "builtin/replication" {
		t.Errorf("a replication connection: %+v", got)
	}
	r := p.Ruleset(target, Client{Source: source, User: "x"})
	if got := outcome(r.Decide(summary(acts(t, "truncate orders")), Context{})); got != "deny builtin/truncate" {
		t.Errorf("TRUNCATE: %s", got)
	}
	if target.Environment != "protected" || target.Upstream.Address != "127.0.0.1:5432" {
		t.Errorf("target %+v", target)
	}
}

func TestEndpointsAreReadAndWritten(t *testing.T) {
	tests := []struct{ text, network, address, problem string }{
		{"127.0.0.1:6432", "tcp", "127.0.0.1:6432", ""},
		{"[::1]:6432", "tcp", "[::1]:6432", ""},
		{":6432", "tcp", ":6432", ""},
		{"db.internal:0", "tcp", "db.internal:0", ""},
		{"unix:/run/postgresql/.s.PGSQL.5432", "unix", "/run/postgresql/.s.PGSQL.5432", ""},
		{"unix:run/x", "", "", "starts with a slash"},
		{"unix:/" + strings.Repeat("x", 107), "", "", "at most 107 bytes"},
		{"unix:/a\x00b", "", "", "NUL"},
		{"", "", "", "not an address"},
		{"localhost", "", "", "not an address"},
		{"::1:6432", "", "", "not an address"},
		{"localhost:postgresql", "", "", "no port"},
		{"localhost:65536", "", "", "no port"},
		{"localhost:+1", "", "", "no port"},
		{"localhost:", "", "", "no port"},
		{"a b:1", "", "", "no valid host"},
	}
	for _, test := range tests {
		got, err := ParseEndpoint(test.text)
		if test.problem != "" {
			if err == nil || !strings.Contains(err.Error(), test.problem) {
				t.Errorf("%q: error %v, want %s", test.text, err, test.problem)
			}
			continue
		}
		if err != nil || got != (Endpoint{test.network, test.address}) || got.String() != test.text {
			t.Errorf("%q: %+v, %v", test.text, got, err)
		}
	}
}

func TestEndpointsCollideWhereOneSocketWouldTakeTheOther(t *testing.T) {
	tests := []struct {
		a, b string
		want bool
	}{
		{"127.0.0.1:1", "127.0.0.1:1", true},
		{"127.0.0.1:1", "127.0.0.1:2", false},
		{"127.0.0.1:1", "127.0.0.2:1", false},
		{"127.0.0.1:0", "127.0.0.1:0", false},
		{":1", "127.0.0.1:1", true},
		{"0.0.0.0:1", "127.0.0.1:1", true},
		{"0.0.0.0:1", "[::1]:1", false},
		{"[::]:1", "127.0.0.1:1", true},
		{"[::]:1", "0.0.0.0:1", true},
		{"DB:1", "db:1", true},
		{"0.0.0.0:1", "db:1", true},
		{"unix:/a", "unix:/a", true},
		{"unix:/a", "unix:/b", false},
		{"unix:/a", ":1", false},
	}
	for _, test := range tests {
		a, errA := ParseEndpoint(test.a)
		b, errB := ParseEndpoint(test.b)
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		if a.collides(b) != test.want || b.collides(a) != test.want {
			t.Errorf("%s and %s: %v and %v, want %v", a, b, a.collides(b), b.collides(a), test.want)
		}
	}
}
