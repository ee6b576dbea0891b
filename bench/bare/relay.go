// Package bare is a relay that reads from one socket and writes to another, and looks at
// nothing: what it takes of the direct way's rate, any proxy takes on the same machine.
package bare

import (
	"fmt"
	"net/netip"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// relay is one thread with one buffer.
type relay struct {
	epoll, listener int
	server          unix.Sockaddr
	peers           map[int]int // by descriptor, both ways
	buffer          []byte
}

// Run relays TCP connections from one address to another until it fails.
func Run(listen, server string) error {
	runtime.LockOSThread()
	r := &relay{peers: map[int]int{}, buffer: make([]byte, 64<<10)}
	if err := r.open(listen, server); err != nil {
		return fmt.Errorf("open a bare relay: %w", err)
	}
	events := make([]unix.EpollEvent, 256)
	for {
		n, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(r.epoll), uintptr(unsafe.Pointer(&events[0])),
			uintptr(len(events)), ^uintptr(0), 0, 0)
		if errno != 0 && errno != unix.EINTR {
			return fmt.Errorf("epoll_pwait: %w", errno)
		}
		for _, e := range events[:max(0, int(n))] {
			if fd := int(e.Fd); fd != r.listener {
				r.pass(fd)
			} else if err := r.accept(); err != nil {
				return fmt.Errorf("begin a session: %w", err)
			}
		}
	}
}

func (r *relay) open(listen, server string) error {
	at, err := address(listen)
	if err != nil {
		return err
	}
	if r.server, err = address(server); err != nil {
		return err
	}
	if r.epoll, err = unix.EpollCreate1(0); err != nil {
		return err
	}
	if r.listener, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0); err != nil {
		return err
	}
	if err := unix.Bind(r.listener, at); err != nil {
		return err
	}
	if err := unix.Listen(r.listener, unix.SOMAXCONN); err != nil {
		return err
	}
	return r.watch(r.listener)
}

func address(text string) (unix.Sockaddr, error) {
	at, err := netip.ParseAddrPort(text)
	return &unix.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}, err
}

func (r *relay) watch(fd int) error {
	return unix.EpollCtl(r.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)})
}

// accept takes a client and connects it, waiting for the server.
func (r *relay) accept() error {
	client, _, err := unix.Accept(r.listener)
	if err != nil {
		return err
	}
	server, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	if err := unix.Connect(server, r.server); err != nil {
		return err
	}
	r.peers[client], r.peers[server] = server, client
	for _, fd := range []int{client, server} {
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
			return err
		}
		if err := r.watch(fd); err != nil {
			return err
		}
	}
	return nil
}

// pass reads once and writes all of it, waiting for a slow peer.
func (r *relay) pass(fd int) {
	peer, open := r.peers[fd]
	if !open {
		return // closed by another event of this turn
	}
	n, _, errno := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(&r.buffer[0])), uintptr(len(r.buffer)),
		unix.MSG_DONTWAIT, 0, 0)
	if errno == unix.EAGAIN || errno == unix.EINTR {
		return // the event was of another session, that had this descriptor before
	}
	if errno != 0 || n == 0 {
		for _, fd := range []int{fd, peer} {
			delete(r.peers, fd)
			_ = unix.Close(fd)
		}
		return
	}
	for b := r.buffer[:n]; len(b) > 0; {
		sent, _, errno := syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(peer), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)),
			unix.MSG_NOSIGNAL, 0, 0)
		if errno == unix.EINTR {
			continue
		}
		if errno != 0 {
			return // its own event tells
		}
		b = b[sent:]
	}
}
