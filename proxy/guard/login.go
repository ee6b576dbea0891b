package guard

import (
	"encoding/binary"

	"github.com/pgcordon/pgcordon/proxy/wire"
)

// SASL says what to do about SCRAM's channel binding, which ties a login to the
// certificate of the TLS connection that it goes through. A relay with TLS of its
// own breaks that tie.
// https://www.postgresql.org/docs/current/sasl-authentication.html
type SASL struct {
	// HidePlus takes SCRAM-SHA-256-PLUS from the mechanisms that the server
	// offers: the client could not bind to the server's certificate.
	HidePlus bool
}

const scramPlus = "SCRAM-SHA-256-PLUS"

// login is the state of the authentication.
type login struct {
	accepted bool // AuthenticationOk has come
	ready    bool // the first ReadyForQuery has come
	hidden   bool // SCRAM-SHA-256-PLUS was offered and hidden
	sasl     bool // the next password message is a SASLInitialResponse
	// cancelKey is the body of BackendKeyData; a string, which an idle session pays less for.
	cancelKey string
}

// longestCancelKey is the process id and the longest key, in bytes. Protocol 3.2 made
// keys up to 256 bytes long.
// https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-BACKENDKEYDATA
const longestCancelKey = 4 + 256

// keyData remembers with what the session's statements can be canceled.
func (g *Guard) keyData(body []byte) {
	if !g.login.ready && len(body) <= longestCancelKey {
		g.login.cancelKey = string(body)
	}
}

// pid returns the process id of the session's server; 0 where it has told none.
func (l *login) pid() int32 {
	if len(l.cancelKey) < 4 {
		return 0
	}
	return int32(binary.BigEndian.Uint32([]byte(l.cancelKey[:4])))
}

// CancelKey returns the process id and the key with which a CancelRequest names the
// session, as the server sent them; empty where it has sent none. It does not change
// once the login is over, and may then be called from anywhere.
func (g *Guard) CancelKey() string { return g.login.cancelKey }

// authentication handles an Authentication message from the server.
func (g *Guard) authentication(message []byte, ops *Ops) {
	kind, err := wire.AuthenticationKind(message[wire.HeaderSize:])
	if err != nil {
		ops.pass(len(message))
		return
	}
	switch kind {
	case wire.AuthOK:
		g.login.accepted = true
	case wire.AuthSASL:
		g.login.sasl = true
		if g.cfg.SASL.HidePlus {
			var without []byte
			without, g.login.hidden = wire.WithoutMechanism(g.toClient, message, scramPlus)
			if g.login.hidden {
				at := len(g.toClient)
				g.toClient = without
				ops.drop(len(message))
				ops.send(without[at:])
				return
			}
		}
	}
	ops.pass(len(message))
}

// bindingConflict tells whether a SASLInitialResponse will be rejected by the
// server because of the hidden mechanism: the client says that it supports channel
// binding and believes that the server does not ("y"), which the server, who
// offered it, takes for an attack (src/backend/libpq/auth-scram.c).
func (g *Guard) bindingConflict(body []byte) bool {
	if !g.login.sasl || !g.login.hidden {
		return false
	}
	_, response, ok := wire.SASLInitial(body)
	return ok && len(response) > 0 && response[0] == 'y'
}

// refuseLogin ends the session with an explanation in place of the server's.
func (g *Guard) refuseLogin(ops *Ops) {
	const message = "pgcordon: SCRAM cannot pass through two TLS connections with different certificates"
	g.end(wire.InvalidAuthorization, message,
		"The client supports channel binding, which ties the login to a certificate that is not the server's.",
		"Connect with channel_binding=disable, give pgcordon the server's own certificate and key, "+
			"or let pgcordon reach the server without TLS (unix socket or loopback).", ops)
}

// end makes the session end with a FATAL error for the client.
func (g *Guard) end(code, message, detail, hint string, ops *Ops) {
	g.farewell = wire.AppendFatal(nil, code, message, detail, hint)
	g.poisoned = true
	ops.end()
}

// password passes what the client sends to authenticate itself, except a SASL
// response of which it is known that the server will misread it.
func (g *Guard) password(in []byte, size int, ops *Ops) (n, need int) {
	if g.login.sasl && g.login.hidden {
		if len(in) < min(size, wire.MaxStartupSize) {
			return 0, min(size, wire.MaxStartupSize)
		}
		if g.bindingConflict(in[wire.HeaderSize:min(size, len(in))]) {
			g.refuseLogin(ops)
			return 0, 1
		}
		g.login.sasl = false
	}
	return g.client.forward(in, size, false, ops), 0
}
