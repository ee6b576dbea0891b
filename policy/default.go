package policy

import "time"

const (
	kib = 1 << 10
	mib = 1 << 20
	gib = 1 << 30
)

var defaultLimits = Limits{
	InspectBytes:     16 * mib,
	ParseBytes:       mib,
	Sessions:         10_000,
	PreLoginSessions: 1_000,
	LoginTimeout:     30 * time.Second,
	DialTimeout:      5 * time.Second,
	Drain:            30 * time.Second,
	CacheBytes:       64 * mib,
	CancelsPerSecond: 10,
	// A batch that somebody counted out is meant; ORMs send up to a few thousand keys.
	Bounds: Bounds{MaxList: 10_000, MaxLimit: 10_000},
}

var defaultAudit = AuditLog{SQL: "redacted", Queue: 8192, OnFull: "block", Sync: "denials"}

// Default returns the policy for a single server when there is no file: sources
// are not told apart, so every client may log in, and the built-in statement
// rules apply. There is no audit log and no metrics server.
func Default(listen, upstream Endpoint) *Policy {
	return &Policy{
		Targets: []*Target{{
			Name:        "default",
			Environment: "protected",
			Listen:      []Endpoint{listen},
			Upstream:    upstream,
			ClientTLS:   ClientTLS{Mode: "disable", ClientCertificate: "none"},
			ServerTLS:   ServerTLS{Mode: "disable"},
			SearchPath:  defaultSearchPath,
		}},
		Audit:     defaultAudit,
		Limits:    defaultLimits,
		builtin:   true,
		anySource: true,
	}
}
