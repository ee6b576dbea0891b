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
// The files, in the order of a message's way: guard.go and ops.go (the two entry
// points), client.go, judge.go, refusal.go, replies.go (which reply belongs to
// which request), registry.go (prepared statements and portals), server.go.
package guard
