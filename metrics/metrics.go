package metrics

import (
	"runtime"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// BuildInfo says which program this is.
type BuildInfo struct{ Version, Revision string }

// Metrics is every metric of the program. Its methods may be called from any
// goroutine.
type Metrics struct {
	registry  *prometheus.Registry
	effects   []string
	sqlstates sqlstates

	mu       sync.Mutex
	sessions map[Labels]*Session

	sessionsOpen         *prometheus.GaugeVec
	sessionsTotal        *prometheus.CounterVec
	sessionsRefused      *prometheus.CounterVec
	statements           *prometheus.CounterVec
	statementsRefused    *prometheus.CounterVec
	authFailures         *prometheus.CounterVec
	startupFailures      *prometheus.CounterVec
	proxyHeaderErrors    *prometheus.CounterVec
	cancels              *prometheus.CounterVec
	upstreamErrors       *prometheus.CounterVec
	clientBytes          *prometheus.CounterVec
	serverBytes          *prometheus.CounterVec
	certificateExpiry    *prometheus.GaugeVec
	guardSeconds         prometheus.Histogram
	reloads              *prometheus.CounterVec
	reloadSuccessful     prometheus.Gauge
	reloadTime           prometheus.Gauge
	lockdowns            prometheus.Gauge
	quarantines          prometheus.Gauge
	incidents            *prometheus.CounterVec
	cache                source[CacheStats]
	audit                source[AuditStats]
	statementsOverridden *prometheus.CounterVec
}

// New registers every metric with the registry, which must have none of them yet.
// The effects are named in the order of their numbers; there are 32 at most.
func New(registry *prometheus.Registry, build BuildInfo, effects []string) *Metrics {
	m := &Metrics{registry: registry, effects: effects, sessions: map[Labels]*Session{}}
	m.registerSessions()
	m.registerConnections()
	m.registerJudging()
	m.registerOperation(build)
	registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

func (m *Metrics) registerSessions() {
	m.sessionsOpen = m.gaugeVec("sessions_open", "Sessions that are relayed now.", "target")
	m.sessionsTotal = m.counterVec("sessions_total", "Sessions that ended, by how.", "target", "environment", "outcome")
	m.sessionsRefused = m.counterVec("sessions_refused_total", "Sessions that a rule refused, or would have refused.",
		"target", "rule", "source_environment", "target_environment", "decision")
	m.statements = m.counterVec("statements_total", "Effects of the query strings that were judged, by decision.",
		"target", "effect", "decision")
	m.statementsRefused = m.counterVec("statements_refused_total", "Query strings that a rule refused, or would have refused.",
		"target", "rule", "source_environment", "target_environment", "decision")
	m.statementsOverridden = m.counterVec("statements_overridden_total", "Query strings that an operator let through although a rule refuses them.",
		"target", "rule", "source_environment", "target_environment")
}

func (m *Metrics) registerConnections() {
	m.authFailures = m.counterVec("auth_failures_total", "Logins that the server refused.", "target", "environment", "sqlstate")
	m.startupFailures = m.counterVec("startup_failures_total", "Connections that ended before a session began.", "target", "kind")
	m.proxyHeaderErrors = m.counterVec("proxy_header_errors_total", "PROXY headers that were missing or malformed.", "target")
	m.cancels = m.counterVec("cancel_requests_total", "Cancel requests, by what became of them.", "target", "outcome")
	m.upstreamErrors = m.counterVec("upstream_errors_total", "Failures to reach or to keep the server.", "target", "reason")
	m.clientBytes = m.counterVec("client_bytes_total", "Bytes read from clients.", "target")
	m.serverBytes = m.counterVec("server_bytes_total", "Bytes read from servers.", "target")
	m.certificateExpiry = m.gaugeVec("certificate_expiry_timestamp_seconds", "When pgcordon's own certificate ends, in seconds since 1970.",
		"target", "leg")
}

func (m *Metrics) registerJudging() {
	m.guardSeconds = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "pgcordon_guard_seconds",
		Help: "Time that judging a message took, without waiting for client or server.",
		Buckets: []float64{1e-7, 2.5e-7, 5e-7, 1e-6, 2.5e-6, 5e-6, 1e-5, 2.5e-5, 5e-5,
			1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 1e-2, 1e-1},
	})
	m.registry.MustRegister(m.guardSeconds)
	m.cacheLookups("exact", func(s CacheStats) uint64 { return s.ExactHits })
	m.cacheLookups("skeleton", func(s CacheStats) uint64 { return s.SkeletonHits })
	m.cacheLookups("miss", func(s CacheStats) uint64 { return s.Misses })
	m.gaugeFunc("cache_entries", "Verdicts in the cache.", func() float64 { return float64(m.cache.read().Entries) })
	m.gaugeFunc("cache_bytes", "Memory that the verdict cache holds.", func() float64 { return float64(m.cache.read().Bytes) })
}

// cacheLookups counts one result of a lookup, as the cache itself does.
func (m *Metrics) cacheLookups(result string, of func(CacheStats) uint64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Namespace: namespace, Name: "cache_lookups_total", Help: "Lookups in the verdict cache, by what was found.",
		ConstLabels: prometheus.Labels{"result": result},
	}, func() float64 { return float64(of(m.cache.read())) }))
}

func (m *Metrics) registerOperation(build BuildInfo) {
	m.reloads = m.counterVec("config_reloads_total", "Attempts to load the configuration, the first one included.", "result")
	m.reloads.WithLabelValues("success")
	m.reloads.WithLabelValues("failure")
	m.reloadSuccessful = m.gauge("config_last_reload_successful", "1 if the last attempt to load the configuration succeeded, else 0.")
	m.reloadTime = m.gauge("config_last_reload_timestamp_seconds", "When the configuration in use was loaded, in seconds since 1970.")
	m.lockdowns = m.gauge("lockdown", "Lockdowns in force, quarantines among them.")
	m.quarantines = m.gauge("quarantine", "Quarantines in force.")
	m.incidents = m.counterVec("incidents_total", "Incidents that tripwires opened.", "target", "tripwire", "source_environment", "decision")
	m.counterFunc("audit_events_total", "Audit events that were written.", func() float64 { return float64(m.audit.read().Written) })
	m.counterFunc("audit_dropped_total", "Audit events that found the queue full.", func() float64 { return float64(m.audit.read().Dropped) })
	m.counterFunc("audit_failed_total", "Audit events that could not be written.", func() float64 { return float64(m.audit.read().Failed) })
	m.gaugeFunc("audit_queue_length", "Audit events that wait to be written.", func() float64 { return float64(m.audit.read().QueueLen) })
	m.gaugeFunc("audit_queue_capacity", "Audit events that may wait.", func() float64 { return float64(m.audit.read().QueueCap) })
	info := m.gaugeVec("build_info", "Always 1; the labels say which program this is.", "version", "revision", "goversion")
	info.WithLabelValues(build.Version, build.Revision, runtime.Version()).Set(1)
}

// StartupFailed tells of a connection that ended before a session began. The
// kind is one of the program's own words.
func (m *Metrics) StartupFailed(target, kind string) {
	m.startupFailures.WithLabelValues(target, kind).Inc()
}

// ProxyHeaderFailed tells of a PROXY header that was missing or malformed.
func (m *Metrics) ProxyHeaderFailed(target string) {
	m.proxyHeaderErrors.WithLabelValues(target).Inc()
}

// CancelRequested tells of a cancel request and what became of it, in one of
// the program's own words.
func (m *Metrics) CancelRequested(target, outcome string) {
	m.cancels.WithLabelValues(target, outcome).Inc()
}

// UpstreamFailed tells that the server could not be reached or was lost. The
// reason is one of the program's own words.
func (m *Metrics) UpstreamFailed(target, reason string) {
	m.upstreamErrors.WithLabelValues(target, reason).Inc()
}

// CertificateExpires tells when the certificate ends that pgcordon shows on a
// leg, "client" or "server".
func (m *Metrics) CertificateExpires(target, leg string, at time.Time) {
	m.certificateExpiry.WithLabelValues(target, leg).Set(float64(at.Unix()))
}

// ConfigLoaded tells that a configuration was taken into use at the given time.
func (m *Metrics) ConfigLoaded(at time.Time) {
	m.reloads.WithLabelValues("success").Inc()
	m.reloadSuccessful.Set(1)
	m.reloadTime.Set(float64(at.UnixMilli()) / 1000)
}

// LockedDown tells how many lockdowns are in force, and how many of these tripwires have
// imposed.
func (m *Metrics) LockedDown(n, quarantines int) {
	m.lockdowns.Set(float64(n))
	m.quarantines.Set(float64(quarantines))
}

// IncidentOpened tells that a tripwire has tripped for a source environment, and whether
// that is locked out. All three names come out of the configuration.
func (m *Metrics) IncidentOpened(target, tripwire, source string, lockedOut bool) {
	decision := WouldDeny
	if lockedOut {
		decision = Deny
	}
	m.incidents.WithLabelValues(target, tripwire, source, decisionNames[decision]).Inc()
}

// ConfigRejected tells that a configuration was invalid; the old one stays in use.
func (m *Metrics) ConfigRejected() {
	m.reloads.WithLabelValues("failure").Inc()
	m.reloadSuccessful.Set(0)
}
