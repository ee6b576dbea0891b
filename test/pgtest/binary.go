package pgtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
)

// binary builds cmd/pgcordon once a process. PGCORDON_TEST_BINARY names one that
// is built already; PGCORDON_TEST_RACE=1 builds with the race detector.
var binary = sync.OnceValues(func() (string, error) {
	if built := os.Getenv("PGCORDON_TEST_BINARY"); built != "" {
		return built, nil
	}
	dir, err := os.MkdirTemp("", "pgcordon-binary-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "pgcordon")
	args := []string{"build", "-o", path}
	if os.Getenv("PGCORDON_TEST_RACE") == "1" {
		args = append(args, "-race")
	}
	cmd := exec.Command("go", append(args, "./cmd/pgcordon")...)
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
