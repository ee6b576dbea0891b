package proxy

import (
	"errors"
	"fmt"

	"github.com/pgcordon/pgcordon/proxy/relay"
)

// Kind is the way in which a session can fail. It names the failure in metrics.
type Kind string

// The kinds.
const (
	KindProbe       Kind = "probe"            // closed without a byte: a health check
	KindStartup     Kind = "startup_packet"   // malformed or missing startup packet
	KindTimeout     Kind = "login_timeout"    // not logged in within limits.login_timeout
	KindPROXY       Kind = "proxy_header"     // a balancer's PROXY header is missing or malformed
	KindClientTLS   Kind = "client_tls"       // the client's TLS handshake failed
	KindPlaintext   Kind = "tls_required"     // the client did not ask for TLS where it must
	KindInjected    Kind = "bytes_before_tls" // unencrypted bytes behind an SSLRequest
	KindRefused     Kind = "refused"          // by the session rules
	KindLimit       Kind = "limit"            // too many sessions
	KindDial        Kind = "upstream_dial"    // no connection to the server
	KindUpstreamTLS Kind = "upstream_tls"     // TLS with the server failed
	KindUpstream    Kind = "upstream"         // the server broke off or broke the protocol
	KindClient      Kind = "client"           // the client broke off
	KindVersion     Kind = "protocol_version" // a version that the server refuses
	KindPanic       Kind = "panic"            // a defect of pgcordon
)

// Error says how a session failed, while doing what.
type Error struct {
	Kind Kind
	Op   string
	Err  error
}

// Error returns the operation and the cause.
func (e *Error) Error() string { return fmt.Sprintf("%s: %v", e.Op, e.Err) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

func fail(kind Kind, op string, err error) error { return &Error{Kind: kind, Op: op, Err: err} }

// kindOf returns the kind of an error of this package, else "".
func kindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return ""
}

// sided turns what a relay says into an error of this package.
func sided(err error) error {
	var e *relay.Error
	if !errors.As(err, &e) {
		return err
	}
	kind := KindUpstream
	switch {
	case e.Panic:
		kind = KindPanic
	case e.Side == relay.Client:
		kind = KindClient
	}
	return fail(kind, e.Op, e.Err)
}
