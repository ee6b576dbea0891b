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

// reserve returns free space behind the bytes, so that in the end want bytes fit in
// all. It doubles the buffer at most: memory follows what has arrived, not what a
// message claims.
func (w *window) reserve(want int) []byte {
	if w.start > 0 && (w.end == len(w.buf) || w.start+want > len(w.buf)) {
		w.start, w.end = 0, copy(w.buf, w.bytes())
	}
	if w.end == len(w.buf) {
		grown := make([]byte, 2*len(w.buf))
		copy(grown, w.buf)
		w.buf = grown
	}
	return w.buf[w.end:]
}

func (w *window) filled(n int) { w.end += n }

// append adds bytes that were read elsewhere.
func (w *window) append(b []byte) {
	for len(b) > 0 {
		n := copy(w.reserve(w.end-w.start+len(b)), b)
		w.end += n
		b = b[n:]
	}
}
