// Package catalog is what is known of a database's tables: their keys, how many rows
// they have, and which rows go when others do.
//
// It is plain data. Package load reads it from a server, and a policy looks things up in
// it: with a key, an equality is one row; with the foreign keys, TRUNCATE ... CASCADE names every
// table that it empties. A Catalog is as old as its Read says. What it does not know is
// judged as if there were none, and nothing relies on it to be refused that the
// text alone has refused before.
package catalog
