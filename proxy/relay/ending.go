package relay

import "sync"

// Ending is how a session is told, from any goroutine, that it must end. It takes the
// place of a context, which with what hangs on it would be a fifth of an idle session.
// The zero value is ready.
type Ending struct {
	mu       sync.Mutex
	farewell *Farewell // nil until End has been called
	hear     func()
}

// silence is the farewell of a session that ends without one.
var silence = new(Farewell)

// End has the session end. The farewell, if any, is what its client is told; that of
// the first call counts, which End tells by returning true.
func (e *Ending) End(f *Farewell) (first bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.farewell != nil {
		return false
	}
	if f == nil {
		f = silence
	}
	e.farewell = f
	if e.hear != nil {
		e.hear()
	}
	return true
}

// Hear sets what End calls, in place of what was set before; at once where End has
// been called already. f must not wait, nor use the Ending; nil takes it back.
func (e *Ending) Hear(f func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.hear = f
	if e.farewell != nil && f != nil {
		f()
	}
}

// Over tells whether End has been called, and with which farewell.
func (e *Ending) Over() (f *Farewell, over bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.farewell == silence {
		return nil, true
	}
	return e.farewell, e.farewell != nil
}
