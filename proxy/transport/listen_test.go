package transport_test

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/transport"
)

func mustListen(t *testing.T, e policy.Endpoint) net.Listener {
	t.Helper()
	l, err := transport.Listen(e)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// connect dials a listener and returns both ends.
func connect(t *testing.T, l net.Listener) (dialed, accepted net.Conn) {
	t.Helper()
	e := policy.Endpoint{Network: l.Addr().Network(), Address: l.Addr().String()}
	dialed, err := transport.Dial(context.Background(), e)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dialed.Close() })
	accepted, err = l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { accepted.Close() })
	return dialed, accepted
}

func tcp(address string) policy.Endpoint { return policy.Endpoint{Network: "tcp", Address: address} }

func socket(t *testing.T) policy.Endpoint {
	t.Helper()
	return policy.Endpoint{Network: "unix", Address: filepath.Join(t.TempDir(), ".s.PGSQL.6432")}
}

func TestConnectionsNoticeADeadPeerAndDoNotWaitToSend(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		dialed, accepted := connect(t, mustListen(t, tcp(address)))
		for end, conn := range map[string]net.Conn{"dialed": dialed, "accepted": accepted} {
			options := map[string][3]int{ // level, name, least value
				"SO_KEEPALIVE":  {unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1},
				"TCP_NODELAY":   {unix.IPPROTO_TCP, unix.TCP_NODELAY, 1},
				"TCP_KEEPIDLE":  {unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 60},
				"TCP_KEEPINTVL": {unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, 15},
				"TCP_KEEPCNT":   {unix.IPPROTO_TCP, unix.TCP_KEEPCNT, 6},
			}
			for name, o := range options {
				if got := socketOption(t, conn, o[0], o[1]); got != o[2] {
					t.Errorf("%s, %s: %s is %d", address, end, name, got)
				}
			}
		}
	}
}

func socketOption(t *testing.T, conn net.Conn, level, name int) (value int) {
	t.Helper()
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var optionErr error
	err = raw.Control(func(fd uintptr) { value, optionErr = unix.GetsockoptInt(int(fd), level, name) })
	if err := errors.Join(err, optionErr); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestAddressFamilies(t *testing.T) {
	tests := []struct {
		listen, connect string
		reached         bool
	}{
		{"0.0.0.0:0", "127.0.0.1", true},
		{"0.0.0.0:0", "::1", false},
		{"[::]:0", "127.0.0.1", true},
		{"[::]:0", "::1", true},
		{":0", "127.0.0.1", true},
		{":0", "::1", true},
		{"[::1]:0", "127.0.0.1", false},
	}
	for _, tt := range tests {
		l := mustListen(t, tcp(tt.listen))
		_, port, _ := net.SplitHostPort(l.Addr().String())
		conn, err := transport.Dial(context.Background(), tcp(net.JoinHostPort(tt.connect, port)))
		if (err == nil) != tt.reached {
			t.Errorf("%s from %s: %v", tt.listen, tt.connect, err)
		}
		if err == nil {
			conn.Close()
		}
	}
}

func TestUnixSocketIsForOwnerAndGroupAndGoesWithItsListener(t *testing.T) {
	e := socket(t)
	l := mustListen(t, e)
	connect(t, l)
	info, err := os.Lstat(e.Address)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode(); got.Type() != fs.ModeSocket || got.Perm() != 0o770 {
		t.Errorf("mode %v", got)
	}
	l.Close()
	if _, err := os.Lstat(e.Address); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after close: %v", err)
	}
}

func TestStaleSocketIsReplaced(t *testing.T) {
	e := socket(t)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Net: "unix", Name: e.Address})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false) // as when the process is killed
	l.Close()
	connect(t, mustListen(t, e))
}

func TestSocketInUseIsLeftAlone(t *testing.T) {
	e := socket(t)
	l := mustListen(t, e)
	if _, err := transport.Listen(e); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("got %v", err)
	}
	probe, err := l.Accept() // the second listener looked whether somebody answers
	if err != nil {
		t.Fatal(err)
	}
	probe.Close()
	connect(t, l)
}

func TestWhatIsNoSocketIsLeftAlone(t *testing.T) {
	creators := map[string]func(path string) error{
		"file":      func(path string) error { return os.WriteFile(path, []byte("precious"), 0o600) },
		"directory": func(path string) error { return os.Mkdir(path, 0o700) },
		"link":      func(path string) error { return os.Symlink("/nowhere", path) },
	}
	for kind, create := range creators {
		e := socket(t)
		if err := create(e.Address); err != nil {
			t.Fatal(err)
		}
		if _, err := transport.Listen(e); err == nil || !strings.Contains(err.Error(), "not a socket") {
			t.Errorf("%s: %v", kind, err)
		}
		if _, err := os.Lstat(e.Address); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func TestDialGivesUpWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := transport.Dial(ctx, tcp("127.0.0.1:1")); err == nil {
		t.Errorf("got %v", err)
	}
}

func TestAMissingFolderIsNamedAsTheReason(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none", "s")
	if _, err := transport.ListenUnix(path, 0o600); err == nil || !strings.Contains(err.Error(), "the folder has to be there") {
		t.Errorf("got %v", err)
	}
}
