// Package policy decides: whether a client may open a session on a target, and
// whether a statement may reach the server. It is the only package that knows
// the configuration file.
//
// The way of a policy is from text to decisions, and each step has its type:
//
//	file --Load--> Policy --Ruleset(target, client)--> Ruleset --Decide(summary)--> Decision
//	                  |
//	                  +--Identify(facts)--> identity.Match
//	                  +--Admit(target, client)--> Admission
//
// A Policy is complete and immutable: Load has read every file that it names
// and found nothing wrong, or it returned Errors with the place of everything that
// is. A reload makes a new Policy.
//
// Rules are read in order and the first that matches decides. Those of sources
// give a client its environment. Those of sessions let it in or not; where none
// matches, its environment must be the target's. Those of statements judge
// each act, one effect on one object; the built-in ones follow, and an
// act that no rule is about is allowed. A rule that only records, or that refuses
// in audit mode, is noted and passed over: trying a rule out never changes what
// is enforced.
//
// Most conditions of a statement rule are known as soon as a session is, so
// a Ruleset holds only the rules that are left, and Decide costs a few
// comparisons an act and allocates nothing unless it has something to say.
// Ruleset.Interest tells which texts need to be understood at all.
//
// A rule may make its exception only so often. Decide knows no counts: it names what
// the decision claims, and Settle asks for it when the statement executes. Allowances
// holds the counts; it is the one thing here that changes, and outlives every Policy.
//
// What a policy has to decide can be written down beside it: LoadTests reads that
// file, and package proxy/rehearsal plays it.
//
// Names are compared as PostgreSQL has them after folding. A name without a schema
// can mean several objects; rules that refuse then take the possibility for the
// fact, and rules that allow do not.
//
// The keys of the file are declared once, in the files named grammar; the
// decoder, the JSON schema and the messages all come from there.
package policy
