package identity

import "net/netip"

// Unknown is the environment of a source that no rule matches.
const Unknown = "unknown"

// Facts is what is known of a source before its first query.
type Facts struct {
	// Address is the client's address: the PROXY header's where an allow-listed
	// balancer sent one, else the connection's. Invalid for a unix socket.
	Address netip.Addr
	// Balancer is the address of the balancer that sent a PROXY header; invalid
	// where the client connected directly.
	Balancer netip.Addr
	// Unix is true where the client came through a unix socket.
	Unix bool
	// Certificate is nil where the client showed none that verified.
	Certificate *Certificate
}

// Certificate is what rules may match of a verified client certificate.
type Certificate struct {
	CommonName   string
	Organization []string
	Unit         []string
	DNS          []string
	URI          []string
	Email        []string
	Issuer       string // the issuer's common name
	Serial       string // hexadecimal
}

// Match says which environment a source belongs to and why.
type Match struct {
	Environment string
	Rule        string // name of the source rule; empty for Unknown
	Fact        string // what matched, for people: "address 10.30.1.7 in 10.30.0.0/16"; for Unknown, what was seen
}
