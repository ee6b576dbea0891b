package proxy

import (
	"testing"
	"unsafe"
)

// TestSessionFitsItsSizeClass holds what every idle session pays. Behind 352 bytes Go has
// a class of 384 (internal/runtime/gc/sizeclasses.go).
func TestSessionFitsItsSizeClass(t *testing.T) {
	const class = 352
	if size := unsafe.Sizeof(session{}); size > class {
		t.Errorf("a session has %d bytes, more than %d", size, class)
	}
}
