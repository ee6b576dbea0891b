// Package truth asks real servers whether the guard is right.
//
// # What destroys
//
// A script is destructive if, once it has run, something is lost that was there
// before it began and that its own session did not make:
//
//   - rows: a table has lost at least half of its rows.
//   - values: at least half of a table's rows are gone or overwritten, though not
//     as many are missing: an UPDATE of all rows, a change of type that forgets.
//   - columns: a table, view or composite type has lost a column.
//   - objects: a relation, type, routine, constraint, trigger, policy, role, publication,
//     replication slot or anything else that has a row in a catalog is gone, or a
//     partition or child has left its table. An index or a constraint that ALTER TYPE makes
//     anew under its old name is not lost.
//   - large objects: at least half of them are gone or overwritten.
//   - sequences: the next number is lower than it was. No rollback undoes it.
//   - settings: a setting of the server, of a role or of a database has changed: it
//     outlives the session and is everybody's.
//
// Everything else is benign: reading, inserting, changing or deleting few rows or large objects, making objects,
// replacing a definition, renaming, settings of the session, temporary tables of the
// session. Between a quarter and a half of them nothing is proven: no case
// may lie there. A lock ends with its transaction and destroys nothing; a benign case says
// whether it keeps readers from a table meanwhile.
//
// # The corpus
//
// The cases are in parser/testdata/truth, a folder a class: destructive, benign, and
// hidden: what destroys and what text cannot show. In a file, cases are parted by empty
// lines. "# " begins the reason, "! " what the server has to show: the ways of
// destruction above, and
//
//	from N, until N  the majors that know its grammar
//	outside          it cannot run in a transaction, or manages its own
//	exclusive        it keeps readers from a table
//	disputed         the built-in rules are known to decide otherwise
//
// The rest is a script in psql's notation: a statement ends at a semicolon, "\;" makes one query
// string of several, \bind gives parameters, COPY's data ends with "\.".
//
// Each case runs on each major through a guard in audit mode, in a transaction that is
// rolled back or in a copy of the database. Snapshots of everything in testdata/snapshot.sql
// prove the label; the guard must have wanted to refuse what is destructive and
// nothing else. Through a guard that refuses, nothing at all may be lost.
//
// # The sweep
//
// PostgreSQL's own regression suite, fetched by test/suites/fetch, runs statement by statement
// through the same guard, and after each statement the server is asked what it did.
// docs/differential.md is the result.
package truth
