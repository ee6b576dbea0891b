//go:build linux

package epoll

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The calls in this file cannot block, so they do without the bookkeeping that Go
// does around a system call that may.

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

// ready returns the events that are there already.
func ready(epfd int, events []unix.EpollEvent) int {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_EPOLL_PWAIT, uintptr(epfd), uintptr(unsafe.Pointer(unsafe.SliceData(events))),
		uintptr(len(events)), 0, 0, 0)
	if errno != 0 {
		return 0
	}
	return int(n)
}

// wait returns events; none after timeout milliseconds, never where that is -1. It looks once without waiting, which under load
// is all it takes, and then blocks as Go's scheduler wants to know of: a wait that
// is hidden from it keeps its monitor thread awake.
func wait(epfd int, events []unix.EpollEvent, timeout int) (int, error) {
	if n := ready(epfd, events); n > 0 {
		return n, nil
	}
	for {
		n, err := unix.EpollWait(epfd, events, timeout)
		if err != unix.EINTR {
			return n, err
		}
	}
}

// again tells whether a call would have had to wait, or was interrupted.
func again(errno syscall.Errno) bool { return errno == syscall.EAGAIN || errno == syscall.EINTR }
