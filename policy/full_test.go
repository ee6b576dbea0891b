package policy

import (
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/pgcordon/pgcordon/identity"
)

func TestEveryKeyArrivesWhereItBelongs(t *testing.T) {
	p, err := load(t, certificates(t), `targets:
  - name: storefront
    environment: production
    mode: audit
    listen: ["0.0.0.0:6432", "unix:/run/pgcordon/.s.PGSQL.6432"]
    upstream: unix:/run/postgresql/.s.PGSQL.5432
    search_path: [app, public]
    client_tls: {mode: require, certificate: server.crt, key: server.key, client_ca: clients.pem, client_certificate: require}
    server_tls: {mode: prefer}
    proxy_protocol: {from: [10.0.0.5/32, "::1"]}
sources:
  - {name: lb, environment: staging, balancer: 10.0.0.5, cidr: ["fd00::/8"]}
  - {name: socket, environment: production, unix: true}
  - name: batch
    environment: production
    certificate: {cn: "batch-*", o: o, ou: ou, dns: dns, uri: "spiffe://prod/*", email: email, issuer: [A, B]}
audit: {file: log/audit.jsonl, sql: none, queue: 10, on_full: drop, sync: never}
metrics: {listen: "127.0.0.1:9432"}
admin: {socket: /run/pgcordon/admin.sock, mode: "0660", state: /var/lib/pgcordon/lockdowns.json, break_glass: {approvals: 2, longest: 10m}}
limits: {inspect_bytes: 64KiB, parse_bytes: 32KiB, sessions: 5, prelogin_sessions: 4, login_timeout: 1m30s, dial_timeout: 250ms, drain: 0s, cache_bytes: 0, cancels_per_second: 3, max_list: 7, max_limit: 8}
`)
	if err != nil {
		t.Fatal(err)
	}
	target := *p.Targets[0]
	target.ClientTLS, target.ServerTLS = ClientTLS{}, ServerTLS{}
	same(t, target, Target{
		Name: "storefront", Environment: "production", Mode: Audit,
		Listen:     []Endpoint{{"tcp", "0.0.0.0:6432"}, {"unix", "/run/pgcordon/.s.PGSQL.6432"}},
		Upstream:   Endpoint{"unix", "/run/postgresql/.s.PGSQL.5432"},
		SearchPath: []string{"app", "public"},
		Balancers:  []netip.Prefix{netip.MustParsePrefix("10.0.0.5/32"), netip.MustParsePrefix("::1/128")},
	})
	one := func(pattern string) []identity.Glob { return []identity.Glob{identity.CompileGlob(pattern)} }
	same(t, p.sources, identity.Rules{
		{Name: "lb", Environment: "staging", Balancer: []netip.Prefix{netip.MustParsePrefix("10.0.0.5/32")}, CIDR: []netip.Prefix{netip.MustParsePrefix("fd00::/8")}},
		{Name: "socket", Environment: "production", Unix: true},
		{Name: "batch", Environment: "production", Certificate: &identity.CertificatePattern{
			CommonName: one("batch-*"), Organization: one("o"), Unit: one("ou"), DNS: one("dns"), URI: one("spiffe://prod/*"),
			Email: one("email"), Issuer: append(one("A"), one("B")...)}},
	})
	log := p.Audit
	log.File = log.File[len(log.File)-len("/log/audit.jsonl"):]
	same(t, log, AuditLog{File: "/log/audit.jsonl", SQL: "none", Queue: 10, OnFull: "drop", Sync: "never"})
	same(t, p.Metrics, MetricsServer{Listen: "127.0.0.1:9432"})
	same(t, p.Admin, Admin{Socket: "/run/pgcordon/admin.sock", Mode: 0o660, State: "/var/lib/pgcordon/lockdowns.json",
		BreakGlass: &BreakGlass{Approvals: 2, Longest: 10 * time.Minute}})
	same(t, p.Limits, Limits{InspectBytes: 65536, ParseBytes: 32768, Sessions: 5, PreLoginSessions: 4, LoginTimeout: 90 * time.Second,
		DialTimeout: 250 * time.Millisecond, CancelsPerSecond: 3, Bounds: Bounds{MaxList: 7, MaxLimit: 8}})
	same(t, p.Ruleset(p.Targets[0], Client{}).Bounds(), Bounds{MaxList: 7, MaxLimit: 8})
}

func TestWhatTheFileLeavesOutHasItsDefault(t *testing.T) {
	p := mustParse(t, oneTarget)
	same(t, *p.Targets[0], Target{
		Name: "shop", Environment: "production", Listen: []Endpoint{{"tcp", "127.0.0.1:6432"}}, Upstream: Endpoint{"tcp", "127.0.0.1:5432"},
		SearchPath: []string{"public"}, ClientTLS: ClientTLS{Mode: "disable", ClientCertificate: "none"}, ServerTLS: ServerTLS{Mode: "disable"},
	})
	same(t, p.Audit, AuditLog{SQL: "redacted", Queue: 8192, OnFull: "block", Sync: "denials"})
	same(t, p.Metrics, MetricsServer{})
	same(t, p.Admin, Admin{})
	same(t, p.Limits, Limits{InspectBytes: 16 << 20, ParseBytes: 1 << 20, Sessions: 10000, PreLoginSessions: 1000, LoginTimeout: 30 * time.Second,
		DialTimeout: 5 * time.Second, Drain: 30 * time.Second, CacheBytes: 64 << 20, CancelsPerSecond: 10, Bounds: Bounds{MaxList: 10000, MaxLimit: 10000}})
	if !p.builtin || p.anySource || p.Path != "p.yaml" || p.Target("shop") != p.Targets[0] || p.Target("other") != nil {
		t.Errorf("policy %+v", p)
	}
}

func TestStandardOutputIsNoFile(t *testing.T) {
	if got := mustParse(t, oneTarget+"audit: {file: \"-\"}\n").Audit.File; got != "-" {
		t.Errorf("file %q", got)
	}
}

func same(t *testing.T, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}
