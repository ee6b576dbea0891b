package policy

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
)

// Endpoint is a TCP address or the path of a unix socket.
type Endpoint struct {
	Network string // "tcp" or "unix"
	Address string // host:port, or a path
}

// String returns what ParseEndpoint reads.
func (e Endpoint) String() string {
	if e.Network == "unix" {
		return "unix:" + e.Address
	}
	return e.Address
}

// longestSocketPath is what sockaddr_un takes on Linux (unix(7)): 108 bytes with a final NUL.
const longestSocketPath = 107

// ParseEndpoint reads host:port, [v6 address]:port, :port (every local address)
// or unix:/absolute/path. A port is a number from 0 to 65535; 0 lets the kernel
// choose one to listen on.
func ParseEndpoint(s string) (Endpoint, error) {
	if path, ok := strings.CutPrefix(s, "unix:"); ok {
		return parseSocket(path)
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return Endpoint{}, fmt.Errorf("%q is not an address; write host:port, [v6 address]:port or unix:/path", s)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || strconv.FormatUint(n, 10) != port {
		return Endpoint{}, fmt.Errorf("%q has no port from 0 to 65535", s)
	}
	if strings.ContainsAny(host, " \t\r\n/\x00") {
		return Endpoint{}, fmt.Errorf("%q has no valid host", s)
	}
	return Endpoint{Network: "tcp", Address: s}, nil
}

func parseSocket(path string) (Endpoint, error) {
	switch {
	case !filepath.IsAbs(path):
		return Endpoint{}, fmt.Errorf("the path of a unix socket starts with a slash; %q does not", path)
	case strings.ContainsRune(path, 0):
		return Endpoint{}, errors.New("the path of a unix socket contains a NUL")
	case len(path) > longestSocketPath:
		return Endpoint{}, fmt.Errorf("the path of a unix socket has at most %d bytes; this has %d", longestSocketPath, len(path))
	}
	return Endpoint{Network: "unix", Address: filepath.Clean(path)}, nil
}

func (e Endpoint) split() (host, port string) {
	host, port, _ = net.SplitHostPort(e.Address)
	return host, port
}

// dialable tells why nothing can be connected to here, nil if something can.
func (e Endpoint) dialable() error {
	if e.Network != "tcp" {
		return nil
	}
	switch host, port := e.split(); {
	case host == "":
		return fmt.Errorf("%q names no host to connect to", e.Address)
	case port == "0":
		return fmt.Errorf("%q names no port to connect to", e.Address)
	}
	return nil
}

// collides tells whether not both endpoints can be listened on.
func (e Endpoint) collides(o Endpoint) bool {
	if e.Network != o.Network {
		return false
	}
	if e.Network == "unix" {
		return e.Address == o.Address
	}
	host, port := e.split()
	otherHost, otherPort := o.split()
	if port != otherPort || port == "0" {
		return false
	}
	return strings.EqualFold(host, otherHost) || covers(host, otherHost) || covers(otherHost, host)
}

// covers tells whether listening on a wildcard host takes another host's port:
// :: takes both address families, 0.0.0.0 only IPv4.
func covers(wildcard, host string) bool {
	address, err := netip.ParseAddr(wildcard)
	if wildcard != "" && (err != nil || !address.IsUnspecified()) {
		return false
	}
	other, err := netip.ParseAddr(host)
	return !address.Is4() || err != nil || other.Is4() || other.IsUnspecified()
}
