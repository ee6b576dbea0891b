package usage

import (
	"fmt"

	"github.com/prometheus/procfs"
)

// Memory returns the resident memory of the processes in bytes. A page that n
// processes share counts as one n-th in each, so that a program of many processes
// is not charged for its text once a process.
func Memory(pids []int) (uint64, error) {
	var sum uint64
	for _, pid := range pids {
		p, err := procfs.NewProc(pid)
		if err != nil {
			return 0, fmt.Errorf("find process %d: %w", pid, err)
		}
		maps, err := p.ProcSMapsRollup()
		if err != nil {
			return 0, fmt.Errorf("read the memory of process %d: %w", pid, err)
		}
		sum += maps.Pss
	}
	return sum, nil
}
