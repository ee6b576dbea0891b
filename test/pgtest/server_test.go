package pgtest

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestMain(m *testing.M) { os.Exit(Run(m)) }

func TestEveryMajorStartsAndAnswers(t *testing.T) {
	for _, major := range Majors {
		t.Run(strconv.Itoa(major), func(t *testing.T) {
			s := Shared(t, major)
			if got := s.Query(t, "postgres", "SELECT current_setting('server_version_num')::int / 10000"); got != strconv.Itoa(major) {
				t.Errorf("server version is %s, want %d", got, major)
			}
			if again := Shared(t, major); again != s {
				t.Error("a second server was started for the same major")
			}
		})
	}
}

func TestAuthenticationMethodIsEnforcedOnTCP(t *testing.T) {
	for _, method := range []string{"scram-sha-256", "md5", "password"} {
		t.Run(method, func(t *testing.T) {
			s := Start(t, Config{Major: 15, Auth: method})
			if err := connect(s.DSN("postgres", "postgres")); err != nil {
				t.Errorf("the right password is refused: %v", err)
			}
			wrong := strings.Replace(s.DSN("postgres", "postgres"), "correct", "wrong", 1)
			if err := connect(wrong); err == nil {
				t.Error("a wrong password is accepted")
			}
		})
	}
}

func TestTLSServerShowsACertificateOfItsAuthority(t *testing.T) {
	s := Start(t, Config{Major: 15, Auth: "cert"})
	alice := s.CA.Issue(t, Leaf{CommonName: "postgres"})
	dsn := strings.Replace(s.DSN("postgres", "postgres"), "sslmode=disable",
		"sslmode=verify-full&sslrootcert="+s.CA.File+"&sslcert="+alice.CertificateFile+"&sslkey="+alice.KeyFile, 1)
	if err := connect(dsn); err != nil {
		t.Error(err)
	}
	stranger := NewAuthority(t, "another").File
	if err := connect(strings.Replace(dsn, s.CA.File, stranger, 1)); err == nil {
		t.Error("an authority that did not sign the server's certificate vouches for it")
	}
}

func TestServerLeavesNothingBehind(t *testing.T) {
	var home string
	var pid int
	t.Run("started and stopped", func(t *testing.T) {
		s := Start(t, Config{Major: 18})
		home = s.SocketDir()
		first, _, _ := strings.Cut(read(t, filepath.Join(home, "data", "postmaster.pid")), "\n")
		pid, _ = strconv.Atoi(first)
	})
	if _, err := os.Stat(home); !os.IsNotExist(err) {
		t.Errorf("%s is still there", home)
	}
	if err := syscall.Kill(pid, 0); err != syscall.ESRCH {
		t.Errorf("postmaster %d is still there: %v", pid, err)
	}
}

func connect(dsn string) error {
	conn, err := pgx.Connect(context.Background(), dsn)
	if err != nil {
		return err
	}
	return conn.Close(context.Background())
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
