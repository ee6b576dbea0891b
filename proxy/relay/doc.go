// Package relay moves the bytes of a session between its client and its server, as
// a guard.Guard judges them.
//
// Relay is the contract; Link is one session, as a Relay sees it. Pumps moves bytes
// with two goroutines a session. A driver has nothing to decide: it reads, asks the
// guard, carries out the operations, and waits.
package relay
