package pgtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"
)

// binary builds cmd/pgcordon once a process; go build does nothing where another
// process has just done it. PGCORDON_TEST_BINARY names one that is built already,
// PGCORDON_TEST_RACE=1 asks for the race detector.
var binary = sync.OnceValues(func() (string, error) {
	if built := os.Getenv("PGCORDON_TEST_BINARY"); built != "" {
		return built, nil
	}
	name, args := "pgcordon", []string{"build"}
	if os.Getenv("PGCORDON_TEST_RACE") == "1" {
		name, args = "pgcordon-race", append(args, "-race")
	}
	dir := filepath.Join(checkout(), ".cache", "test")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	lock, err := os.Create(filepath.Join(dir, "lock"))
	if err != nil {
		return "", err
	}
	defer lock.Close()
	// Packages are tested at the same time, and would link over one another.
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", fmt.Errorf("lock: %w", err)
	}
	path := filepath.Join(dir, name)
	cmd := exec.Command("go", append(args, "-o", path, "./cmd/pgcordon")...)
	cmd.Dir = checkout()
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	return path, cmd.Run()
})

// Binary is the path of the program under test.
func Binary(t testing.TB) string {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatalf("build cmd/pgcordon: %v", err)
	}
	return path
}

// checkout is the root of the source tree.
func checkout() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}
