// Package functions proves on real servers that the parser's table of functions with
// side effects is complete: every volatile function of PostgreSQL 14 to 18, and of the
// extensions that come with it, is in that table or in harmless.txt. A function that a
// new major brings is in neither, and fails the test until somebody has looked at it.
package functions
