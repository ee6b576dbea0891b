package guard

import (
	"testing"
	"unsafe"
)

// TestGuardFitsItsSizeClass holds what every idle session pays. Go puts an object with
// pointers of more than 512 bytes, and 8 for its type, into the next class, which are 576
// and 640 (internal/runtime/gc/sizeclasses.go, malloc.go). What only some sessions need
// belongs behind a pointer that is nil for the others.
func TestGuardFitsItsSizeClass(t *testing.T) {
	const class, header = 576, 8
	if size := unsafe.Sizeof(Guard{}); size > class-header {
		t.Errorf("a guard has %d bytes, more than %d", size, class-header)
	}
}
