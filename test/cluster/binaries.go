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

// installation is where a server's programs and its template are.
type installation struct {
	cache    string // folder of everything that is kept between runs
	name     string // of the template
	programs string // folder of initdb and postgres
}

func (i installation) program(name string) string { return filepath.Join(i.programs, name) }

// install finds the programs that a configuration asks for, and fetches those of
// its major if they are not there yet.
func install(config Config) (installation, error) {
	if config.Programs == "" {
		lines, err := fetch("--cache", strconv.Itoa(config.Major))
		if err != nil || len(lines) != 2 {
			return installation{}, fmt.Errorf("fetch PostgreSQL %d: %w (%q)", config.Major, err, lines)
		}
		return installation{lines[0], filepath.Base(lines[1]), filepath.Join(lines[1], "bin")}, nil
	}
	lines, err := fetch("--cache")
	if err != nil || len(lines) != 1 {
		return installation{}, fmt.Errorf("find the cache: %w (%q)", err, lines)
	}
	name := strings.ReplaceAll(strings.Trim(config.Programs, "/"), "/", "-")
	return installation{lines[0], name, config.Programs}, nil
}

// fetch runs test/servers/fetch and returns the lines it printed.
func fetch(args ...string) ([]string, error) {
	_, file, _, _ := runtime.Caller(0)
	cmd := exec.Command(filepath.Join(filepath.Dir(file), "..", "servers", "fetch"), args...)
	var stdout bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, os.Stderr
	err := cmd.Run()
	return strings.Fields(stdout.String()), err
}
