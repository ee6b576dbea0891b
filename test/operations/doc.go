// Package operations proves what an operator relies on: the real program between
// real clients and real servers, one promise a test.
//
// Refusals keep the server's transaction semantics on every major; sessions are let
// in or kept out by where they come from; TLS, channel binding, sockets and PROXY
// headers combine as they must; cancel, reload and shutdown behave under load;
// audit log, metrics and the commands tell the same story.
//
// One machine plays several environments: every address of 127.0.0.0/8 is its own,
// so that a client chooses where it comes from by the address that it binds
// (stage_test.go). What goes over the wire is compared as a line of text, a word
// or two a message (conversation_test.go).
package operations
