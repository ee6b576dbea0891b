package metrics

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

func gather(t *testing.T, registry *prometheus.Registry) map[string]*dto.MetricFamily {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*dto.MetricFamily{}
	for _, f := range families {
		out[f.GetName()] = f
	}
	return out
}

// scrape returns what /metrics says, each line of pgcordon's as key and value.
func scrape(t *testing.T, m *Metrics) map[string]string {
	t.Helper()
	code, body := get(m, "/metrics", nil)
	if code != http.StatusOK {
		t.Fatalf("status %d: %s", code, body)
	}
	out := map[string]string{}
	for line := range strings.Lines(body) {
		if i := strings.LastIndexByte(line, ' '); strings.HasPrefix(line, namespace) {
			out[strings.TrimPrefix(line[:i], namespace+"_")] = strings.TrimSpace(line[i:])
		}
	}
	return out
}

func get(m *Metrics, path string, notReady error) (int, string) {
	w := httptest.NewRecorder()
	m.Handler(func() error { return notReady }).ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	return w.Code, w.Body.String()
}

func newMetrics() *Metrics {
	return New(prometheus.NewRegistry(), BuildInfo{"1.2.3", "abcdef"}, []string{"read", "insert", "delete"})
}

var place = Labels{Target: "storefront", Source: "staging", Environment: "production"}

func TestWhatHappensIsCounted(t *testing.T) {
	tests := []struct {
		name   string
		happen func(*Metrics, *Session)
		want   map[string]string
	}{
		{"sessions", func(_ *Metrics, s *Session) { s.Opened(); s.Opened(); s.Closed("client_closed") }, map[string]string{
			`sessions_open{target="storefront"}`:                                                "1",
			`sessions_total{environment="staging",outcome="client_closed",target="storefront"}`: "1",
		}},
		{"refused session", func(_ *Metrics, s *Session) { s.Refused("builtin/unknown", WouldDeny) }, map[string]string{
			`sessions_refused_total{decision="would_deny",rule="builtin/unknown",source_environment="staging",target="storefront",target_environment="production"}`: "1",
		}},
		{"statement with two effects", func(_ *Metrics, s *Session) { s.Statement(0b101, Deny) }, map[string]string{
			`statements_total{decision="deny",effect="read",target="storefront"}`:   "1",
			`statements_total{decision="deny",effect="delete",target="storefront"}`: "1",
			`statements_total{decision="deny",effect="insert",target="storefront"}`: "0",
			`statements_total{decision="allow",effect="read",target="storefront"}`:  "0",
		}},
		{"statement without effects", func(_ *Metrics, s *Session) { s.Statement(0, Allow) }, map[string]string{
			`statements_total{decision="allow",effect="none",target="storefront"}`: "1",
		}},
		{"refused statement", func(_ *Metrics, s *Session) { s.StatementRefused("no-truncate", Deny) }, map[string]string{
			`statements_refused_total{decision="deny",rule="no-truncate",source_environment="staging",target="storefront",target_environment="production"}`: "1",
		}},
		{"login", func(_ *Metrics, s *Session) { s.AuthFailed("28P01") }, map[string]string{
			`auth_failures_total{environment="staging",sqlstate="28P01",target="storefront"}`: "1",
		}},
		{"bytes", func(_ *Metrics, s *Session) { s.FromClient(10); s.FromClient(5); s.FromServer(7) }, map[string]string{
			`client_bytes_total{target="storefront"}`: "15",
			`server_bytes_total{target="storefront"}`: "7",
		}},
		{"the guard's time", func(_ *Metrics, s *Session) { s.Judged(300 * time.Nanosecond) }, map[string]string{
			`guard_seconds_bucket{le="2.5e-07"}`: "0",
			`guard_seconds_bucket{le="5e-07"}`:   "1",
			`guard_seconds_count`:                "1",
		}},
		{"cache", func(m *Metrics, _ *Session) {
			m.ReadCache(func() CacheStats { return CacheStats{SkeletonHits: 1, Entries: 3, Bytes: 400} })
		}, map[string]string{
			`cache_lookups_total{result="exact"}`: "0", `cache_lookups_total{result="skeleton"}`: "1",
			`cache_entries`: "3", `cache_bytes`: "400",
		}},
		{"audit", func(m *Metrics, _ *Session) {
			m.ReadAudit(func() AuditStats { return AuditStats{1, 2, 3, 4, 5} })
		}, map[string]string{
			`audit_events_total`: "1", `audit_dropped_total`: "2", `audit_failed_total`: "3",
			`audit_queue_length`: "4", `audit_queue_capacity`: "5",
		}},
		{"reload that failed", func(m *Metrics, _ *Session) {
			m.ConfigLoaded(time.Unix(1000, 5e8))
			m.ConfigRejected()
		}, map[string]string{
			`config_reloads_total{result="success"}`: "1", `config_reloads_total{result="failure"}`: "1",
			`config_last_reload_successful`: "0", `config_last_reload_timestamp_seconds`: "1000.5",
		}},
		{"connections", func(m *Metrics, _ *Session) {
			m.StartupFailed("a", "malformed")
			m.ProxyHeaderFailed("a")
			m.CancelRequested("a", "forwarded")
			m.UpstreamFailed("a", "timeout")
			m.CertificateExpires("a", "client", time.Unix(77, 0))
		}, map[string]string{
			`startup_failures_total{kind="malformed",target="a"}`:           "1",
			`proxy_header_errors_total{target="a"}`:                         "1",
			`cancel_requests_total{outcome="forwarded",target="a"}`:         "1",
			`upstream_errors_total{reason="timeout",target="a"}`:            "1",
			`certificate_expiry_timestamp_seconds{leg="client",target="a"}`: "77",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := newMetrics()
			tt.happen(m, m.Session(place))
			got := scrape(t, m)
			for key, want := range tt.want {
				if got[key] != want {
					t.Errorf("%s is %q, want %s", key, got[key], want)
				}
			}
		})
	}
}

func TestSessionsOfOnePlaceShareTheirCounters(t *testing.T) {
	m := newMetrics()
	first := m.Session(place)
	if again := m.Session(place); again != first {
		t.Error("same labels, two sessions")
	}
	elsewhere := place
	elsewhere.Source = "production"
	if m.Session(place) == m.Session(elsewhere) {
		t.Error("other labels, one session")
	}
}

func TestThePathOfAMessageAllocatesNothing(t *testing.T) {
	s := newMetrics().Session(place)
	allocations := testing.AllocsPerRun(100, func() {
		s.FromClient(40)
		s.Statement(0b11, Allow)
		s.Judged(time.Microsecond)
		s.FromServer(400)
	})
	if allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
}

func TestSQLSTATELabelIsBounded(t *testing.T) {
	var s sqlstates
	for _, code := range []string{"", "2800", "28p01", "28P01\n", "28-01", "ééx", "28P011"} {
		if got := s.label(code); got != other {
			t.Errorf("%q became %q", code, got)
		}
	}
	for i := range 10 * maxSQLSTATEs {
		s.label(fmt.Sprintf("XX%03d", i))
	}
	if len(s.seen) != maxSQLSTATEs {
		t.Errorf("%d distinct labels", len(s.seen))
	}
	if got := s.label("XX000"); got != "XX000" {
		t.Errorf("a label that was handed out became %q", got)
	}
	if got := s.label("28P01"); got != other {
		t.Errorf("beyond the bound: %q", got)
	}
}

func TestHealthAndReadiness(t *testing.T) {
	tests := []struct {
		path     string
		notReady error
		code     int
		body     string
	}{
		{"/healthz", nil, 200, "ok\n"},
		{"/healthz", errors.New("draining"), 200, "ok\n"},
		{"/readyz", nil, 200, "ok\n"},
		{"/readyz", errors.New("draining"), 503, "draining\n"},
		{"/elsewhere", nil, 404, "404 page not found\n"},
	}
	for _, tt := range tests {
		if code, body := get(newMetrics(), tt.path, tt.notReady); code != tt.code || body != tt.body {
			t.Errorf("%s, %v: %d %q", tt.path, tt.notReady, code, body)
		}
	}
}

func TestRuntimeAndBuildAreShown(t *testing.T) {
	registry := prometheus.NewRegistry()
	families := gather(t, New(registry, BuildInfo{"1.2.3", "abcdef"}, nil).registry)
	for _, name := range []string{"go_goroutines", "process_open_fds", "pgcordon_build_info"} {
		if families[name] == nil {
			t.Errorf("%s is missing", name)
		}
	}
	got := families["pgcordon_build_info"].GetMetric()[0].String()
	for _, want := range []string{"1.2.3", "abcdef", "go1."} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
}

func TestServerLimitsWhatAClientCanHold(t *testing.T) {
	s := newMetrics().Server(func() error { return nil })
	if s.ReadHeaderTimeout == 0 || s.ReadTimeout == 0 || s.WriteTimeout == 0 || s.IdleTimeout == 0 || s.MaxHeaderBytes == 0 {
		t.Errorf("%+v", s)
	}
}
