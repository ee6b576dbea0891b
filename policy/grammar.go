package policy

import (
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/pgcordon/pgcordon/identity"
)

// The grammar of a policy file is in the files whose names begin with grammar:
// every key, its kind, where its value goes and what it is for. The decoder and
// the JSON schema both come from it.

const needTargets = "name at least one server to protect under targets:, with name, environment, listen and upstream"

var file = checked(mapping(
	Policy{Audit: defaultAudit, Limits: defaultLimits, builtin: true},
	must(field("targets", unique(sequence(pointer(target)), func(t *Target) string { return t.Name }),
		func(p *Policy) *[]*Target { return &p.Targets },
		"The servers that are protected: "+needTargets+".")),
	field("sources", mapped(unique(sequence(source), func(r identity.Rule) string { return r.Name }), asRules),
		func(p *Policy) *identity.Rules { return &p.sources },
		"Which environment a client comes from. The first rule that matches decides; no match means environment unknown."),
	field("sessions", unique(sequence(session), func(r sessionRule) string { return r.name }),
		func(p *Policy) *[]sessionRule { return &p.sessions },
		"Who may open a session. The first rule that matches decides; no match means that the source's environment must be the target's."),
	field("statements", unique(sequence(statement), func(r statementRule) string { return r.name }),
		func(p *Policy) *[]statementRule { return &p.statements },
		"What statements may do. The first allow or deny that matches decides; then the built-in rules; no match means allowed."),
	field("transactions", unique(sequence(transaction), func(t Transaction) string { return t.name }),
		func(p *Policy) *[]Transaction { return &p.transactions },
		"What whole transactions may do, as the server counts it before they commit. The first rule that matches the session decides; no match means anything."),
	field("tripwires", unique(sequence(pointer(tripwire)), func(w *Tripwire) string { return w.Name }),
		func(p *Policy) *[]*Tripwire { return &p.Tripwires },
		"What tells that a source is about to destroy a database; it is then locked out."),
	declaredSets,
	field("builtin", boolean, func(p *Policy) *bool { return &p.builtin },
		"Whether the built-in statement rules follow those of the file. Default true."),
	field("functions", listOf(function), func(p *Policy) *[]pattern { return &p.functions },
		"Further functions that count as effect function, as name or schema.name, with globs."),
	field("audit", auditLog, func(p *Policy) *AuditLog { return &p.Audit },
		"Where audit events go."),
	field("metrics", metricsServer, func(p *Policy) *MetricsServer { return &p.Metrics },
		"The HTTP server for /metrics, /healthz and /readyz."),
	field("admin", adminSocket, func(p *Policy) *Admin { return &p.Admin },
		"The socket through which sessions are listed and ended."),
	field("limits", limits, func(p *Policy) *Limits { return &p.Limits },
		"What a client can cost."),
), checkPolicy)

func asRules(rules []identity.Rule) identity.Rules { return rules }

func pointer[V any](k kind[V]) kind[*V] {
	return mapped(k, func(v V) *V { return &v })
}

// unique refuses a list in which two items go by one name.
func unique[V any](list kind[[]V], nameOf func(V) string) kind[[]V] {
	return checked(list, func(d *decoder, n *yaml.Node, values *[]V) {
		first := map[string]*yaml.Node{}
		for i, item := range items(n) {
			at, called := lookup(item, "name"), nameOf((*values)[i])
			if earlier, twice := first[called]; twice {
				d.errorf(at, "the name %q is already taken in line %d", called, earlier.Line)
				continue
			}
			first[called] = at
		}
	})
}

var auditLog = mapping(defaultAudit,
	must(field("file", logFile, func(a *AuditLog) *string { return &a.File },
		`Path of the log, one JSON object a line; "-" is standard output.`)),
	field("sql", word("value", "redacted", "full", "none"), func(a *AuditLog) *string { return &a.SQL },
		"How much of a statement is written: redacted replaces literals. Default redacted."),
	field("queue", count(1, 1_000_000), func(a *AuditLog) *int { return &a.Queue },
		"How many events may wait for the log. Default 8192."),
	field("on_full", word("value", "block", "drop"), func(a *AuditLog) *string { return &a.OnFull },
		"What happens when the queue is full: block makes clients wait, drop loses events and counts them. Default block."),
	field("sync", word("value", "denials", "always", "never"), func(a *AuditLog) *string { return &a.Sync },
		"Which events are on disk before anything follows from them. Default denials."),
)

// logFile reads a path, or a dash for standard output.
var logFile = kind[string]{schema: text.schema, read: func(d *decoder, n *yaml.Node) (string, bool) {
	if n.Value == "-" {
		return "-", true
	}
	return path.read(d, n)
}}

var metricsServer = mapping(MetricsServer{},
	must(field("listen", mapped(checked(endpoint, onlyTCP), func(e Endpoint) string { return e.Address }),
		func(m *MetricsServer) *string { return &m.Listen },
		"Address to listen on, host:port.")),
)

func onlyTCP(d *decoder, n *yaml.Node, e *Endpoint) {
	if e.Network != "tcp" {
		d.errorf(n, "metrics are served over TCP only; write host:port")
	}
}

// longestQuery is what PostgreSQL itself reads of one message (PQ_LARGE_MESSAGE_LIMIT,
// src/include/libpq/libpq.h: MaxAllocSize - 1).
const longestQuery = gib - 2

var limits = mapping(defaultLimits,
	field("inspect_bytes", size(kib, longestQuery), func(l *Limits) *int { return &l.InspectBytes },
		"The longest query message that is held to be looked at; a longer one is refused. Default 16MiB."),
	field("parse_bytes", size(kib, longestQuery), func(l *Limits) *int { return &l.ParseBytes },
		"The longest text that is parsed; a longer one is refused if it holds a word that could make it matter. Default 1MiB."),
	field("sessions", count(1, 1_000_000), func(l *Limits) *int { return &l.Sessions },
		"Sessions at once, over all targets. Default 10000."),
	field("prelogin_sessions", count(1, 1_000_000), func(l *Limits) *int { return &l.PreLoginSessions },
		"Sessions at once that have not logged in yet. Default 1000."),
	field("login_timeout", duration(100*time.Millisecond, time.Hour), func(l *Limits) *time.Duration { return &l.LoginTimeout },
		"Time from accepting a connection to the end of its log-in. Default 30s."),
	field("dial_timeout", duration(10*time.Millisecond, time.Hour), func(l *Limits) *time.Duration { return &l.DialTimeout },
		"Time to connect to the upstream. Default 5s."),
	field("drain", duration(0, 24*time.Hour), func(l *Limits) *time.Duration { return &l.Drain },
		"How long sessions may go on after SIGTERM. Default 30s."),
	field("cache_bytes", size(0, gib), func(l *Limits) *int { return &l.CacheBytes },
		"Memory for remembered verdicts. Default 64MiB."),
	field("cancels_per_second", count(1, 100_000), func(l *Limits) *int { return &l.CancelsPerSecond },
		"Cancel requests a second from one source address. Default 10."),
	field("max_list", count(1, 10_000_000), func(l *Limits) *int { return &l.MaxList },
		"The longest array or list that counts as bounded, as in id = ANY ($1), in elements. Default 10000."),
	field("max_limit", count(1, 10_000_000), func(l *Limits) *int { return &l.MaxLimit },
		"The greatest LIMIT of a sub-select that counts as bounded, as in id IN (SELECT ... LIMIT 100), in rows. Default 10000."),
)
