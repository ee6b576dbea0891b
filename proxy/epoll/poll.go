//go:build linux

package epoll

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// These calls cannot block for long, so they do without the bookkeeping that Go does
// around a system call that may.

// read reads from a non-blocking socket.
func read(fd int, b []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall(syscall.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

// write writes to a non-blocking socket.
func write(fd int, b []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)),
		unix.MSG_NOSIGNAL, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

// ready returns the events that come within so many milliseconds.
func ready(epfd int, events []unix.EpollEvent, timeout int) int {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_EPOLL_PWAIT, uintptr(epfd), uintptr(unsafe.Pointer(unsafe.SliceData(events))),
		uintptr(len(events)), uintptr(timeout), 0, 0)
	if errno != 0 {
		return 0
	}
	return int(n)
}

// readyWithin returns the events that come within a time that is told to the nanosecond.
// Linux 5.11 has it (epoll_wait(2), epoll_pwait2).
func readyWithin(epfd int, events []unix.EpollEvent, timeout time.Duration) (int, syscall.Errno) {
	within := unix.NsecToTimespec(int64(timeout))
	n, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT2, uintptr(epfd), uintptr(unsafe.Pointer(unsafe.SliceData(events))),
		uintptr(len(events)), uintptr(unsafe.Pointer(&within)), 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

// forever is a wait without an end.
const forever = time.Duration(-1)

// hidden is how long a wait stays hidden from Go's scheduler, in milliseconds.
const hidden = 20

// wait returns events; none after a timeout, which is short or forever.
//
// At first it waits in a way that the scheduler knows nothing of. A wait that it knows
// of costs more: the monitor thread takes the processor (GOMAXPROCS) away from it, and
// polls every 20 us for a while whenever it comes back (runtime/proc.go, sysmon and
// retake), which was a quarter of the cost of a login. A wait that is hidden keeps its
// processor, so New adds one for each loop. Where nothing comes for a while the wait
// is shown, and the monitor thread sleeps too.
func wait(epfd int, events []unix.EpollEvent, timeout time.Duration) (int, error) {
	if timeout != forever {
		_ = unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(slack), 0, 0, 0) // of this thread; streams could only be read later without
		n, _ := readyWithin(epfd, events, timeout)                      // interrupted is as good as too early
		return n, nil
	}
	if n := ready(epfd, events, hidden); n > 0 {
		return n, nil
	}
	for {
		n, err := unix.EpollWait(epfd, events, -1)
		if err != unix.EINTR {
			return n, err
		}
	}
}

// again tells whether a call would have had to wait, or was interrupted.
func again(errno syscall.Errno) bool { return errno == syscall.EAGAIN || errno == syscall.EINTR }
