// Package metrics counts what the guard does and serves the counts to Prometheus.
//
// [New] makes every metric once. What happens in a session is told to a [Session],
// which holds the counters of its target and environments ready: on the path of a
// message there is no map and no label, only an atomic addition. Sessions of the
// same target and environments share one.
//
//	m := metrics.New(prometheus.NewRegistry(), build, parser.EffectNames())
//	s := m.Session(metrics.Labels{Target: "storefront", Source: "staging", Environment: "production"})
//	s.Opened()
//	s.Statement(1<<effect, metrics.Deny)
//	s.Closed("client_closed")
//
// Labels are bounded: names out of the configuration, words of this program, and
// SQLSTATEs up to a limit. Never an address, a user or SQL. docs/metrics.md lists
// all metrics; a test holds it to what is registered.
//
// The package imports nothing else of pgcordon: effects come as a list of names,
// and [CacheStats] and [AuditStats] are read through functions.
package metrics
