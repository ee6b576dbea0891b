package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"

	"github.com/pgcordon/pgcordon/bench/peer"
)

// machine is where a comparison ran and what it compared.
type machine struct {
	Processor string            `json:"processor"`
	Cores     int               `json:"cores"`
	Memory    float64           `json:"memory"` // GiB
	Kernel    string            `json:"kernel"`
	Autogroup string            `json:"autogroup"` // kernel.sched_autogroup_enabled
	Huge      bool              `json:"huge"`      // pages of the server's shared memory
	Load      float64           `json:"load"`      // of the minute before the comparison
	Versions  map[string]string `json:"versions"`
}

// describe looks at the machine, and asks the programs in that folder of PostgreSQL's
// and those of the peers for their versions.
func describe(programs string) (machine, error) {
	m := machine{Cores: runtime.NumCPU(), Versions: map[string]string{
		"Go": runtime.Version(), "pgcordon": output("git", "describe", "--always", "--dirty"),
		"PostgreSQL": output(filepath.Join(programs, "postgres"), "--version"),
		"PgBouncer":  packageVersion("pgbouncer"), "HAProxy": packageVersion("haproxy"), "Pgpool-II": packageVersion("pgpool2"),
	}}
	fs, err := procfs.NewDefaultFS()
	if err != nil {
		return m, fmt.Errorf("describe the machine: %w", err)
	}
	if cpus, err := fs.CPUInfo(); err == nil && len(cpus) > 0 {
		m.Processor = cpus[0].ModelName
	}
	if memory, err := fs.Meminfo(); err == nil && memory.MemTotal != nil {
		const kibPerGib = 1 << 20
		m.Memory = float64(*memory.MemTotal) / kibPerGib
	}
	if load, err := fs.LoadAvg(); err == nil {
		m.Load = load.Load1
	}
	var u unix.Utsname
	if err := unix.Uname(&u); err == nil {
		m.Kernel = unix.ByteSliceToString(u.Release[:])
	}
	m.Autogroup = "unknown"
	if text, err := os.ReadFile("/proc/sys/kernel/sched_autogroup_enabled"); err == nil {
		m.Autogroup = strings.TrimSpace(string(text))
	}
	return m, nil
}

// output is what a program prints, or why it does not.
func output(program string, args ...string) string {
	out, err := exec.Command(program, args...).Output()
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(out))
}

func packageVersion(name string) string { return output("dpkg-query", "-W", "-f", "${Version}", name) }

func (m *machine) lines() []string {
	pages := "of 4 kB; new sessions are slow for some seconds, so that whoever keeps those to the server looks better"
	if m.Huge {
		pages = "of 2 MB"
	}
	lines := []string{
		fmt.Sprintf("%s, %d cores, %.0f GiB; kernel %s; sched_autogroup_enabled %s; load before: %.2f",
			m.Processor, m.Cores, m.Memory, m.Kernel, m.Autogroup, m.Load),
		"pages of the server's shared memory: " + pages,
		"TLS: " + peer.CipherSuite,
	}
	for _, name := range []string{"pgcordon", "Go", "PostgreSQL", "PgBouncer", "HAProxy", "Pgpool-II"} {
		lines = append(lines, name+": "+m.Versions[name])
	}
	return lines
}

var notInName = regexp.MustCompile(`[^a-z0-9]+`)

// slug names the machine in a file's name.
func (m *machine) slug() string {
	return strings.Trim(notInName.ReplaceAllString(strings.ToLower(fmt.Sprintf("%s-%d-cores", m.Processor, m.Cores)), "-"), "-")
}
