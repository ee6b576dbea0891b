// Package parser says what SQL text does to a database, from the text alone.
//
// Summarize turns a query string into a Summary: for every statement the acts
// (an Effect on a Relation, with the Breadth of its predicate), the functions it
// calls and the prepared statements it names. A policy judges acts; it never
// looks at SQL.
//
// How a text is judged, from the outside in:
//
//   - Prefilter answers "can this text have one of these effects at all?" from
//     its bytes, without parsing. It may say no only where no reading of the bytes
//     has such an effect.
//   - Cache keeps summaries by exact text, and by the text without its literals
//     where no literal was looked at.
//   - Summarize parses with PostgreSQL's own grammar (pg_query, version 17) and
//     visits every node of the tree. A statement type that it does not know is an
//     Unknown act, and what is inside is visited nevertheless.
//   - Text is expected in UTF-8; ToUTF8 makes it so. Other bytes are taken for letters.
//   - What PostgreSQL 18 added to the grammar is told by its tokens and said in older
//     words (newer.go); Summary.Newer names it.
//   - What the grammar does not accept even so is judged from its tokens, with a lexer
//     that follows PostgreSQL's scan.l. Such text always has an Unknown act.
//
// # Breadth
//
// The breadth of a predicate is decided from its form, never from data:
//
//   - Constants are folded: a predicate that is always true, or that mentions no
//     column of the table, is a Tautology; one that is never true is Bounded, for
//     it reaches no row.
//   - AND is as narrow as its narrowest arm, OR as wide as its widest.
//   - Equality with a value that does not come from the row is Bounded; one limit,
//     <> and IS NOT NULL are OpenRange, with a parameter too.
//   - Two limits of one column are as Bounded as they are close (span.go): 1 and 9 are nine
//     values, the year 2000 and now are an OpenRange.
//   - What is Bounded by a list, a range or a LIMIT says of how many values. A policy
//     knows how many are too many.
//   - A join is as narrow as what it joins: a table that nothing narrows makes it
//     UnknownBreadth, the table itself SameTable, a LIMIT or an equality Bounded. What
//     narrows one table narrows another if an equality ties them (conjunction.go).
//   - What cannot be measured (functions of a row, regular expressions, operators
//     of unknown meaning) is UnknownBreadth. So are booleans and IS NULL, which halve a
//     table at best.
//
// # Parameters
//
// Most parameters make no difference: what a column is set to or compared with. Where
// one does ($1 IS NULL OR id = $1, LIKE $1, LIMIT $1, = ANY ($1)) the Summary is that of
// the worst values and says so; Summary.With judges again with the values in the
// parameters' places, as if the client had written them into the text. A value that
// cannot be read decides nothing.
//
// Without a catalog an unqualified column inside a sub-select is taken for a column
// of the sub-select, although PostgreSQL would look further out if there were none.
//
// # What text cannot show
//
// Triggers, rules, cascades, views and functions that are in the database already are
// not in the tree; the acts name the door (Call, Function), not what is behind it.
//
// # Code inside a statement
//
// The bodies of DO and of functions are read as what they are, SQL or PL/pgSQL
// (body.go, plpgsql.go), and so are the texts that EXECUTE runs, as far as the text
// of the function determines them (dynamic.go); where it does not there is a Dynamic act.
// What a statement only defines (functions, rules, views, policies, defaults) has its
// acts with the trait Deferred.
package parser
