// Package epoll is the relay.Relay of an event loop for Linux.
//
// A loop is one goroutine that owns both sockets of every
// session that was given to it. Nothing of a session is touched by anybody else, so
// there is no lock on the path of a message. What other goroutines want of a loop
// (a new session, the end of one, a record that is on disk) they put into its inbox
// and wake it.
//
//	wait      poll.go      epoll_wait: for a while hidden from Go's scheduler, then as a
//	                       blocking call
//	readable  session.go   read into the loop's one 128 KiB buffer, behind what was held
//	take in   intake.go    with io_uring: sockets of which little is expected share the buffer,
//	                       and one call reads them all
//	judge     session.go   ask the guard; what it does not consume is held by the session
//	carry out carry.go     write what it passes, in one call
//	flush     outbox.go    with io_uring: small writes wait for the end of the turn, and one
//	                       call does them all
//	writable  end.go       what the kernel did not take is kept, and the other side is not
//	                       read until it is gone
//
// A socket that has been streaming is read at intervals (stream.go).
//
// An idle session holds no buffer. A session whose refusal has to reach the disk
// first waits for it without holding up the others (suspend in carry.go).
//
// Go's own poller knows nothing of these sockets: they are duplicated out of it when
// a session arrives (detach in relay.go). TLS runs inside the loop too (secure.go).
package epoll
