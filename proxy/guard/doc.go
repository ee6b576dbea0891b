// Package guard is the judgement of one session: bytes in, operations out.
//
// A Guard is told what a client and its server send, in pieces of any size, and
// answers with what to do about it: pass these bytes, drop those, send this
// instead, note that something happened. It performs no I/O, starts no
// goroutine, reads no clock and takes no lock, so that the same judgement runs
// in an event loop, in a pair of goroutines, in a fuzzer one byte at a time and
// in a test table.
//
//	client ── bytes ──▶ FromClient ── Ops ──▶ server
//	client ◀── Ops ── FromServer ◀── bytes ── server
//
// A refused statement is never answered by the guard. It is replaced by one that
// the server must reject at the same point of the protocol and whose error
// carries a nonce; the error with the nonce is rewritten on its way back
// (refusal.go). The server thereby keeps the transaction state, the pipeline and
// the order of replies right by itself.
//
// The files, in the order of a message's way:
//
//	guard.go, ops.go        the two entry points and what they answer
//	client.go               a client's messages: framing, which of them are judged
//	query.go, extended.go   simple and extended query protocol
//	parameter.go            what is decided with the values of parameters
//	judge.go, meaning.go    text to decision; what changes how text is to be read
//	resolve.go, worse.go    what a name can stand for, and the worst of several decisions
//	limit.go, effects.go    rows, and what whole transactions did, counted before they
//	                        are committed
//	script.go, aside.go     what the client has to wait for; queries of the guard's own
//	plan.go, chunks.go      simple query protocol where something is bounded, and
//	bounded.go              extended;
//	unheld.go, doubt.go     what cannot be, and what nobody understands
//	receipt_steps.go        what is written down of the server around a statement, before its
//	                        commit; settlement.go: what became of its transaction
//	readonly.go             sessions that the server keeps from writing
//	refusal.go              the substitute and its error
//	appeal.go, fingerprint.go, facts.go
//	                        what operators let through all the same
//	server.go, outcome.go   a server's messages: what became of a statement
//	replies.go, registry.go which reply belongs to which request; prepared
//	                        statements and portals
//	login.go                SCRAM's channel binding through a relay; the key for a
//	                        CancelRequest
package guard
