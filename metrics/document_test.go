package metrics

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// described is what docs/metrics.md says of a metric, or what the registry does.
type described struct{ kind, labels string }

var (
	documentRow = regexp.MustCompile("(?m)^\\| `(pgcordon_[a-z_]+)` \\| (counter|gauge|histogram) \\| ([^|]*) \\| ([^|]+) \\|$")
	descriptor  = regexp.MustCompile(`fqName: "([^"]+)".*constLabels: \{([^}]*)\}, variableLabels: \{([^}]*)\}`)
	labelValue  = regexp.MustCompile(`="[^"]*"`)
)

func documented(t *testing.T) map[string]described {
	t.Helper()
	text, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]described{}
	for _, row := range documentRow.FindAllStringSubmatch(string(text), -1) {
		out[row[1]] = described{row[2], strings.ReplaceAll(row[3], "`", "")}
	}
	return out
}

// registered asks the registry's descriptors for names and labels, so that a metric
// that nothing has touched yet counts too, and a scrape for the types.
func registered(t *testing.T) map[string]described {
	t.Helper()
	registry := prometheus.NewRegistry()
	touchEverything(New(registry, BuildInfo{"1.0.0", "abc"}, []string{"read", "delete"}))
	out := map[string]described{}
	for name, family := range gather(t, registry) {
		if strings.HasPrefix(name, namespace) {
			out[name] = described{kind: strings.ToLower(family.GetType().String())}
		}
	}
	descriptors := make(chan *prometheus.Desc)
	go func() { registry.Describe(descriptors); close(descriptors) }()
	for d := range descriptors {
		if m := descriptor.FindStringSubmatch(d.String()); strings.HasPrefix(m[1], namespace) {
			out[m[1]] = described{out[m[1]].kind, strings.ReplaceAll(labelValue.ReplaceAllString(m[2]+m[3], ""), ",", ", ")}
		}
	}
	return out
}

func touchEverything(m *Metrics) {
	s := m.Session(Labels{"storefront", "staging", "production"})
	s.Opened()
	s.Closed("client_closed")
	s.Refused("builtin/cross-environment", Deny)
	s.StatementRefused("builtin/truncate", WouldDeny)
	s.StatementOverridden("builtin/truncate")
	s.AuthFailed("28P01")
	m.StartupFailed("storefront", "malformed")
	m.ProxyHeaderFailed("storefront")
	m.CancelRequested("storefront", "forwarded")
	m.UpstreamFailed("storefront", "refused")
	m.CertificateExpires("storefront", "client", time.Unix(1, 0))
	m.IncidentOpened("storefront", "table-after-table", "staging", true)
}

func TestDocumentAndRegistryAgree(t *testing.T) {
	inDocument, inRegistry := documented(t), registered(t)
	for name, want := range inRegistry {
		got, ok := inDocument[name]
		switch {
		case want.kind == "":
			t.Errorf("%s: touchEverything does not touch it", name)
		case !ok:
			t.Errorf("%s is not in docs/metrics.md", name)
		case got != want:
			t.Errorf("%s: the document says %+v, the registry %+v", name, got, want)
		}
	}
	for name := range inDocument {
		if _, ok := inRegistry[name]; !ok {
			t.Errorf("%s is in docs/metrics.md only", name)
		}
	}
}

// TestDocumentedAlertsNameExistingMetrics catches an expression that a renamed
// metric left behind.
func TestDocumentedAlertsNameExistingMetrics(t *testing.T) {
	text, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	inRegistry := registered(t)
	for _, name := range regexp.MustCompile(`pgcordon_[a-z_]+`).FindAllString(string(text), -1) {
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			name = strings.TrimSuffix(name, suffix)
		}
		if _, ok := inRegistry[name]; !ok {
			t.Errorf("%s does not exist", name)
		}
	}
}

func TestNamesFollowPrometheusConventions(t *testing.T) {
	for name, m := range registered(t) {
		if (m.kind == "counter") != strings.HasSuffix(name, "_total") {
			t.Errorf("%s is a %s", name, m.kind)
		}
		for _, label := range strings.Split(m.labels, ", ") {
			if slices.Contains([]string{"user", "address", "database", "sql", "application"}, label) {
				t.Errorf("%s: label %s is not bounded", name, label)
			}
		}
	}
}
