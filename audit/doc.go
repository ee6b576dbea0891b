// Package audit writes down what the guard decided: one event a line, as JSON.
//
// A [Log] has a bounded queue and one goroutine that writes. Sessions put
// events in with [Log.Record], or with [Log.RecordDurable] where the client must
// not hear of a refusal before it is on disk:
//
//	session ──Record────────▶ ┌───────┐  batch   ┌────────┐ write, fsync
//	session ──RecordDurable─▶ │ queue │ ───────▶ │ writer │ ────────────▶ file
//	        ◀─── nil or error └───────┘          └────────┘
//
// Whatever waits in the queue when the writer is free becomes one write and at
// most one fsync, so that a burst of refusals costs one of each. An event that
// nobody waits for is written up to 10 ms later, together with others.
//
// When the sink is slow the queue fills, and Config.OnFull says what then
// happens: "block" makes the sessions wait, "drop" loses events and counts them.
// A refusal is never dropped: it waits in either case. When the sink fails
// (disk full, reader gone) the writer tries again until Config.WriteTimeout is
// over, reopens the file, and then gives the batch up and counts it. Losses show
// in [Stats] and, once the sink works again, as an audit_gap line.
//
// The package imports nothing else of pgcordon: an [Event] holds plain strings.
package audit
