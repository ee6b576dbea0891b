// Package self runs this program once more, as another process that does one thing.
//
// What would take processor time or open files away from whoever measures gets them
// from a process of its own.
package self

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/pgcordon/pgcordon/test/child"
)

// Process is this program as another process.
type Process struct {
	child *child.Process
	in    io.WriteCloser
	out   *bufio.Reader
}

// Start runs this program with those arguments. Stop it.
func Start(args ...string) (*Process, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	cmd := exec.Command(program, args...)
	cmd.Stderr = os.Stderr
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2); err != nil {
		return nil, fmt.Errorf("connect to %s: %w", args[0], err)
	}
	process, err := child.Start(cmd, syscall.SIGKILL)
	if err != nil {
		return nil, err
	}
	return &Process{process, in, bufio.NewReader(out)}, nil
}

// Await waits until the process says the word on a line of its own. The end of the
// context ends the process too.
func (p *Process) Await(ctx context.Context, word string) error {
	// The end of the process closes the pipe, and that ends the wait for a line.
	defer context.AfterFunc(ctx, p.Stop)()
	line, err := p.out.ReadString('\n')
	if strings.TrimSpace(line) != word {
		return fmt.Errorf("wait for %q: %w", word, errors.Join(err, ctx.Err(), fmt.Errorf("it said %q", line)))
	}
	return nil
}

// Running tells whether the process has not ended yet.
func (p *Process) Running() bool {
	select {
	case <-p.child.Done():
		return false
	default:
		return true
	}
}

// Stop ends the process; its sessions end with it.
func (p *Process) Stop() {
	const grace = 5 * time.Second
	_ = p.child.Stop(syscall.SIGKILL, grace) // it ends as it was told to, which is an error
	_ = p.in.Close()
}
