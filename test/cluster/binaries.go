package cluster

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// installation is where a major's programs and its template are.
type installation struct {
	cache   string // folder of everything that is kept between runs
	version string // as the folder of the programs is named
}

func (i installation) program(name string) string {
	return filepath.Join(i.cache, i.version, "bin", name)
}

// install fetches a major's programs if they are not there yet.
func install(major int) (installation, error) {
	_, file, _, _ := runtime.Caller(0)
	fetch := filepath.Join(filepath.Dir(file), "..", "servers", "fetch")
	cmd := exec.Command(fetch, "--cache", strconv.Itoa(major))
	var stdout bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return installation{}, fmt.Errorf("fetch PostgreSQL %d: %w", major, err)
	}
	lines := strings.Fields(stdout.String())
	if len(lines) != 2 {
		return installation{}, fmt.Errorf("fetch PostgreSQL %d: unexpected output %q", major, stdout.String())
	}
	return installation{cache: lines[0], version: filepath.Base(lines[1])}, nil
}
