package parser

import (
	stdcontext "context" // context is a type of the package

	"golang.org/x/sync/semaphore"
)

// A tree takes many times the memory of its text: measured, 25 bytes for each byte of
// the INSERTs of a batch, and up to 350 where nearly every character is a node (SELECT
// *,*,*). Long texts therefore wait for one another, and no number of sessions can
// make more trees of them at a time than fit.
const (
	longText  = 64 << 10 // bytes; a shorter text waits for nobody
	longTexts = 2 << 20  // bytes of long texts at a time, or one longer text
)

var turns = semaphore.NewWeighted(longTexts)

// takeTurn waits until a text of that many bytes may be parsed; the caller calls end
// when the tree is no longer needed.
func takeTurn(size int) (end func()) {
	if size <= longText {
		return func() {}
	}
	size = min(size, longTexts)
	// It fails only if the context ends, which this one does not.
	_ = turns.Acquire(stdcontext.Background(), int64(size))
	return func() { turns.Release(int64(size)) }
}
