package policy

import (
	"crypto/tls"
	"crypto/x509"
	"net/netip"
	"time"

	"github.com/pgcordon/pgcordon/identity"
)

// Mode says whether a refusal is carried out or only recorded.
type Mode uint8

// The modes.
const (
	Enforce Mode = iota // refuse
	Audit               // decide and record as would_deny, change nothing
)

// Policy is one complete, validated configuration. It is immutable: a reload
// makes a new one.
type Policy struct {
	Path      string // file it was read from; empty for the built-in policy
	Targets   []*Target
	Audit     AuditLog
	Metrics   MetricsServer
	Admin     Admin
	Limits    Limits
	Tripwires []*Tripwire
	Warnings  Errors // what is allowed but can hardly be meant

	sources      identity.Rules
	sessions     []sessionRule
	statements   []statementRule
	transactions []Transaction
	functions    []pattern // count as functions with side effects
	builtin      bool      // the built-in statement rules apply
	anySource    bool      // environments do not matter; never so for a file
}

// Target returns the target with the given name, nil if there is none.
func (p *Policy) Target(name string) *Target {
	for _, t := range p.Targets {
		if t.Name == name {
			return t
		}
	}
	return nil
}

// Target is a server that is protected.
type Target struct {
	Name        string
	Environment string
	Mode        Mode
	Listen      []Endpoint
	Upstream    Endpoint
	ClientTLS   ClientTLS
	ServerTLS   ServerTLS
	// Balancers are the addresses whose PROXY header is believed, and required.
	Balancers []netip.Prefix
	// SearchPath is where a name without a schema is looked for; empty: public.
	SearchPath []string
	Catalog    *CatalogReader // nil: nothing is known of the tables
}

// CatalogReader says how to learn about the tables of a target's databases.
type CatalogReader struct {
	User         string
	PasswordFile string // empty: none
	Databases    []string
	Refresh      time.Duration // from one reading to the next

	Password string // the first line of PasswordFile
}

// ClientTLS is TLS between clients and pgcordon.
type ClientTLS struct {
	Mode              string // disable, prefer, require
	Certificate, Key  string // paths
	ClientCA          string // path
	ClientCertificate string // none, optional, require

	Pair  *tls.Certificate // Certificate and Key, loaded; nil without
	Roots *x509.CertPool   // ClientCA, loaded; nil without
}

// ServerTLS is TLS between pgcordon and the upstream.
type ServerTLS struct {
	Mode             string // disable, prefer, require, verify-ca, verify-full
	CA               string // path; empty: the system's roots
	Certificate, Key string // paths of the client certificate that pgcordon shows
	ServerName       string // name to verify; empty: the upstream's host

	Pair  *tls.Certificate // Certificate and Key, loaded; nil without
	Roots *x509.CertPool   // CA, loaded; nil: the system's
}

// AuditLog says where audit events go.
type AuditLog struct {
	File   string // path; "-" standard output; empty: no audit log
	SQL    string // redacted, full, none
	Queue  int    // events that may wait for the sink
	OnFull string // block or drop
	Sync   string // denials (fsync before a refusal is told), always, never
}

// MetricsServer is the HTTP server for /metrics, /healthz and /readyz.
type MetricsServer struct {
	Listen string // host:port; empty: none
}

// Limits bound what a client can cost.
type Limits struct {
	InspectBytes     int           // longest query message that is held to be looked at; a longer one is refused
	ParseBytes       int           // longest text that is parsed, where it must be; a longer one is refused
	Sessions         int           // at once, all targets
	PreLoginSessions int           // at once before authentication is over
	LoginTimeout     time.Duration // from accept to the end of authentication
	DialTimeout      time.Duration // for the upstream
	Drain            time.Duration // grace after SIGTERM
	CacheBytes       int           // verdict cache
	CancelsPerSecond int           // cancel requests per source address
	Bounds
}

// Client is who asks, as far as the session rules can tell.
type Client struct {
	Source      identity.Match
	User        string
	Database    string
	Application string
	Replication bool
}
