//go:build linux

package epoll

import (
	"fmt"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The names are those of include/uapi/linux/io_uring.h; io_uring_setup(2) and
// io_uring_enter(2) describe them.
const (
	setupSubmitAll    = 1 << 7 // go on behind a request that is wrong
	featureSingleMmap = 1 << 0 // both queues are in one mapping
	opSend            = 26
	opReceive         = 27
	offsetQueues      = 0
	offsetEntries     = 0x10000000
)

type ringParams struct {
	sqEntries, cqEntries, flags, sqThreadCPU, sqThreadIdle, features, wqFD uint32
	_                                                                      [3]uint32
	sq                                                                     struct {
		head, tail, mask, entries, flags, dropped, array, _ uint32
		_                                                   uint64
	}
	cq struct {
		head, tail, mask, entries, overflow, cqes, flags, _ uint32
		_                                                   uint64
	}
}

type submission struct {
	opcode, flags uint8
	_             uint16
	fd            int32
	_             uint64
	addr          uint64
	len, msgFlags uint32
	userData      uint64
	_             [3]uint64
}

type completion struct {
	userData uint64
	result   int32
	_        uint32
}

// ring hands requests to the kernel, many with one system call. It belongs to one
// goroutine.
type ring struct {
	fd          int
	tail        *uint32 // behind the last submission that the kernel was told of
	submissions []submission
	ready       uint32 // how many it was not told of

	head, done  *uint32 // of the completions: the next to read, and behind the last
	completions []completion
}

// newRing returns a ring for n requests at a time, a power of two. It fails where the
// kernel has none, or lets this process have none, as in many a container.
func newRing(n uint32) (*ring, error) {
	p := ringParams{flags: setupSubmitAll}
	fd, _, errno := syscall.Syscall(unix.SYS_IO_URING_SETUP, uintptr(n), uintptr(unsafe.Pointer(&p)), 0)
	if errno != 0 {
		return nil, fmt.Errorf("io_uring_setup: %w", errno)
	}
	r := &ring{fd: int(fd)}
	if err := r.mapQueues(&p); err != nil {
		_ = unix.Close(r.fd)
		return nil, err
	}
	return r, nil
}

func (r *ring) mapQueues(p *ringParams) error {
	if p.features&featureSingleMmap == 0 { // Linux before 5.4
		return fmt.Errorf("io_uring: %w", syscall.ENOSYS)
	}
	size := max(p.sq.array+p.sqEntries*4, p.cq.cqes+p.cqEntries*uint32(unsafe.Sizeof(completion{})))
	const access, kind = unix.PROT_READ | unix.PROT_WRITE, unix.MAP_SHARED | unix.MAP_POPULATE
	queues, err := unix.Mmap(r.fd, offsetQueues, int(size), access, kind)
	if err != nil {
		return fmt.Errorf("map the queues of io_uring: %w", err)
	}
	entries, err := unix.Mmap(r.fd, offsetEntries, int(p.sqEntries)*int(unsafe.Sizeof(submission{})), access, kind)
	if err != nil {
		_ = unix.Munmap(queues)
		return fmt.Errorf("map the entries of io_uring: %w", err)
	}
	at := func(offset uint32) unsafe.Pointer { return unsafe.Pointer(&queues[offset]) }
	r.tail = (*uint32)(at(p.sq.tail))
	r.submissions = unsafe.Slice((*submission)(unsafe.Pointer(&entries[0])), p.sqEntries)
	order := unsafe.Slice((*uint32)(at(p.sq.array)), p.sqEntries)
	for i := range order { // the kernel's indirection is of no use here
		order[i] = uint32(i)
	}
	r.head, r.done = (*uint32)(at(p.cq.head)), (*uint32)(at(p.cq.tail))
	r.completions = unsafe.Slice((*completion)(at(p.cq.cqes)), p.cqEntries)
	return nil
}

// send queues a write of b to a non-blocking socket. b must stay as it is until
// submit has returned; tag comes back with the result.
func (r *ring) send(fd int, b []byte, tag uint64) { r.queue(opSend, fd, b, unix.MSG_NOSIGNAL, tag) }

// receive queues a read into b from a non-blocking socket. b must be left alone until
// submit has returned; tag comes back with the result.
func (r *ring) receive(fd int, b []byte, tag uint64) { r.queue(opReceive, fd, b, 0, tag) }

func (r *ring) queue(opcode uint8, fd int, b []byte, flags uint32, tag uint64) {
	s := &r.submissions[(*r.tail+r.ready)%uint32(len(r.submissions))]
	*s = submission{opcode: opcode, fd: int32(fd), addr: uint64(uintptr(unsafe.Pointer(unsafe.SliceData(b)))), len: uint32(len(b)),
		msgFlags: flags | unix.MSG_DONTWAIT, userData: tag}
	r.ready++
}

// submit carries out what was queued and calls done with each result: how many bytes
// were moved, or why none. MSG_DONTWAIT has every request done when the call returns
// (io_uring/net.c, io_send and io_recv, and io_uring.c, io_queue_async, REQ_F_NOWAIT).
func (r *ring) submit(done func(tag uint64, n int, errno syscall.Errno)) {
	atomic.StoreUint32(r.tail, *r.tail+r.ready)
	for left := r.ready; left > 0; {
		n, _, errno := syscall.RawSyscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), uintptr(left), 0, 0, 0, 0)
		if errno != 0 && !again(errno) {
			panic(fmt.Sprintf("io_uring_enter: %v", errno))
		}
		if errno == 0 {
			left -= uint32(n)
		}
	}
	r.ready = 0
	r.reap(done)
}

func (r *ring) reap(done func(tag uint64, n int, errno syscall.Errno)) {
	head := *r.head
	for end := atomic.LoadUint32(r.done); head != end; head++ {
		c := r.completions[head%uint32(len(r.completions))]
		if c.result < 0 {
			done(c.userData, 0, syscall.Errno(-c.result))
		} else {
			done(c.userData, int(c.result), 0)
		}
	}
	atomic.StoreUint32(r.head, head)
}
