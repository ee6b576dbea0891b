package relay

import "sync"

// windowSize is the buffer that bytes pass through. Longer messages pass in
// pieces, unless they have to be judged as a whole.
const windowSize = 16 << 10

var windows = sync.Pool{New: func() any { b := make([]byte, windowSize); return &b }}

// window is a reused buffer of bytes read and not yet consumed.
type window struct {
	pooled *[]byte
	buf    []byte
	start  int // of the bytes
	end    int
}

func newWindow() *window {
	p := windows.Get().(*[]byte)
	return &window{pooled: p, buf: *p}
}

// release returns the buffer; nothing that aliases it may be used any more.
func (w *window) release() {
	if w.pooled != nil {
		windows.Put(w.pooled)
		w.pooled, w.buf = nil, nil
	}
}

// bytes returns what is there. It is valid until the next call of reserve.
func (w *window) bytes() []byte { return w.buf[w.start:w.end] }

// consume drops the first n bytes. An empty window that had grown shrinks again.
func (w *window) consume(n int) {
	w.start += n
	if w.start == w.end {
		w.start, w.end = 0, 0
		if len(w.buf) > windowSize {
			w.buf = *w.pooled
		}
	}
}

// reserve returns free space behind the bytes, so that want bytes fit in all.
func (w *window) reserve(want int) []byte {
	have := w.end - w.start
	switch {
	case want > len(w.buf):
		grown := make([]byte, want)
		copy(grown, w.bytes())
		w.buf, w.start, w.end = grown, 0, have
	case w.start > 0 && (w.end == len(w.buf) || w.start+want > len(w.buf)):
		copy(w.buf, w.bytes())
		w.start, w.end = 0, have
	}
	return w.buf[w.end:]
}

func (w *window) filled(n int) { w.end += n }

// append adds bytes that were read elsewhere.
func (w *window) append(b []byte) {
	copy(w.reserve(w.end-w.start+len(b)), b)
	w.end += len(b)
}
