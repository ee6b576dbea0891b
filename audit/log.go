package audit

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// ErrClosed is returned for an event that came after Close, or that Close had no
// time to write.
var ErrClosed = errors.New("audit log is closed")

// ErrTimeout is returned for an event that was not written within WriteTimeout.
var ErrTimeout = errors.New("not written in time")

// Log is an open audit log. Its methods may be called from any goroutine.
type Log struct {
	config  Config
	queue   chan *entry          // nil: events are thrown away
	current atomic.Pointer[sink] // the writer's
	next    atomic.Pointer[sink] // opened by Reopen; the writer takes it over
	wake    chan struct{}        // tells an idle writer of next
	urgent  chan struct{}        // tells a writer that lingers of somebody who waits, or of many events

	stop, abandon, stopped chan struct{} // closed: accept no more, try no more, writer gone
	stopOnce, abandonOnce  sync.Once

	written, dropped, failed atomic.Uint64
	lastError                atomic.Pointer[error] // of the sink; nil while it works
}

// Open opens the log and starts its writer. It fails where the configuration is
// wrong or the file cannot be opened.
func Open(config Config) (*Log, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	l, err := prepare(config)
	if err == nil && l.queue != nil {
		go newWriter(l).run()
	}
	return l, err
}

// prepare opens a log without its writer.
func prepare(config Config) (*Log, error) {
	l := &Log{
		config:  config,
		wake:    make(chan struct{}, 1),
		urgent:  make(chan struct{}, 1),
		stop:    make(chan struct{}),
		abandon: make(chan struct{}),
		stopped: make(chan struct{}),
	}
	if config.File == "" {
		close(l.stopped)
		return l, nil
	}
	s, err := openSink(config.File)
	if err != nil {
		return nil, err
	}
	l.current.Store(s)
	l.queue = make(chan *entry, config.Queue)
	return l, nil
}

// Record puts an event into the queue. When the queue is full it waits, or drops
// the event where the log is configured to; it never drops a refusal. It does not
// wait for the disk.
func (l *Log) Record(e Event) {
	en := &entry{event: e.bounded()}
	if l.config.OnFull == Drop && e.Decision != Deny {
		l.offer(en)
		return
	}
	_ = l.put(en, nil) // fails only once the log is closed, and counts that
}

// TryRecord is Record for a caller who must not wait: it returns false, and has done
// nothing, where Record would have waited.
func (l *Log) TryRecord(e Event) bool {
	if l.config.OnFull == Block || e.Decision == Deny {
		return l.tryPut(&entry{event: e.bounded()})
	}
	l.Record(e)
	return true
}

// RecordDurable puts an event into the queue and returns once it is written and,
// unless Config.Sync is SyncNever, on disk. It waits for WriteTimeout at most. An
// error says that the event may be missing from the log; a refusal that it was
// about stands all the same.
func (l *Log) RecordDurable(e Event) error {
	timeout := time.NewTimer(l.config.WriteTimeout)
	defer timeout.Stop()
	en := &entry{event: e.bounded(), done: make(chan error, 1)}
	err := l.put(en, timeout.C)
	if err == nil {
		select {
		case err = <-en.done:
		case <-timeout.C:
			err = l.timeoutError()
		}
	}
	if err != nil {
		return fmt.Errorf("record event %s: %w", e.ID, err)
	}
	return nil
}

func (l *Log) timeoutError() error {
	if cause := l.lastError.Load(); cause != nil {
		return fmt.Errorf("%w (%s): %w", ErrTimeout, l.config.WriteTimeout, *cause)
	}
	return fmt.Errorf("%w (%s)", ErrTimeout, l.config.WriteTimeout)
}

// Reopen opens the file anew, so that what renamed it (logrotate) can have the
// old one. The next batch goes to the new file. On an error the old one stays.
// Standard output stays as it is.
func (l *Log) Reopen() error {
	if l.queue == nil || l.config.File == stdout {
		return nil
	}
	select {
	case <-l.stop:
		return ErrClosed
	default:
	}
	s, err := openSink(l.config.File)
	if err != nil {
		return err
	}
	if unused := l.next.Swap(s); unused != nil {
		unused.close()
	}
	select {
	case l.wake <- struct{}{}:
	default:
	}
	return nil
}

// Close writes what is in the queue and closes the file. Events recorded from
// now on are refused. When ctx ends first, Close gives the rest up, counts it and
// returns an error.
func (l *Log) Close(ctx context.Context) error {
	l.stopOnce.Do(func() { close(l.stop) })
	select {
	case <-l.stopped:
		return nil
	case <-ctx.Done():
	}
	l.abandonOnce.Do(func() {
		close(l.abandon)
		l.current.Load().interrupt()
	})
	return fmt.Errorf("close audit log with %d events waiting: %w", len(l.queue), ctx.Err())
}

// Stats is what has become of the events so far.
type Stats struct {
	Written  uint64 // in the log, or thrown away where there is none
	Dropped  uint64 // found the queue full
	Failed   uint64 // given up because the sink failed or the log was closed
	QueueLen int    // waiting now
	QueueCap int
}

// Stats returns the counts since Open.
func (l *Log) Stats() Stats {
	return Stats{
		Written:  l.written.Load(),
		Dropped:  l.dropped.Load(),
		Failed:   l.failed.Load(),
		QueueLen: len(l.queue),
		QueueCap: cap(l.queue),
	}
}
