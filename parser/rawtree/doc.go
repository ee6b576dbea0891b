// Package rawtree parses SQL with PostgreSQL's own grammar and returns the tree in
// pg_query's types, in a fraction of the time.
//
// It is pg_query.Parse without the bytes in between. That one has libpg_query's C code
// serialise the tree to protobuf and Go read it back, which costs several times what
// the grammar itself does. Here the C structures are read where they lie:
//
//	text ──▶ raw parser (C) ──▶ structures in a memory context ──▶ decode ──▶ *pg_query.ParseResult
//
// Where each field lies is in decode.gen.go. gen writes it, from the headers of the
// libpg_query that go.mod names; a test holds the two together. Run go generate after
// every update of pg_query_go.
//
// Children walks a tree, likewise without protobuf's reflection (children.gen.go).
//
// The layout is that of LP64 Linux, amd64 and arm64. Elsewhere Parse is pg_query.Parse.
package rawtree

//go:generate go run ./gen
