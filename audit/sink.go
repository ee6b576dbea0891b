package audit

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// fileMode lets a log shipper in the file's group read it, and nobody else.
const fileMode = 0o640

// stdout is the path that stands for standard output.
const stdout = "-"

// sink is an open file that lines go to. Only the writer uses it, but for
// interrupt.
type sink struct {
	file    *os.File
	regular bool // fsync means something
	torn    bool // the last line in the file has no end
}

// openSink opens path, or a copy of standard output for stdout.
//
// Files are opened for reading too: so the end of what an earlier run left can be
// looked at, and opening a FIFO does not wait for its reader (fifo(7)).
func openSink(path string) (*sink, error) {
	if path == stdout {
		return openStdout()
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, fileMode)
	if err != nil {
		return nil, fmt.Errorf("open audit log: %w", err)
	}
	s, err := newSink(file)
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	if s.regular {
		syncDirectory(filepath.Dir(path))
	}
	return s, nil
}

// openStdout copies the descriptor, because Go ends the process when descriptor
// 1 itself turns out to be a broken pipe (os/signal, "SIGPIPE").
func openStdout() (*sink, error) {
	fd, err := unix.FcntlInt(os.Stdout.Fd(), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, fmt.Errorf("copy standard output for the audit log: %w", err)
	}
	return newSink(os.NewFile(uintptr(fd), "standard output"))
}

func newSink(file *os.File) (*sink, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("look at audit log: %w", err)
	}
	s := &sink{file: file, regular: info.Mode().IsRegular()}
	if s.regular && info.Size() > 0 {
		var last [1]byte
		_, err := file.ReadAt(last[:], info.Size()-1)
		s.torn = err == nil && last[0] != '\n' // standard output may not be readable
	}
	return s, nil
}

// syncDirectory makes a new file's name durable. File systems that cannot do it
// do not need it.
func syncDirectory(path string) {
	if dir, err := os.Open(path); err == nil {
		_ = dir.Sync()
		_ = dir.Close()
	}
}

// write writes as much of p as it can, on a line of its own. A FIFO without a
// reader stops it at the deadline; regular files have no deadlines.
func (s *sink) write(p []byte) (int, error) {
	if s.torn {
		if _, err := s.file.Write([]byte{'\n'}); err != nil {
			return 0, err
		}
		s.torn = false
	}
	return s.file.Write(p)
}

func (s *sink) setDeadline(at time.Time) { _ = s.file.SetWriteDeadline(at) }

// interrupt ends a write that waits. It may be called from any goroutine.
func (s *sink) interrupt() { s.setDeadline(time.Unix(0, 1)) }

// sync returns once the lines are on disk. Pipes and terminals have none.
func (s *sink) sync() error {
	if !s.regular {
		return nil
	}
	return s.file.Sync()
}

func (s *sink) close() { _ = s.file.Close() }
