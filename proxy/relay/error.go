package relay

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// Side is one end of a session.
type Side string

// The sides.
const (
	Client Side = "client"
	Server Side = "server"
)

// Error says which side broke a session off, and what was being done.
type Error struct {
	Side Side
	Op   string
	Err  error
	// Panic is true for a defect of pgcordon: Err then holds the stack.
	Panic bool
}

// guarded runs one direction of a session. A defect that makes it panic ends that
// session alone.
func guarded(side Side, pump func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &Error{Side: side, Op: "relay", Err: fmt.Errorf("%v\n%s", r, debug.Stack()), Panic: true}
		}
	}()
	return pump()
}

// Error returns the operation and the cause.
func (e *Error) Error() string { return fmt.Sprintf("%s: %v", e.Op, e.Err) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

func isPanic(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Panic
}
