package metrics

import "sync/atomic"

// CacheStats is the state of the verdict cache, and what it did since it was made.
type CacheStats struct {
	ExactHits, SkeletonHits, Misses uint64
	Entries, Bytes                  int
}

// AuditStats is what has become of the audit events since the log was opened.
type AuditStats struct {
	Written, Dropped, Failed uint64
	QueueLen, QueueCap       int
}

// ReadCache says where the cache's state is read at each scrape.
func (m *Metrics) ReadCache(read func() CacheStats) { m.cache.function.Store(&read) }

// ReadAudit says where the audit log's state is read at each scrape.
func (m *Metrics) ReadAudit(read func() AuditStats) { m.audit.function.Store(&read) }

// source reads a state that another package keeps. Until it is told where, the
// state is zero.
type source[T any] struct{ function atomic.Pointer[func() T] }

func (s *source[T]) read() (state T) {
	if f := s.function.Load(); f != nil {
		return (*f)()
	}
	return state
}
