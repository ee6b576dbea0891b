package cluster

import (
	"fmt"
	"strings"
)

// Majors are the versions of PostgreSQL that are supported, oldest first.
var Majors = []int{14, 15, 16, 17, 18}

// Password is the password of the superuser postgres, and the one that DSN
// assumes for every role.
const Password = "correct horse"

// Config says what server to start. The zero value of each field is usable
// except for Major.
type Config struct {
	Major int
	// Programs is the folder of initdb and postgres; unless given, they are fetched.
	Programs string
	// Auth is the authentication method of everyone but the superuser on the
	// server's own unix socket: trust (default), scram-sha-256, md5, password or cert.
	Auth string
	// CertificateFile and KeyFile turn TLS on; ClientCAFile verifies clients.
	CertificateFile, KeyFile, ClientCAFile string
	Address                                string // to listen on: 127.0.0.1 unless given
	Port                                   int    // a free one unless given
	// Backup is a base backup to recover, with the recovery's settings in Conf.
	Backup string
	Conf   map[string]string // settings of postgresql.conf
	HBA    []string          // lines put in front of pg_hba.conf's
}

func (c Config) auth() string {
	if c.Auth == "" {
		return "trust"
	}
	return c.Auth
}

// settings are the server's, the caller's last, so that it wins.
func (c Config) settings() map[string]string {
	s := map[string]string{
		"listen_addresses": c.Address,
		"shared_buffers":   "32MB",
		// Nobody needs the data after a crash.
		"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off",
		// For replication connections, logical slots and PREPARE TRANSACTION.
		"wal_level": "logical", "max_prepared_transactions": "20",
	}
	if c.Auth == "md5" {
		s["password_encryption"] = "md5"
	}
	if c.CertificateFile != "" {
		s["ssl"], s["ssl_cert_file"], s["ssl_key_file"] = "on", c.CertificateFile, c.KeyFile
	}
	if c.ClientCAFile != "" {
		s["ssl_ca_file"] = c.ClientCAFile
	}
	for k, v := range c.Conf {
		s[k] = v
	}
	return s
}

// hba is the text of pg_hba.conf. The superuser's line on the socket comes first,
// so that a test can always look behind the scenes.
func (c Config) hba() string {
	lines := append([]string{"local all postgres trust"}, c.HBA...)
	local, host := c.auth(), "host"
	if local == "cert" {
		local, host = "trust", "hostssl" // cert exists for hostssl only
	}
	for _, database := range []string{"all", "replication"} {
		lines = append(lines,
			fmt.Sprintf("local %s all %s", database, local),
			fmt.Sprintf("%s %s all all %s", host, database, c.auth()))
	}
	return strings.Join(lines, "\n") + "\n"
}
