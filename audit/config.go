package audit

import (
	"fmt"
	"time"
)

// What happens to an event that finds the queue full.
const (
	Block = "block" // the session waits
	Drop  = "drop"  // the event is lost and counted, unless it is a refusal
)

// When lines are forced to disk.
const (
	SyncDenials = "denials" // before a refusal is told to the client
	SyncAlways  = "always"  // after every write
	SyncNever   = "never"
)

// The defaults of Config.
const (
	DefaultQueue        = 8192
	DefaultWriteTimeout = 5 * time.Second
)

// Config says where events go and what happens when they cannot get there.
type Config struct {
	File   string // path; "-" standard output; empty: events are thrown away
	Queue  int    // events that may wait for the sink; 0: DefaultQueue
	OnFull string // Block or Drop; empty: Block
	Sync   string // SyncDenials, SyncAlways or SyncNever; empty: SyncDenials
	// WriteTimeout is how long the log tries to write an event to a sink that
	// fails, and how long RecordDurable waits in all; 0: DefaultWriteTimeout.
	WriteTimeout time.Duration
}

func (c Config) withDefaults() (Config, error) {
	if c.Queue == 0 {
		c.Queue = DefaultQueue
	}
	if c.OnFull == "" {
		c.OnFull = Block
	}
	if c.Sync == "" {
		c.Sync = SyncDenials
	}
	if c.WriteTimeout == 0 {
		c.WriteTimeout = DefaultWriteTimeout
	}
	switch {
	case c.Queue < 0:
		return c, fmt.Errorf("audit queue of %d events", c.Queue)
	case c.OnFull != Block && c.OnFull != Drop:
		return c, fmt.Errorf("audit on_full %q: want %s or %s", c.OnFull, Block, Drop)
	case c.Sync != SyncDenials && c.Sync != SyncAlways && c.Sync != SyncNever:
		return c, fmt.Errorf("audit sync %q: want %s, %s or %s", c.Sync, SyncDenials, SyncAlways, SyncNever)
	case c.WriteTimeout < 0:
		return c, fmt.Errorf("audit write timeout of %s", c.WriteTimeout)
	}
	return c, nil
}
