package cluster

import (
	"net"
	"net/url"
	"path/filepath"
	"strconv"
)

// Addr is the server's TCP address, host:port.
func (c *Cluster) Addr() string {
	return net.JoinHostPort(c.Config.Address, strconv.Itoa(c.Config.Port))
}

// Port is the server's TCP port.
func (c *Cluster) Port() int { return c.Config.Port }

// SocketDir is the folder of the server's unix socket, which libpq takes as host.
func (c *Cluster) SocketDir() string { return c.home }

// Socket is the path of the server's unix socket.
func (c *Cluster) Socket() string {
	return filepath.Join(c.home, ".s.PGSQL."+strconv.Itoa(c.Config.Port))
}

// DSN is the URL with which a client connects over TCP without TLS.
func (c *Cluster) DSN(user, database string) string { return DSN(c.Addr(), user, database) }

// DSN is the URL for any address that leads to a cluster of this package.
func DSN(addr, user, database string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(user, Password), Host: addr, Path: "/" + database,
		RawQuery: "sslmode=disable"}
	return u.String()
}

// AdminDSN is how the superuser connects through the unix socket, past any guard
// and any authentication.
func (c *Cluster) AdminDSN(database string) string {
	return "host=" + c.home + " port=" + strconv.Itoa(c.Config.Port) + " user=postgres database=" + database
}
