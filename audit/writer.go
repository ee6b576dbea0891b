package audit

import (
	"bytes"
	"slices"
	"sort"
	"time"
)

const (
	maxBatch  = 256     // events a write
	keepBytes = 1 << 20 // a buffer that grew beyond this is not kept for the next batch

	firstPause = 5 * time.Millisecond // between attempts at a sink that fails, doubling
	lastPause  = 500 * time.Millisecond

	// linger is how long an event that nobody waits for may wait for others: a write of
	// its own, and a thread that wakes up for it, is a tenth of the cost of a login.
	linger = 10 * time.Millisecond
)

// writer is the goroutine that owns the file. Every batch goes through gather,
// encode, flush and settle.
type writer struct {
	log      *Log
	sink     *sink
	patience time.Duration // linger, but for tests
	timer    *time.Timer   // runs while the writer waits for others
	batch    []*entry
	buf      bytes.Buffer // the batch as lines
	ends     []int        // where each line of buf ends
	reported uint64       // losses that gap lines have told
}

func newWriter(l *Log) *writer { return &writer{log: l, sink: l.current.Load(), patience: linger} }

func (w *writer) run() {
	for w.gather() {
		w.commit()
	}
	w.commit() // losses that no later event has told
	w.adopt()
	w.sink.close()
	close(w.log.stopped)
	w.log.sweep()
}

// gather waits for events and takes what is there. It returns false when the log
// was stopped and nothing is left.
func (w *writer) gather() bool {
	w.batch = w.batch[:0]
	stopping := false
	select {
	case en := <-w.log.queue:
		w.batch = append(w.batch, en)
		w.awaitOthers()
	case <-w.log.wake:
	case <-w.log.stop:
		stopping = true
	}
	w.adopt()
	for len(w.batch) < maxBatch {
		select {
		case en := <-w.log.queue:
			w.batch = append(w.batch, en)
		default:
			return len(w.batch) > 0 || !stopping
		}
	}
	return true
}

// awaitOthers lets others come behind the first event of a batch, unless somebody waits or
// many have come.
func (w *writer) awaitOthers() {
	if w.batch[0].done != nil {
		return
	}
	if w.timer == nil {
		w.timer = time.NewTimer(w.patience)
	} else {
		w.timer.Reset(w.patience)
	}
	defer w.timer.Stop()
	select {
	case <-w.timer.C:
	case <-w.log.urgent:
	case <-w.log.stop:
	}
}

// adopt takes over the file that Reopen opened, and tells whether there was one.
func (w *writer) adopt() bool {
	next := w.log.next.Swap(nil)
	if next == nil {
		return false
	}
	w.replace(next)
	return true
}

func (w *writer) replace(next *sink) {
	w.sink.close()
	w.sink = next
	w.log.current.Store(next)
}

// commit writes the batch and tells those who wait.
func (w *writer) commit() {
	w.tellGap()
	if len(w.batch) == 0 {
		return
	}
	w.encode()
	written, err := w.flush()
	var syncErr error
	if written > 0 && w.mustSync() {
		syncErr = w.sink.sync()
	}
	w.settle(written, err, syncErr)
	if err != nil || syncErr != nil {
		w.reopen()
	}
}

// tellGap puts a line about losses in front of the batch.
func (w *writer) tellGap() {
	lost := w.log.dropped.Load() + w.log.failed.Load() - w.reported
	if lost == 0 {
		return
	}
	event := Event{Time: time.Now(), Type: GapEvent, ID: NewID(), Lost: int64(lost)}
	w.batch = slices.Insert(w.batch, 0, &entry{event: event, gap: true})
}

func (w *writer) encode() {
	if w.buf.Cap() > keepBytes {
		w.buf = bytes.Buffer{}
	}
	w.buf.Reset()
	w.ends = w.ends[:0]
	for _, en := range w.batch {
		appendLine(&w.buf, &en.event)
		w.ends = append(w.ends, w.buf.Len())
	}
}

// flush writes the lines, trying again for WriteTimeout where the sink fails, and
// returns how many are whole in the file.
func (w *writer) flush() (int, error) {
	deadline := time.Now().Add(w.log.config.WriteTimeout)
	data, done := w.buf.Bytes(), 0
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		w.sink.setDeadline(deadline)
		if w.abandoned() { // behind setDeadline, which must not undo interrupt
			return w.giveUp(done), ErrClosed
		}
		n, err := w.sink.write(data[done:])
		done += n
		if err == nil {
			w.log.lastError.Store(nil)
			return len(w.batch), nil
		}
		w.log.lastError.Store(&err)
		if !w.pause(pause, deadline) {
			return w.giveUp(done), err
		}
		if w.adopt() { // the line that was begun in the old file starts again in the new
			done = w.lineStart(done)
		}
	}
}

// pause waits before the next attempt. It returns false when there is to be none.
func (w *writer) pause(d time.Duration, deadline time.Time) bool {
	if time.Until(deadline) < d {
		return false
	}
	select {
	case <-time.After(d):
		return true
	case <-w.log.abandon:
		return false
	}
}

func (w *writer) abandoned() bool {
	select {
	case <-w.log.abandon:
		return true
	default:
		return false
	}
}

// giveUp returns how many lines are whole after done bytes and notes whether
// another was begun.
func (w *writer) giveUp(done int) int {
	w.sink.torn = w.sink.torn || done > w.lineStart(done)
	return w.wholeLines(done)
}

func (w *writer) wholeLines(done int) int { return sort.SearchInts(w.ends, done+1) }

func (w *writer) lineStart(done int) int {
	if n := w.wholeLines(done); n > 0 {
		return w.ends[n-1]
	}
	return 0
}

func (w *writer) mustSync() bool {
	switch w.log.config.Sync {
	case SyncAlways:
		return true
	case SyncNever:
		return false
	}
	for _, en := range w.batch {
		if en.done != nil || en.event.Decision == Deny {
			return true
		}
	}
	return false
}

// settle counts the batch and answers those who wait: the first written events
// are in the file, and on disk unless syncErr is set.
func (w *writer) settle(written int, err, syncErr error) {
	for i, en := range w.batch {
		outcome := err
		if i < written {
			outcome = syncErr
		}
		switch {
		case outcome != nil && en.gap:
			// It is told again in front of the next batch.
		case outcome != nil:
			w.log.fail(en, outcome)
		case en.gap:
			w.reported += uint64(en.event.Lost)
		default:
			w.log.succeed(en)
		}
	}
	clear(w.batch) // the events' memory
}

// reopen opens the file again after a failure: it may have been removed, or lie
// on a file system that was mounted anew. Where that fails too, the old one stays.
func (w *writer) reopen() {
	if w.log.config.File == stdout {
		return
	}
	next, err := openSink(w.log.config.File)
	if err != nil {
		return
	}
	if !next.regular { // of a regular file openSink has seen the end
		next.torn = w.sink.torn
	}
	w.replace(next)
}
