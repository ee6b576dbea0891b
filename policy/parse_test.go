package policy

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// oneTarget is the shortest valid policy. What follows it begins in line 6.
const oneTarget = `targets:
  - name: shop
    environment: production
    listen: 127.0.0.1:6432
    upstream: 127.0.0.1:5432
`

func mustParse(t testing.TB, content string) *Policy {
	t.Helper()
	p, err := Parse("p.yaml", []byte(content))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// places returns line:column: message of each error.
func places(list Errors) []string {
	var out []string
	for _, e := range list {
		out = append(out, fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Message))
	}
	return out
}

func complaints(t *testing.T, content string) []string {
	t.Helper()
	_, err := Parse("p.yaml", []byte(content))
	if err == nil {
		return nil
	}
	var list Errors
	if !errors.As(err, &list) {
		t.Fatalf("%T instead of Errors: %v", err, err)
	}
	return places(list)
}

func compare(t *testing.T, got, want []string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func TestEveryMistakeIsNamedWithItsPlace(t *testing.T) {
	tests := []struct {
		name, content string
		want          []string
	}{
		{"empty file", "", []string{
			"1:1: the file is empty; name at least one server to protect under targets:, with name, environment, listen and upstream"}},
		{"comments only", "# nothing yet\n", []string{
			"1:1: the file is empty; name at least one server to protect under targets:, with name, environment, listen and upstream"}},
		{"no targets", "builtin: true\n", []string{
			`1:1: key "targets" is missing: the servers that are protected: name at least one server to protect under targets:, with name, environment, listen and upstream`}},
		{"targets without a value", "targets:\n", []string{"1:9: expected a list, found nothing"}},
		{"a list instead of a mapping", "- targets\n", []string{"1:1: expected a mapping, found a list; leave the dashes out"}},
		{"empty list", "targets: []\n", []string{"1:10: the list is empty; leave the key out instead"}},
		{"not YAML", "targets:\n\t- name: x\n", []string{"2:1: not YAML: found character that cannot start any token; indent with spaces, not with tabs"}},
		{"two documents", oneTarget + "---\nbuiltin: false\n", []string{"6:1: the file holds a second document; leave out the line ---"}},
		{"misspelt key", oneTarget + "statement:\n  - name: x\n", []string{`6:1: unknown key "statement"; did you mean "statements"?`}},
		{"key of another program", oneTarget + "listen_addr: x\n", []string{
			`6:1: unknown key "listen_addr"; known are targets, sources, sessions, statements, transactions, tripwires, sets, builtin, functions, audit, metrics, admin, limits`}},
		{"key twice", oneTarget + "builtin: true\nbuiltin: false\n", []string{`7:1: key "builtin" is already given in line 6`}},
		{"key that is not text", oneTarget + "[a]: b\n", []string{"6:1: expected a key, found a list"}},
		{"target without what it needs", "targets:\n  - name: shop\n", []string{
			`2:5: key "environment" is missing: the environment that the server belongs to`,
			`2:5: key "listen" is missing: where clients connect: host:port, [v6 address]:port, :port or unix:/path`,
			`2:5: key "upstream" is missing: the server: host:port, [v6 address]:port or unix:/path of its socket`}},
		{"all mistakes at once", strings.Replace(oneTarget, "shop", "a b", 1) + "builtin: 1\nlimits: {drain: soon, sessions: 0}\n", []string{
			`2:11: "a b" is not a name; use 1 to 63 letters, digits and _ . / - and begin with a letter or digit`,
			"6:10: expected true or false, found the number 1",
			`7:17: "soon" is not a duration; write it like 500ms, 30s, 5m or 24h`,
			"7:33: 0 is not between 1 and 1000000"}},
		{"alias", oneTarget + "sources:\n  - &a {name: x, environment: y, unix: true}\n  - *a\n", []string{
			"8:5: aliases are not supported; write out what *a stands for"}},
		{"merge key", oneTarget + "limits:\n  <<: {sessions: 5}\n", []string{
			`7:3: unknown key "<<"; known are inspect_bytes, parse_bytes, sessions, prelogin_sessions, login_timeout, dial_timeout, drain, cache_bytes, cancels_per_second, max_list, max_limit`}},
		{"number where a name belongs", oneTarget + "sessions: [{name: x, action: allow, when: {user: [0123]}}]\n", []string{
			"6:51: expected text, found the number 0123; put it in quotes"}},
		{"nothing where a name belongs", oneTarget + "sessions: [{name: x, action: allow, when: {user: [~]}}]\n", []string{
			"6:51: expected text, found nothing"}},
		{"empty condition", oneTarget + "sessions: [{name: x, action: allow, when: {user: []}}]\n", []string{
			"6:50: the list is empty; leave the key out instead"}},
		{"unknown mode", oneTarget + "statements: [{name: x, action: deny, mode: audti}]\n", []string{
			`6:44: unknown mode "audti"; did you mean "audit"?`}},
		{"unknown action", oneTarget + "statements: [{name: x, action: block}]\n", []string{
			`6:32: unknown action "block"; did you mean "deny"?`}},
		{"action that only statements have", oneTarget + "sessions: [{name: x, action: audit}]\n", []string{
			`6:30: unknown action "audit"; known are allow, deny`}},
		{"unknown effect", oneTarget + "statements: [{name: x, action: deny, when: {effect: [trunctate, delete, '@destructiv']}}]\n", []string{
			`6:54: unknown effect "trunctate"; did you mean "truncate"?`,
			`6:73: unknown effect "@destructiv"; did you mean "@destructive"?`}},
		{"unknown breadth", oneTarget + "statements: [{name: x, action: deny, when: {breadth: [open-range, all]}}]\n", []string{
			`6:55: unknown breadth "open-range"; did you mean "open_range"?`,
			`6:67: unknown breadth "all"; leave breadth out to mean every one`}},
		{"relation with two dots", oneTarget + "statements: [{name: x, action: deny, when: {relation: [a.b.c, .x]}}]\n", []string{
			"6:56: a pattern has at most one dot, between schema and name; write ? for a dot within a name",
			`6:63: ".x" lacks a name on one side of its dot; write name or schema.name`}},
		{"bad prefixes", oneTarget + "sources: [{name: x, environment: y, cidr: [10.30.0.0/33, 10.30.0.1/16, localhost, 'fe80::1%eth0']}]\n", []string{
			`6:44: "10.30.0.0/33" is not a CIDR prefix; write 10.30.0.0/16 or fd00:30::/32`,
			"6:58: 10.30.0.1/16 has bits set behind its prefix; did you mean 10.30.0.0/16?",
			`6:72: "localhost" is not a CIDR prefix; write 10.30.0.0/16 or fd00:30::/32`,
			`6:83: "fe80::1%eth0" is not a CIDR prefix; write 10.30.0.0/16 or fd00:30::/32`}},
		{"rule with the name of another", oneTarget + "statements:\n  - {name: x, action: deny}\n  - {name: y, action: deny}\n  - {name: x, action: allow}\n", []string{
			`9:12: the name "x" is already taken in line 7`}},
		{"rule with a built-in name", oneTarget + "statements: [{name: builtin/drop, action: allow}]\n", []string{
			"6:21: names that begin with builtin/ are reserved for the built-in rules"}},
		{"mode audit on an allow", oneTarget + "statements: [{name: x, action: allow, mode: audit}]\n", []string{
			"6:45: mode audit is for rules with action deny"}},
		{"unix: false", oneTarget + "sources: [{name: x, environment: y, unix: false}]\n", []string{
			"6:43: only true is a condition; leave the key out instead"}},
		{"target of environment unknown", strings.Replace(oneTarget, "production", "unknown", 1), []string{
			`3:18: environment "unknown" means that no source rule matched, so it can be no target's`}},
		{"target that connects to itself", strings.Replace(oneTarget, "5432", "6432", 1), []string{
			"5:15: target shop would connect to itself: 127.0.0.1:6432 is also in listen"}},
		{"upstream without a host", strings.Replace(oneTarget, "127.0.0.1:5432", "':5432'", 1), []string{
			`5:15: ":5432" names no host to connect to`}},
		{"the same listener twice", oneTarget + `  - name: other
    environment: staging
    listen: ["[::1]:6432", ":6432"]
    upstream: 127.0.0.1:5433
metrics: {listen: 0.0.0.0:6432}
`, []string{
			"8:28: :6432 is already listened on as 127.0.0.1:6432 in line 4",
			"10:19: 0.0.0.0:6432 is already listened on as 127.0.0.1:6432 in line 4"}},
		{"TLS without a certificate", oneTarget + "    client_tls: {mode: require}\n", []string{
			"6:24: mode require needs a certificate and a key"}},
		{"client certificates without authorities", oneTarget + "    client_tls: {client_certificate: optional}\n", []string{
			"6:38: client_certificate optional needs client_ca, the file of authorities to believe"}},
		{"certificate without its key", oneTarget + "    server_tls: {mode: require, certificate: c.pem}\n", []string{
			"6:46: certificate needs a key"}},
		{"key without its certificate", oneTarget + "    server_tls: {mode: require, key: k.pem}\n", []string{
			"6:38: key needs a certificate"}},
		{"files that do not exist", oneTarget + "    client_tls: {certificate: no.crt, key: no.key, client_ca: /nowhere/ca.pem}\n", []string{
			"6:31: stat no.crt: no such file or directory",
			"6:44: stat no.key: no such file or directory",
			"6:63: stat /nowhere/ca.pem: no such file or directory"}},
		{"file that never ends", oneTarget + "    server_tls: {ca: /dev/zero}\n", []string{
			"6:22: read /dev/zero: not a regular file"}},
		{"TLS to a unix socket", strings.Replace(oneTarget, "127.0.0.1:5432", "unix:/run/postgresql/.s.PGSQL.5432", 1) + "    server_tls: {mode: require}\n", []string{
			"6:24: PostgreSQL offers no TLS on a unix socket; mode must be disable"}},
		{"PROXY headers from nobody", oneTarget + "    proxy_protocol: {}\n", []string{
			`6:21: key "from" is missing: addresses whose PROXY header is believed, and required`}},
		{"sizes", oneTarget + "limits: {inspect_bytes: 1MB, cache_bytes: 4TiB}\n", []string{
			`6:25: expected a size such as 64KiB or 1MiB, found the text "1MB"`,
			`6:43: expected a size such as 64KiB or 1MiB, found the text "4TiB"`}},
		{"sizes out of range", oneTarget + "limits: {inspect_bytes: 12, cache_bytes: 2GiB}\n", []string{
			"6:25: 12 is not between 1024 and 1073741822 bytes",
			"6:42: 2GiB is not between 0 and 1073741824 bytes"}},
		{"metrics on a unix socket", oneTarget + "metrics: {listen: unix:/run/m.sock}\n", []string{
			"6:19: metrics are served over TCP only; write host:port"}},
		{"audit log without a file", oneTarget + "audit: {on_full: wait}\n", []string{
			`6:8: key "file" is missing: path of the log, one JSON object a line; "-" is standard output`,
			`6:18: unknown value "wait"; known are block, drop`}},
		{"NUL in a pattern", oneTarget + "functions: \"a\\0b\"\n", []string{
			"6:12: the text contains a NUL, which no PostgreSQL name can"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			compare(t, complaints(t, test.content), test.want)
		})
	}
}

func TestErrorsNameTheFile(t *testing.T) {
	_, err := Parse("conf/pgcordon.yaml", []byte("x: 1\nbuiltin: maybe\n"))
	want := `conf/pgcordon.yaml:2:10: expected true or false, found the text "maybe"`
	if err == nil || !strings.Contains(err.Error(), "\n"+want) {
		t.Errorf("got %v\nwithout %s", err, want)
	}
}

func TestFileThatIsTooLargeIsRefused(t *testing.T) {
	compare(t, complaints(t, oneTarget+strings.Repeat("#", maxFile)), []string{"1:1: the file is larger than 1048576 bytes"})
}

func TestAliasesDoNotExpand(t *testing.T) {
	var bomb strings.Builder
	bomb.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x]\n")
	for i := range 30 {
		fmt.Fprintf(&bomb, "a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i), 9), ", "))
	}
	if got := complaints(t, bomb.String()); len(got) != 30*9 {
		t.Errorf("%d errors, want one for each alias", len(got))
	}
}

func TestDeepNestingIsAnError(t *testing.T) {
	for _, content := range []string{strings.Repeat("[", 100_000), strings.Repeat("- ", 100_000), strings.Repeat("{a: ", 9_000)} {
		if complaints(t, content) == nil {
			t.Errorf("%.10s... is accepted", content)
		}
	}
}

func TestWhatCanHardlyBeMeantIsAWarning(t *testing.T) {
	const lab = "sources: [{name: all, environment: production}]\n"
	tests := []struct {
		name, content string
		want          []string
	}{
		{"nothing odd", oneTarget + lab, nil},
		{"no sources", oneTarget, []string{
			"1:1: no sources: every client is of environment unknown, and only a rule under sessions can let it in"}},
		{"source behind one that takes all", oneTarget + "sources:\n  - {name: all, environment: a}\n  - {name: net, environment: b, cidr: 10.0.0.0/8}\n", []string{
			"8:5: rule all above already decides all that this rule is about"}},
		{"session rule behind an allow for all", oneTarget + lab + `sessions:
  - {name: all, action: allow}
  - {name: dead, action: allow, when: {user: x}}
  - {name: standby, action: allow, when: {replication: true}}
  - {name: alive, action: deny, when: {user: y}}
`, []string{"9:5: rule all above already decides all that this rule is about"}},
		{"session rule behind a deny for all", oneTarget + lab + `sessions:
  - {name: none, action: deny}
  - {name: standby, action: allow, when: {replication: true}}
`, []string{"9:5: rule none above already decides all that this rule is about"}},
		{"session rule behind a deny that only notes", oneTarget + lab + `sessions:
  - {name: none, action: deny, mode: audit}
  - {name: standby, action: allow, when: {replication: true}}
`, nil},
		{"statement rule behind an allow for all", oneTarget + lab + `statements:
  - {name: see, action: audit}
  - {name: all, action: allow}
  - {name: dead, action: deny, when: {effect: drop}}
`, []string{"10:5: rule all above already decides all that this rule is about"}},
		{"rules behind a wider one", oneTarget + lab + `sessions:
  - {name: apps, action: deny, when: {user: "app_*", database: [shop, stock]}}
  - {name: one, action: allow, when: {user: app_1, database: stock}}
  - {name: other, action: allow, when: {user: app_1, database: till}}
  - {name: wider, action: deny, when: {user: "*", database: shop}}
statements:
  - {name: carts, action: allow, when: {effect: [delete, update], relation: [carts, "tmp_*"]}}
  - {name: carts-again, action: deny, when: {effect: delete, relation: [public.carts, tmp_1], breadth: none}}
  - {name: carts-and-more, action: deny, when: {effect: delete, relation: [carts, orders]}}
  - {name: carts-truncated, action: deny, when: {effect: truncate, relation: carts}}
  - {name: public, action: allow, when: {effect: insert, relation: public.t}}
  - {name: may-be-another, action: deny, when: {effect: insert, relation: public.t}}
  - {name: now-and-then, action: allow, allowance: {per: 1h}, when: {effect: drop}}
  - {name: else, action: allow, when: {effect: drop, object: "tmp_*"}}
`, []string{
			"9:5: rule apps above already decides all that this rule is about",
			"14:5: rule carts above already decides all that this rule is about"}},
		{"conditions that no act meets together", oneTarget + lab + `statements:
  - {name: x, action: deny, when: {effect: [drop, truncate], breadth: none}}
  - {name: y, action: deny, when: {effect: delete, function: app.purge}}
`, []string{
			"8:35: rule x never matches: breadth is of update,delete,lock only, function of function,call only, and all conditions must hold",
			"9:35: rule y never matches: breadth is of update,delete,lock only, function of function,call only, and all conditions must hold"}},
		{"environments that nobody has", oneTarget + lab + "sessions: [{name: x, action: allow, when: {source: [staging, unknown, 'prod*'], target: [shop, production, warehouse]}}]\n", []string{
			`7:53: no source has an environment that matches "staging"`,
			`7:108: no target has a name or an environment that matches "warehouse"`}},
		{"sources that no target can tell", oneTarget + `sources:
  - {name: a, environment: production, certificate: {cn: x}}
  - {name: b, environment: production, balancer: 10.0.0.1}
  - {name: c, environment: production, unix: true}
`, []string{
			"7:53: source a never matches: no target asks for client certificates; set client_tls.client_ca",
			"8:50: source b never matches: no target has proxy_protocol",
			"9:46: source c never matches: no target listens on a unix socket"}},
		{"TLS options without effect", oneTarget + "    server_tls: {mode: require, server_name: db}\n" + lab, []string{
			"6:46: server_name is verified in mode verify-full only"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			compare(t, places(mustParse(t, test.content).Warnings), test.want)
		})
	}
}

func TestSuggestionsAreForSlipsAndSynonymsOnly(t *testing.T) {
	known := []string{"allow", "deny", "audit"}
	for word, want := range map[string]string{
		"alow": `did you mean "allow"?`, "dney": `did you mean "deny"?`, "Audit": `did you mean "audit"?`,
		"refuse": `did you mean "deny"?`, "dry-run": `did you mean "audit"?`, "effect": "known are allow, deny, audit; effect is for rules under statements",
		"nonsense": "known are allow, deny, audit", "": "known are allow, deny, audit",
		strings.Repeat("a", 5000): "known are allow, deny, audit",
	} {
		if got := suggestion(word, known); got != want {
			t.Errorf("%.10q: %s, want %s", word, got, want)
		}
	}
}
