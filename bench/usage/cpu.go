package usage

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// CPU returns the user and system time that the processes have used since they
// began. It reads the processes' clocks, which are the sum that /proc/PID/stat
// shows, without its rounding to ticks of 10 ms.
func CPU(pids []int) (time.Duration, error) {
	var sum time.Duration
	for _, pid := range pids {
		var t unix.Timespec
		if err := unix.ClockGettime(clockOf(pid), &t); err != nil {
			return 0, fmt.Errorf("read the clock of process %d: %w", pid, err)
		}
		sum += time.Duration(t.Nano())
	}
	return sum, nil
}

// clockOf is the id of a process's clock: its number inverted, and in the lower
// three bits that all of it counts, as the scheduler measured it (Linux,
// include/linux/posix-timers_types.h, make_process_cpuclock and CPUCLOCK_SCHED).
func clockOf(pid int) int32 { return ^int32(pid)<<3 | 2 }
