package load

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/pgcordon/pgcordon/catalog"
)

// Watch keeps the newest catalog of one database.
type Watch struct {
	current atomic.Pointer[catalog.Catalog]
}

// Current returns the newest catalog; nil before there is one, and where the last
// readings failed.
func (w *Watch) Current() *catalog.Catalog { return w.current.Load() }

// Run reads the catalog at once and then every so often, until ctx is done. A failure is
// told to failed, the first of several in a row alone; the catalog before it stays for one more
// turn.
func (w *Watch) Run(ctx context.Context, source Source, every time.Duration, failed func(error)) {
	failures := 0
	for {
		c, err := source.Read(ctx)
		switch {
		case err == nil:
			failures = 0
			w.current.Store(c)
		case ctx.Err() != nil:
			return
		default:
			if failures++; failures == 1 {
				failed(err)
			} else {
				w.current.Store(nil)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(every):
		}
	}
}
