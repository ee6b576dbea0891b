// Package load reads a catalog.Catalog from a server, again and again.
//
// Everything that it asks for is in system catalogs that every role may read, so the role
// needs no privilege but to connect. It reads in one read-only transaction, so that
// the parts fit together.
package load
