// Package wire frames PostgreSQL's frontend/backend protocol over byte slices.
//
// It knows where a message begins and ends and how to read the few fields that
// a guard needs, and it can write the handful of messages that a guard sends.
// It performs no I/O, keeps no state and depends on the standard library only.
//
// Every function that returns a []byte returns a part of its argument: it is
// valid for as long as the argument is, and must be copied to be kept.
//
// The rules follow the chapter "Frontend/Backend Protocol" of PostgreSQL's
// documentation and src/backend/tcop/postgres.c (SocketBackend).
package wire
