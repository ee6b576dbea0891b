package policy

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/pgcordon/pgcordon/identity"
)

func example(t *testing.T, name string) *Policy {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("../deploy/examples", name))
	if err != nil {
		t.Fatal(err)
	}
	p, err := load(t, certificates(t), string(content))
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Warnings) > 0 {
		t.Errorf("warnings: %v", p.Warnings)
	}
	return p
}

func TestEveryExampleHasATest(t *testing.T) {
	files, err := filepath.Glob("../deploy/examples/*")
	if err != nil || len(files) != 3 {
		t.Errorf("%q, %v: want the three that are tested here", files, err)
	}
}

// try is a client, what it sends, and what comes of it: the session rule where
// the session is refused, else the outcome for the act.
type try struct {
	address string
	client  Client
	target  string
	act     string
	want    string
}

func (c try) run(t *testing.T, p *Policy) {
	t.Helper()
	c.client.Source = p.Identify(identity.Facts{Address: netip.MustParseAddr(c.address)})
	target := p.Target(c.target)
	admission := p.Admit(target, c.client)
	got := "refused " + admission.Rule
	if admission.Allowed {
		got = outcome(p.Ruleset(target, c.client).Decide(summary(acts(t, c.act)), Context{}))
	}
	if admission.WouldDeny {
		got = "would refuse " + admission.Rule + ", " + got
	}
	if got != c.want {
		t.Errorf("%s %+v on %s: %s\ngot  %s\nwant %s", c.address, c.client, c.target, c.act, got, c.want)
	}
}

func TestSidecarExample(t *testing.T) {
	p := example(t, "sidecar.yaml")
	app := Client{User: "storefront_app", Database: "storefront"}
	migrator := Client{User: "migrator", Database: "storefront"}
	for _, c := range []try{
		{"10.30.1.7", app, "storefront", "read categories", "allow"},
		{"10.30.1.7", app, "storefront", "delete categories open_range", "deny builtin/unbounded-delete"},
		{"10.30.1.7", app, "storefront", "truncate categories", "deny builtin/truncate"},
		{"10.30.1.7", app, "storefront", "delete cart_items open_range", "allow"},
		{"10.30.1.7", app, "storefront", "delete cart_items none", "deny builtin/unbounded-delete"},
		{"10.30.1.7", app, "storefront", "privileges categories", "record privileges"},
		{"10.20.1.7", app, "storefront", "", "refused builtin/cross-environment"},
		{"192.0.2.1", app, "storefront", "", "refused builtin/unknown-source"},
		{"10.30.250.9", app, "storefront", "", "refused builtin/cross-environment"},
		{"10.30.250.9", migrator, "storefront", "drop old", "allow"},
		{"10.30.250.9", migrator, "storefront", "truncate old", "deny builtin/truncate"},
		{"10.30.1.7", migrator, "storefront", "drop old", "deny builtin/drop"},
		{"10.30.1.7", Client{User: "storefront_app", Replication: true}, "storefront", "", "refused builtin/replication"},
		{"10.30.1.7", Client{User: "replicator", Replication: true}, "storefront", "replication -", "allow"},
	} {
		c.run(t, p)
	}
}

func TestChokePointExample(t *testing.T) {
	p := example(t, "choke-point.yaml")
	app, report := Client{User: "app"}, Client{User: "report_daily"}
	for _, c := range []try{
		{"10.31.0.1", app, "billing", "insert invoices", "allow"},
		{"10.31.0.1", app, "billing", "call reset_all", "deny billing-purge"},
		{"10.31.0.1", app, "billing", "function billing.purge_invoices", "deny billing-purge"},
		{"10.31.0.1", app, "storefront", "function billing.purge_invoices", "allow"},
		{"10.31.0.1", app, "storefront-staging", "", "refused builtin/cross-environment"},
		{"10.20.0.1", app, "storefront", "", "refused builtin/cross-environment"},
		{"10.20.0.1", app, "storefront-staging", "truncate categories", "allow"},
		{"10.20.0.1", app, "storefront-staging", "copy_program categories", "deny builtin/copy-program"},
		{"192.168.1.1", app, "storefront-staging", "truncate categories", "deny builtin/truncate"},
		{"192.168.1.1", app, "storefront", "", "refused builtin/cross-environment"},
		{"10.50.0.9", report, "storefront", "read orders", "allow"},
		{"10.50.0.9", report, "storefront", "delete orders key", "deny reports-nothing-else"},
		{"10.50.0.9", report, "storefront", "unknown -", "deny reports-nothing-else"},
		{"10.50.0.9", app, "storefront", "", "refused builtin/cross-environment"},
		{"10.31.0.1", Client{User: "postgres"}, "billing", "", "refused no-superuser"},
	} {
		c.run(t, p)
	}
}

func TestAuditOnlyExample(t *testing.T) {
	p := example(t, "audit-only.yaml")
	app := Client{User: "storefront_app"}
	for _, c := range []try{
		{"127.0.0.1", app, "storefront", "read orders", "allow"},
		{"127.0.0.1", app, "storefront", "truncate categories", "would_deny builtin/truncate"},
		{"127.0.0.1", app, "storefront", "delete coupons open_range", "allow"},
		{"127.0.0.1", Client{User: "ada", Application: "psql"}, "storefront", "insert coupons", "record people"},
		{"192.0.2.1", app, "storefront", "drop orders", "would refuse builtin/unknown-source, would_deny builtin/drop"},
	} {
		c.run(t, p)
	}
}
