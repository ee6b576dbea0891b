package peer

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Who logs in without a password, and where. The rules of deploy/examples/sidecar.yaml
// speak of this role, so that a guard keeps as many of them as it can.
const (
	User     = "storefront_app"
	Database = "storefront"
)

// Site is what all peers of a comparison share.
type Site struct {
	Server   Server
	Sessions int    // most sessions that a peer has to hold at once
	Program  string // pgcordon
	Relay    string // what moves its bytes; empty: its own choice
	Role     Role   // logs in with SCRAM; whoever else, without a password

	// Dir is the folder of all files, which any user may enter.
	Dir string
	// Certificate and Key are what peers show to clients, PEM.
	Certificate, Key string
	// OpenSSL is a configuration that leaves one cipher suite, see CipherSuite.
	OpenSSL string

	credential *syscall.Credential // nil: the caller's
}

// Server is where PostgreSQL listens.
type Server struct {
	Host   string
	Port   int
	Socket string // the path of its unix socket
	Folder string // the socket's folder
}

// Role is somebody who logs in with SCRAM.
type Role struct {
	Name, Password string
	Secret         string // as pg_authid keeps it
}

// NewSite makes a folder with what peers need. Close it.
func NewSite() (*Site, error) {
	s := &Site{}
	var err error
	if s.credential, err = unprivileged(); err != nil {
		return nil, err
	}
	sweep()
	if s.Dir, err = os.MkdirTemp("", fmt.Sprintf("%s%d-", prefix, os.Getpid())); err != nil {
		return nil, fmt.Errorf("make a folder: %w", err)
	}
	if err := s.furnish(); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Site) furnish() error {
	if err := os.Chmod(s.Dir, 0o755); err != nil {
		return fmt.Errorf("open the folder to other users: %w", err)
	}
	certificate, key, err := selfSigned(Host)
	if err != nil {
		return err
	}
	s.Certificate, s.Key = filepath.Join(s.Dir, "server.crt"), filepath.Join(s.Dir, "server.key")
	s.OpenSSL = filepath.Join(s.Dir, "openssl.cnf")
	for path, content := range map[string][]byte{s.Certificate: certificate, s.Key: key, s.OpenSSL: []byte(openSSL)} {
		if err := s.write(path, content); err != nil {
			return err
		}
	}
	return nil
}

// prefix begins the names of sites' folders; the number of a process follows.
const prefix = "pgcordon-bench-"

// sweep removes the folders of processes that were killed before they could.
func sweep() {
	folders, _ := filepath.Glob(filepath.Join(os.TempDir(), prefix+"*"))
	for _, folder := range folders {
		id, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(folder), prefix), "-")
		if pid, err := strconv.Atoi(id); err == nil && syscall.Kill(pid, 0) == syscall.ESRCH {
			_ = os.RemoveAll(folder) // another process may be sweeping too
		}
	}
}

// Close removes the folder with everything in it.
func (s *Site) Close() { _ = os.RemoveAll(s.Dir) }

// write makes a file that only the peers' user can read, as keys and lists of
// secrets have to be.
func (s *Site) write(path string, content []byte) error {
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return fmt.Errorf("write for a peer: %w", err)
	}
	return s.give(path)
}

// folder makes a folder that belongs to the peers' user.
func (s *Site) folder(name string) (string, error) {
	path, err := os.MkdirTemp(s.Dir, name+"-")
	if err != nil {
		return "", fmt.Errorf("make a folder for %s: %w", name, err)
	}
	return path, s.give(path)
}

func (s *Site) give(path string) error {
	if s.credential == nil {
		return nil
	}
	if err := os.Chown(path, int(s.credential.Uid), int(s.credential.Gid)); err != nil {
		return fmt.Errorf("give to the peers' user: %w", err)
	}
	return nil
}

// unprivileged is nobody where the caller is root, else the caller.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("nobody")
	if err != nil {
		return nil, fmt.Errorf("find a user to run proxies as: %w", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("user id of %s: %w", u.Username, err)
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("group id of %s: %w", u.Username, err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}
