//go:build !(linux && (amd64 || arm64))

package rawtree

import pg_query "github.com/pganalyze/pg_query_go/v6"

// Parse returns the tree of a text, up to its first NUL byte. An error of the grammar
// is a *parser.Error with the position in Cursorpos. It writes the tree out by
// recursion on the C stack: who calls it bounds the depth of the text first.
func Parse(sql string) (*pg_query.ParseResult, error) { return pg_query.Parse(sql) }
