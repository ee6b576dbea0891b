package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Decision is what was decided on a query string or a session.
type Decision uint8

// The decisions.
const (
	Allow     Decision = iota // passed
	Record                    // passed, and an audit rule asked for an event
	WouldDeny                 // passed, because rule or target only audits
	Deny                      // refused
	decisionCount
)

var decisionNames = [decisionCount]string{"allow", "record", "would_deny", "deny"}

// Labels name a session's place. All three come out of the configuration.
type Labels struct {
	Target      string // name of the target
	Source      string // environment of the source
	Environment string // environment of the target
}

// noEffect labels query strings that have no effect, or whose text holds nothing
// that could matter, so that it was not taken apart.
const noEffect = "none"

// Session counts for the sessions of one target, source environment and target
// environment.
type Session struct {
	metrics     *Metrics
	labels      Labels
	open        prometheus.Gauge
	clientBytes prometheus.Counter
	serverBytes prometheus.Counter
	effects     [decisionCount][]prometheus.Counter // by number of effect
	none        [decisionCount]prometheus.Counter
}

// Session returns the counters of the given place.
func (m *Metrics) Session(labels Labels) *Session {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.sessions[labels]
	if !ok {
		s = m.newSession(labels)
		m.sessions[labels] = s
	}
	return s
}

// newSession resolves every label beforehand. So the series also exist before the
// first refusal, without which an alert on their increase would miss it.
func (m *Metrics) newSession(labels Labels) *Session {
	s := &Session{
		metrics:     m,
		labels:      labels,
		open:        m.sessionsOpen.WithLabelValues(labels.Target),
		clientBytes: m.clientBytes.WithLabelValues(labels.Target),
		serverBytes: m.serverBytes.WithLabelValues(labels.Target),
	}
	for d, decision := range decisionNames {
		s.none[d] = m.statements.WithLabelValues(labels.Target, noEffect, decision)
		for _, effect := range m.effects {
			s.effects[d] = append(s.effects[d], m.statements.WithLabelValues(labels.Target, effect, decision))
		}
	}
	return s
}

// Opened tells that a session is relayed from now on.
func (s *Session) Opened() { s.open.Inc() }

// Closed tells that an opened session ended. The outcome is one of the
// program's own words.
func (s *Session) Closed(outcome string) {
	s.open.Dec()
	s.metrics.sessionsTotal.WithLabelValues(s.labels.Target, s.labels.Source, outcome).Inc()
}

// Refused tells that a rule refused the session, or would have.
func (s *Session) Refused(rule string, decision Decision) {
	s.refused(s.metrics.sessionsRefused, rule, decision)
}

// Statement tells of a query string with a set of effects, one bit each. It
// allocates nothing.
func (s *Session) Statement(effects uint32, decision Decision) {
	if effects == 0 {
		s.none[decision].Inc()
		return
	}
	for i, counter := range s.effects[decision] {
		if effects&(1<<i) != 0 {
			counter.Inc()
		}
	}
}

// StatementRefused tells which rule refused a query string, or would have. It
// comes beside Statement, not instead of it.
func (s *Session) StatementRefused(rule string, decision Decision) {
	s.refused(s.metrics.statementsRefused, rule, decision)
}

// StatementOverridden tells of a query string that an operator let through although the
// rule refuses it. It comes beside Statement.
func (s *Session) StatementOverridden(rule string) {
	s.metrics.statementsOverridden.WithLabelValues(s.labels.Target, rule, s.labels.Source, s.labels.Environment).Inc()
}

func (s *Session) refused(counter *prometheus.CounterVec, rule string, decision Decision) {
	counter.WithLabelValues(s.labels.Target, rule, s.labels.Source, s.labels.Environment, decisionNames[decision]).Inc()
}

// AuthFailed tells that the server refused a login with an SQLSTATE. What is none,
// and what comes after 64 different ones, is counted as "other".
func (s *Session) AuthFailed(sqlstate string) {
	s.metrics.authFailures.WithLabelValues(s.labels.Target, s.labels.Source, s.metrics.sqlstates.label(sqlstate)).Inc()
}

// FromClient tells of n bytes read from the client, n not negative. It allocates nothing.
func (s *Session) FromClient(n int) { s.clientBytes.Add(float64(n)) }

// FromServer tells of n bytes read from the server, n not negative. It allocates nothing.
func (s *Session) FromServer(n int) { s.serverBytes.Add(float64(n)) }

// Judged tells how long the guard itself took over a message. It allocates nothing.
func (s *Session) Judged(took time.Duration) { s.metrics.guardSeconds.Observe(took.Seconds()) }
