package parser

import (
	"slices"
	"strings"
	"unicode/utf8"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"github.com/pgcordon/pgcordon/parser/rawtree"
)

// Options are the facts of a session that change what a text means.
type Options struct {
	// NonConforming is standard_conforming_strings = off: a backslash escapes in
	// '...'. A text with a backslash is then judged in both readings.
	NonConforming bool
	// Replication is true on a walsender connection, whose commands count.
	Replication bool
}

// Summarize says what a query string does. It never returns nil. Where that depends on
// the values of parameters, it says what those do that do most.
func Summarize(sql string, o Options) *Summary { return summarize(sql, premise{Options: o}) }

// premise is what a text is read on: the settings, and the values of its
// parameters, nil where they are not known.
type premise struct {
	Options
	values []Value
}

func summarize(sql string, o premise) *Summary {
	defer takeTurn(len(sql))()
	s := read(sql, o)
	if o.NonConforming && strings.IndexByte(sql, '\\') >= 0 {
		s = worseOf(s, readEscaped(sql, o))
	}
	s.keep(sql, o)
	for i := range s.Statements {
		for _, a := range s.Statements[i].Acts {
			s.Effects = s.Effects.With(a.Effect)
		}
	}
	return s
}

// read judges a text whose plain strings have no escapes.
func read(sql string, o premise) *Summary {
	if strings.IndexByte(sql, 0) >= 0 {
		return judgeTokens(sql, "a NUL byte")
	}
	if !utf8.ValidString(sql) {
		text, inserted := fromLatin1(sql)
		s := read(text, o)
		s.shift(inserted)
		return s
	}
	if o.Replication && isReplicationCommand(sql) {
		return replicationCommand(sql)
	}
	if nesting(sql) > maxNesting {
		return judgeTokens(sql, "nested too deep")
	}
	tree, newer, err := parse(sql)
	if err != nil {
		return judgeTokens(sql, complaint(err))
	}
	s := &Summary{Parsed: true, Newer: newer}
	for _, raw := range tree.Stmts {
		s.add(sql, raw, o)
	}
	return s
}

// parse returns the tree of a text. pg_query stumbles over a comment between two
// words that its grammar takes together (NOT /**/ LIKE), which PostgreSQL does not,
// so what it rejects is tried without comments; then without what PostgreSQL 18 added,
// whose names it returns.
func parse(sql string) (tree *pg_query.ParseResult, newer []string, err error) {
	if tree, err = rawtree.Parse(sql); err == nil {
		return tree, nil, nil
	}
	plain := blankComments(sql)
	if plain != sql {
		if tree, plainErr := rawtree.Parse(plain); plainErr == nil {
			return tree, nil, nil
		}
	}
	if text, newer := older(plain); newer != nil {
		if tree, olderErr := rawtree.Parse(text); olderErr == nil {
			return tree, newer, nil
		}
	}
	return nil, nil, err
}

// blankComments replaces comments by as many spaces, so that positions hold. What is
// between the pieces of a string stays, for there a line end matters.
func blankComments(sql string) string {
	var out strings.Builder
	l := lexer{sql: sql}
	end := 0
	for {
		t := l.next()
		if l.commentsOpen {
			return sql
		}
		gap := sql[end:t.start]
		if strings.TrimLeft(gap, " \t\r\n\f\v") != "" {
			gap = strings.Repeat(" ", len(gap))
		}
		out.WriteString(gap)
		out.WriteString(sql[t.start:t.end])
		if end = t.end; t.kind == endToken {
			return out.String()
		}
	}
}

// add judges one statement of a parsed text.
func (s *Summary) add(sql string, raw *pg_query.RawStmt, o premise) {
	start, end := int(raw.StmtLocation), int(raw.StmtLocation+raw.StmtLen)
	if raw.StmtLen == 0 { // the last statement, up to the end of the text
		end = len(sql)
	}
	// pg_query's positions are of the text that it was given, but stay inside
	// whatever happens: a wrong offset must not end the process.
	start = min(max(start, 0), len(sql))
	end = min(max(end, start), len(sql))
	text := sql[start:end]
	start += len(text) - len(strings.TrimLeft(text, " \t\r\n\f\v"))
	w := &walker{stmt: Statement{Start: start, End: end}, premise: o}
	w.bind(raw.Stmt)
	w.node(raw.Stmt)
	w.widen(raw.Stmt)
	w.stmt.Boundary, w.stmt.Chains = boundaryOf(raw.Stmt)
	w.stmt.Counted = w.changes == 1 && isChange(raw.Stmt)
	s.Statements = append(s.Statements, w.stmt)
	s.literalDependent = s.literalDependent || w.literalDependent
	s.Parametric = s.Parametric || w.parametric
}

// worseOf unites two readings of one text. A reading that the grammar rejects ends
// in a syntax error on the server; what its tokens say counts nevertheless, but
// that it is not understood does not, as long as the other reading is.
func worseOf(a, b *Summary) *Summary {
	if a.Parsed && b.Parsed && sameActs(a, b) {
		return a
	}
	if !a.Parsed && b.Parsed {
		a, b = b, a
	}
	if a.Parsed && !b.Parsed {
		for i := range b.Statements {
			b.Statements[i].drop(Unknown)
		}
	}
	a.Statements = append(a.Statements, b.Statements...)
	a.Parametric = a.Parametric || b.Parametric
	a.literalDependent = true
	return a
}

func sameActs(a, b *Summary) bool {
	if len(a.Statements) != len(b.Statements) {
		return false
	}
	for i := range a.Statements {
		if !slices.Equal(a.Statements[i].Acts, b.Statements[i].Acts) ||
			!slices.Equal(a.Statements[i].Functions, b.Statements[i].Functions) {
			return false
		}
	}
	return true
}
