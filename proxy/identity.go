package proxy

import (
	"crypto/rand"
	"crypto/tls"
	"encoding/base32"
	"net/netip"
	"strings"

	"github.com/pgcordon/pgcordon/identity"
)

// certificateOf returns what rules may match of the client's certificate, which
// the handshake has verified; nil where it showed none.
func certificateOf(conn *tls.Conn) *identity.Certificate {
	state := conn.ConnectionState()
	if len(state.VerifiedChains) == 0 {
		return nil
	}
	return identity.CertificateOf(state.VerifiedChains[0][0])
}

func contains(prefixes []netip.Prefix, a netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// newNonce returns a word that no client can guess and that is an identifier in
// SQL and in the replication grammar.
func newNonce() string {
	var b [20]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return "pgcordon_" + strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
}
