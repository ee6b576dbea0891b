package guard

import (
	"bytes"

	"github.com/pgcordon/pgcordon/proxy/wire"
)

// maxOutstanding bounds the requests that the server has not answered. Beyond
// it the guard asks its driver to stop reading the client. The server can owe at
// most the replies in its 8 KiB output buffer (src/backend/libpq/pqcomm.c:
// PQ_SEND_BUFFER_SIZE) before it either flushes or reads on, far fewer than this,
// so that waiting for it cannot deadlock.
const maxOutstanding = 1 << 15

// request is a message that the server will answer.
type request struct {
	kind    byte // the message's type; wire.CopyDone also for CopyFail
	object  byte // of Close: statement or portal
	name    string
	judged  *judged  // what Parse and Bind define
	event   *Event   // to be finished by the reply
	refusal *refusal // what the server is about to reject
	part    *part    // what is special about it; nil for what the client sent itself
}

// replies matches the server's replies to the requests in flight, in order. The
// safety of a refusal does not rest on it: it finds the outcome of statements and
// what the server has come to know. It therefore heals itself where client and
// server are out of step, rather than fail.
type replies struct {
	queue []request
	head  int
	// section counts the Syncs that the client has sent.
	section int
	// skipping is true after an error in the extended protocol until the next
	// Sync that the client sends: the server discards what comes before it.
	// https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY
	skipping bool
	// unreported is true from a request on until the ReadyForQuery that ends the last one:
	// the server tells of changed settings right in front of it (ReportChangedGUCOptions
	// in src/backend/utils/misc/guc.c), which may be long after the statement ran.
	unreported bool
	// copying is true while the server reads COPY data, when it ignores Sync
	// (CopyGetData in src/backend/commands/copyfromparse.c).
	copying bool
}

func (r *replies) idle() bool { return r.head == len(r.queue) }
func (r *replies) full() bool { return len(r.queue)-r.head >= maxOutstanding }

// sent notes a request. It returns false where the server will not look at it.
func (r *replies) sent(q request) bool {
	r.unreported = true
	if q.kind == wire.Sync {
		r.section++
	}
	switch {
	case r.copying && q.kind == wire.Sync:
		return false
	case r.copying && q.kind == wire.CopyDone:
		r.copying = false
		return true
	case r.skipping && q.kind != wire.Sync:
		return false
	}
	r.skipping = false
	if r.head == len(r.queue) {
		r.queue, r.head = r.queue[:0], 0
	}
	r.queue = append(r.queue, q)
	return true
}

// front returns the oldest request if it is of one of the given kinds, dropping
// what cannot be answered any more: a Sync in front of a reply that no Sync has
// was ignored by the server. It returns nil for any other request.
func (r *replies) front(kinds ...byte) *request {
	for {
		r.dropSilent()
		if r.idle() {
			return nil
		}
		q := &r.queue[r.head]
		if bytes.IndexByte(kinds, q.kind) >= 0 {
			return q
		}
		if q.kind != wire.Sync {
			return nil
		}
		r.pop()
	}
}

// dropSilent drops COPY's end markers, which no message answers.
func (r *replies) dropSilent() {
	for r.head < len(r.queue) && r.queue[r.head].kind == wire.CopyDone {
		r.pop()
	}
}

// pop removes the oldest request. Its memory stays, so that a queue that is
// emptied again and again does not allocate.
func (r *replies) pop() {
	r.queue[r.head] = request{}
	r.head++
	switch {
	case r.head == len(r.queue):
		r.queue, r.head = r.queue[:0], 0
	case r.head >= 64 && r.head*2 >= len(r.queue):
		n := copy(r.queue, r.queue[r.head:])
		clear(r.queue[n:])
		r.queue, r.head = r.queue[:n], 0
	}
}

// pending returns the requests in flight, oldest first; valid until the next change.
func (r *replies) pending() []request { return r.queue[r.head:] }

// copyIn notes that the server has begun to read COPY data: Syncs that are
// already on their way are ignored by it until the end of the data.
func (r *replies) copyIn() {
	kept := r.queue[:min(r.head+1, len(r.queue))]
	rest := r.queue[len(kept):]
	for i, q := range rest {
		if q.kind == wire.CopyDone {
			r.queue = append(kept, rest[i+1:]...)
			return
		}
		if q.kind != wire.Sync {
			kept = append(kept, q)
		}
	}
	r.queue = kept
	r.copying = true
}

// endsWithReady tells whether the server answers a request of this kind with
// ReadyForQuery.
func endsWithReady(kind byte) bool {
	return kind == wire.Query || kind == wire.Sync || kind == wire.FunctionCall
}
