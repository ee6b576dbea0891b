package guard

import (
	"slices"

	"github.com/pgcordon/pgcordon/parser"
	"github.com/pgcordon/pgcordon/proxy/wire"
)

// A read-only session begins with default_transaction_read_only, so that the server makes
// each of its transactions READ ONLY. The rules refuse every text that would undo it
// (policy/readonly.go); a function that is already in the database may still. The server reports
// that in front of ReadyForQuery, so a section of the protocol is not let through before
// the server has answered the one before, and none at all once the setting is off.
// https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-ASYNC
//
// Within a section the setting counts where a transaction begins, which is behind COMMIT:
// policy.Context.Committed.

// readOnly is what the server says of it.
type readOnly struct{ kept bool }

func (r *readOnly) reported(name, value []byte) {
	if string(name) == "default_transaction_read_only" {
		r.kept = string(value) == "on"
	}
}

// mayProceed tells whether a message of the client may reach the server of a read-only
// session now. Where it never may, the session ends.
func (g *Guard) mayProceed(t byte, ops *Ops) bool {
	switch t {
	case wire.Password, wire.Flush, wire.Terminate, wire.CopyData, wire.CopyDone, wire.CopyFail:
		return true
	}
	if !g.login.ready || g.replies.awaitReady() {
		return false
	}
	if !g.readOnly.kept {
		g.endReadOnly(ops)
		return false
	}
	return true
}

// awaitReady tells whether the server has a section to end. In a read-only session
// nothing but the end of COPY data comes behind what ends one.
func (r *replies) awaitReady() bool {
	pending := r.pending()
	for i := len(pending) - 1; i >= 0; i-- {
		if pending[i].kind != wire.CopyDone {
			return endsWithReady(pending[i].kind)
		}
	}
	return false
}

// commits tells whether a string ends a transaction by COMMIT.
func (j *judged) commits() bool {
	return j.summary != nil && slices.ContainsFunc(j.summary.Statements, func(st parser.Statement) bool { return st.Kind == "COMMIT" })
}

// endReadOnly ends a session that the server does not keep read-only.
func (g *Guard) endReadOnly(ops *Ops) {
	message := "pgcordon: the server does not keep the session read-only, as session rule " + g.rules.ruleset.ReadOnlyBy() + " asks"
	ops.finish(&Event{Kind: NotReadOnly, SQLSTATE: wire.InsufficientPrivilege, Rows: -1, Message: message})
	g.end(wire.InsufficientPrivilege, message,
		"default_transaction_read_only is not on: a function of the database has changed it, or something in front of the server drops it from the startup packet.",
		"Connect again; where that ends the same way, look at what stands between pgcordon and the server.", ops)
}

// afterCommit is the summary of a statement that was found clean and then bound behind
// COMMIT.
var afterCommit = &parser.Summary{
	Parsed:     true,
	Statements: []parser.Statement{{Kind: "statement", Acts: []parser.Act{{Effect: parser.Read}}}},
	Effects:    parser.SetOf(parser.Read),
}
