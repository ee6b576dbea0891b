// Package breakglass keeps what operators let through although the policy refuses it.
//
//	session ──Refused──▶ refusals ──Allow──▶ approvals ◀──Covers, Take── session
//
// A Book remembers refused statements for an hour, by the ids that their clients have
// read. An operator names such an id; what is approved is the statement behind it, by its
// fingerprint, for the same target, database and user from the same environment.
// Everything is in memory: a restart forgets it.
//
//	refusals.go      what was refused
//	book.go          what is let through
//	terms.go         what an operator may ask for
package breakglass
