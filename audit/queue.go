package audit

import "time"

// entry is an event on its way through the queue.
type entry struct {
	event Event
	done  chan error // room for one; nil where nobody waits
	gap   bool       // made by the writer: no event of a session's
}

// offer puts en into the queue if there is room.
func (l *Log) offer(en *entry) {
	if l.queue == nil {
		l.succeed(en)
		return
	}
	select {
	case <-l.stop:
		l.dropped.Add(1)
		return
	default:
	}
	select {
	case l.queue <- en:
		l.entered(en)
	default:
		l.dropped.Add(1)
	}
}

// tryPut puts en into the queue if there is room; a closed log takes it and counts
// it as failed.
func (l *Log) tryPut(en *entry) bool {
	if l.queue == nil {
		l.succeed(en)
		return true
	}
	select {
	case <-l.stop:
		l.failed.Add(1)
		return true
	default:
	}
	select {
	case l.queue <- en:
		l.entered(en)
		return true
	default:
		return false
	}
}

// put puts en into the queue, waiting for room until giveUp fires.
func (l *Log) put(en *entry, giveUp <-chan time.Time) error {
	if l.queue == nil {
		l.succeed(en)
		return nil
	}
	select {
	case <-l.stop:
		l.failed.Add(1)
		return ErrClosed
	default:
	}
	select {
	case l.queue <- en:
		l.entered(en)
		return nil
	case <-l.stopped:
		l.failed.Add(1)
		return ErrClosed
	case <-giveUp:
		l.failed.Add(1)
		return l.timeoutError()
	}
}

// entered has the writer hurry where somebody waits for it, or where it has enough for
// a write, or half of what there is room for.
func (l *Log) entered(en *entry) {
	if en.done != nil || len(l.queue) >= min(maxBatch, (cap(l.queue)+1)/2) {
		select {
		case l.urgent <- struct{}{}:
		default: // it has been told
		}
	}
	l.sweepIfStopped()
}

// sweepIfStopped empties the queue in the writer's stead: an event may slip into
// the queue just after the writer looked for the last time.
func (l *Log) sweepIfStopped() {
	select {
	case <-l.stopped:
		l.sweep()
	default:
	}
}

func (l *Log) sweep() {
	for {
		select {
		case en := <-l.queue:
			l.fail(en, ErrClosed)
		default:
			return
		}
	}
}

func (l *Log) succeed(en *entry) {
	l.written.Add(1)
	if en.done != nil {
		en.done <- nil
	}
}

func (l *Log) fail(en *entry, err error) {
	l.failed.Add(1)
	if en.done != nil {
		en.done <- err
	}
}
