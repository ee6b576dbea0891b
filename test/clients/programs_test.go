package clients

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// newPrograms is the folder of client programs that know every major.
var newPrograms = sync.OnceValues(func() (string, error) {
	cmd := exec.Command("../servers/fetch-client")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
})

// program is the path of a client program that is new enough for a server: this
// machine's own for the majors that it knows, a fetched one for the others.
func program(t *testing.T, name string, major int) string {
	t.Helper()
	if systemMajor(t, name) >= major {
		return name
	}
	return newProgram(t, name)
}

// newProgram is the path of a fetched client program.
func newProgram(t *testing.T, name string) string {
	t.Helper()
	dir, err := newPrograms()
	if err != nil {
		t.Fatalf("fetch client programs: %v", err)
	}
	return filepath.Join(dir, name)
}

func systemMajor(t *testing.T, name string) int {
	t.Helper()
	out, err := exec.Command(name, "--version").Output()
	if err != nil {
		t.Fatalf("%s: %v (test/setup installs it)", name, err)
	}
	var major int
	if _, err := fmt.Sscanf(string(out), name+" (PostgreSQL) %d", &major); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	return major
}
