package parser

import (
	"bytes"
	"hash/maphash"
	"sync"
	"sync/atomic"
)

const (
	cacheShards = 16
	// shortText is the longest text whose skeleton is made on the stack, in bytes.
	shortText = 2 << 10
	// maxCachedText is the longest text that is kept, in bytes.
	maxCachedText = 16 << 10
	// entryOverhead is what an entry costs beside its text and statements, in bytes.
	entryOverhead = 256
)

// Cache keeps summaries. A text is looked up as it is, then without its literals,
// where the summary did not depend on them. It is safe for concurrent use.
type Cache struct {
	seed   maphash.Seed
	shards [cacheShards]shard
	exact  atomic.Uint64
	shape  atomic.Uint64
	missed atomic.Uint64
}

// CacheStats counts what a Cache did since it was made.
type CacheStats struct {
	ExactHits, SkeletonHits, Misses uint64
	Entries                         int // summaries kept now
	Bytes                           int // that they take, roughly
}

// NewCache returns a cache of at most entries summaries and about maxBytes bytes.
// Both are rounded to the number of shards; a cache too small for any summary
// keeps none.
func NewCache(entries, maxBytes int) *Cache {
	c := &Cache{seed: maphash.MakeSeed()}
	for i := range c.shards {
		// Two generations live at once.
		c.shards[i].maxEntries = entries / cacheShards / 2
		c.shards[i].maxBytes = maxBytes / cacheShards / 2
	}
	return c
}

// Summary returns what Summarize returns for the text. A hit on the exact text does
// not allocate, nor does one on the skeleton of a text up to 2 KiB.
// The summary of a text that was found by its skeleton has no positions. Sql is
// not kept.
func (c *Cache) Summary(sql []byte, o Options) (s *Summary, hit bool) {
	if len(sql) > maxCachedText {
		c.missed.Add(1)
		return Summarize(string(sql), o), false
	}
	if s := c.get(sql, o, false); s != nil {
		c.exact.Add(1)
		return s, true
	}
	var buffer [shortText]byte
	shape := buffer[:0]
	if len(sql) > shortText {
		shape = make([]byte, 0, len(sql))
	}
	shape, plain := skeleton(shape, sql)
	plain = plain && !bytes.Equal(shape, sql) // without literals the exact text is quicker
	if plain {
		if s := c.get(shape, o, true); s != nil {
			c.shape.Add(1)
			return s, true
		}
	}
	c.missed.Add(1)
	s = Summarize(string(sql), o)
	if plain && s.Parsed && !s.literalDependent {
		c.put(shape, o, true, withoutPositions(s))
	} else {
		c.put(sql, o, false, s)
	}
	return s, false
}

// Stats returns the counters.
func (c *Cache) Stats() CacheStats {
	st := CacheStats{ExactHits: c.exact.Load(), SkeletonHits: c.shape.Load(), Misses: c.missed.Load()}
	for i := range c.shards {
		entries, bytes := c.shards[i].size()
		st.Entries += entries
		st.Bytes += bytes
	}
	return st
}

func (c *Cache) get(text []byte, o Options, shape bool) *Summary {
	return c.shards[maphash.Bytes(c.seed, text)%cacheShards].get(text, o, shape)
}

func (c *Cache) put(text []byte, o Options, shape bool, s *Summary) {
	c.shards[maphash.Bytes(c.seed, text)%cacheShards].put(cacheKey{string(text), o, shape}, s)
}

// withoutPositions returns a copy for texts in which the statements are elsewhere.
func withoutPositions(s *Summary) *Summary {
	c := *s
	c.Statements = append([]Statement(nil), s.Statements...)
	for i := range c.Statements {
		c.Statements[i].Start, c.Statements[i].End = 0, 0
	}
	return &c
}

type cacheKey struct {
	text    string
	options Options
	shape   bool // text is a skeleton
}

// shard keeps two generations. What is used moves to the young one; when that is
// full it becomes the old one, and what was not used since is forgotten.
type shard struct {
	maxEntries, maxBytes int

	mu                   sync.Mutex
	young, old           map[cacheKey]*Summary
	youngBytes, oldBytes int
}

func (s *shard) get(text []byte, o Options, shape bool) *Summary {
	s.mu.Lock()
	defer s.mu.Unlock()
	// Written out in the index, the conversion does not allocate.
	if found := s.young[cacheKey{string(text), o, shape}]; found != nil {
		return found
	}
	found := s.old[cacheKey{string(text), o, shape}]
	if found != nil {
		key := cacheKey{string(text), o, shape}
		delete(s.old, key)
		s.oldBytes -= cost(key, found)
		s.add(key, found)
	}
	return found
}

func (s *shard) put(key cacheKey, summary *Summary) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.maxEntries > 0 && cost(key, summary) <= s.maxBytes && s.young[key] == nil {
		s.add(key, summary)
	}
}

// add puts an entry into the young generation, which must not have it yet.
func (s *shard) add(key cacheKey, summary *Summary) {
	if len(s.young) >= s.maxEntries || s.youngBytes+cost(key, summary) > s.maxBytes {
		s.old, s.oldBytes = s.young, s.youngBytes
		s.young, s.youngBytes = nil, 0
	}
	if s.young == nil {
		s.young = make(map[cacheKey]*Summary)
	}
	s.young[key] = summary
	s.youngBytes += cost(key, summary)
}

func (s *shard) size() (entries, bytes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.young) + len(s.old), s.youngBytes + s.oldBytes
}

// cost is what an entry takes, in bytes, roughly.
func cost(k cacheKey, s *Summary) int {
	n := entryOverhead + 2*len(k.text) + len(s.text)
	for i := range s.Statements {
		n += 192 + 96*len(s.Statements[i].Acts) + 48*len(s.Statements[i].Functions)
	}
	return n
}
