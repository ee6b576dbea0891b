package usage

import (
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/procfs"
)

func TestCPUIsWhatProcShows(t *testing.T) {
	burn(50 * time.Millisecond)
	pid := os.Getpid()
	before := ticks(t, pid)
	got, err := CPU([]int{pid})
	if err != nil {
		t.Fatal(err)
	}
	const tick = 10 * time.Millisecond // of each of user and system time
	if after := ticks(t, pid); got < before || got > after+2*tick {
		t.Errorf("%s, but /proc showed %s before and %s after", got, before, after)
	}
}

// burn works until the process has used that much time, whatever the clock says.
func burn(d time.Duration) {
	self := []int{os.Getpid()}
	start, _ := CPU(self)
	for used := start; used < start+d; used, _ = CPU(self) {
	}
}

func ticks(t *testing.T, pid int) time.Duration {
	t.Helper()
	p, err := procfs.NewProc(pid)
	if err != nil {
		t.Fatal(err)
	}
	stat, err := p.Stat()
	if err != nil {
		t.Fatal(err)
	}
	return time.Duration(stat.CPUTime() * float64(time.Second))
}

func TestTreeHasGrandchildren(t *testing.T) {
	cmd := exec.Command("sh", "-c", "sleep 60 & echo $!; wait")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 32)
	n, err := out.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	grandchild, err := strconv.Atoi(strings.TrimSpace(string(line[:n])))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if p, err := os.FindProcess(grandchild); err == nil {
			_ = p.Kill()
		}
		_ = cmd.Wait()
	}()
	tree, err := Tree(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{os.Getpid(), cmd.Process.Pid, grandchild} {
		if !slices.Contains(tree, want) {
			t.Errorf("%v lacks %d", tree, want)
		}
	}
	if memory, err := Memory(tree); err != nil || memory == 0 {
		t.Errorf("memory of the tree: %d bytes, %v", memory, err)
	}
}
