package transport

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"github.com/pgcordon/pgcordon/policy"
)

// socketMode lets the owner and the group of a unix socket connect. PostgreSQL's
// default is everybody (unix_socket_permissions), because it asks for a password;
// a rule that believes `unix: true` asks for nothing more than the right to connect.
const socketMode = 0o770

// keepAlive finds a peer that vanished within two and a half minutes, on both
// legs. TCP_NODELAY needs no setting: Go's connections have it.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 60 * time.Second, Interval: 15 * time.Second, Count: 6}

// Listen listens on a TCP address or a unix socket. An IPv4 address takes IPv4 only;
// [::] and an empty host take both families. The file of a unix socket is removed
// when the listener is closed, and beforehand where nobody answers at it.
func Listen(e policy.Endpoint) (net.Listener, error) {
	if e.Network == "unix" {
		return ListenUnix(e.Address, socketMode)
	}
	config := net.ListenConfig{KeepAliveConfig: keepAlive}
	return config.Listen(context.Background(), family(e.Address), e.Address)
}

// family keeps 0.0.0.0 from taking IPv6 too, as it does in Go for "tcp".
func family(address string) string {
	if at, err := netip.ParseAddrPort(address); err == nil && at.Addr().Is4() {
		return "tcp4"
	}
	return "tcp"
}

// ListenUnix listens on a unix socket whose file has the given permissions, as Listen
// does. At no time does it have more.
func ListenUnix(path string, mode fs.FileMode) (net.Listener, error) {
	if err := removeStale(path); err != nil {
		return nil, fmt.Errorf("listen unix %s: %w", path, err)
	}
	l, err := bindUnix(path, mode)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: the folder has to be there", err)
	}
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, mode); err != nil { // what the umask took away
		_ = l.Close()
		return nil, fmt.Errorf("set permissions: %w", err)
	}
	return l, nil
}

// bindUnix makes the socket's file with no more than the given permissions. Linux gives it
// those of the socket, but for the umask (unix_bind_bsd in net/unix/af_unix.c). A umask of
// our own would be every thread's, and a file that is moved into place has its first name
// as the socket's address. Elsewhere the umask alone decides until ListenUnix goes on.
func bindUnix(path string, mode fs.FileMode) (net.Listener, error) {
	config := net.ListenConfig{Control: func(_, _ string, socket syscall.RawConn) error {
		return socket.Control(func(fd uintptr) { _ = syscall.Fchmod(int(fd), uint32(mode.Perm())) })
	}}
	return config.Listen(context.Background(), "unix", path)
}

// removeStale removes a socket that a process left behind when it was killed. What
// is no socket, and what somebody answers at, stays.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return errors.New("the file exists and is not a socket")
	}
	conn, err := net.Dial("unix", path)
	switch {
	case err == nil:
		_ = conn.Close()
		return syscall.EADDRINUSE
	case errors.Is(err, syscall.ECONNREFUSED):
		return os.Remove(path)
	}
	return fmt.Errorf("find out whether the socket is in use: %w", err)
}
