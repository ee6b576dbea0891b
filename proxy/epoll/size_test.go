//go:build linux

package epoll

import (
	"testing"
	"unsafe"
)

// TestSessionFitsItsSizeClass holds what every idle session pays. Behind 320 bytes Go has
// a class of 352 (internal/runtime/gc/sizeclasses.go).
func TestSessionFitsItsSizeClass(t *testing.T) {
	const class = 320
	if size := unsafe.Sizeof(session{}); size > class {
		t.Errorf("a session has %d bytes, more than %d", size, class)
	}
}
