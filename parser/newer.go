package parser

import (
	"slices"
	"strings"
)

// What PostgreSQL 18 added to the grammar (gram.y), said in the words of 17, which is
// what pg_query has. Nothing of it has an effect of its own, so what is left of a
// statement does what the whole does. Positions stay as they are: words are
// overwritten by spaces or by shorter words.

// maxRewritten bounds the tokens of a text that is said in older words.
const maxRewritten = 100_000

// rewriter overwrites tokens of a text.
type rewriter struct {
	sql    string
	tokens []token
	out    []byte
	found  []string // the constructs that were overwritten
}

// older returns the text without what is newer than pg_query's grammar, and the names of
// what it left out.
func older(sql string) (text string, constructs []string) {
	r := &rewriter{sql: sql, out: []byte(sql)}
	l := lexer{sql: sql}
	for t := l.next(); t.kind != endToken; t = l.next() {
		if r.tokens = append(r.tokens, t); len(r.tokens) > maxRewritten {
			return sql, nil
		}
	}
	first := 0 // token of the statement
	for i := range r.tokens {
		r.returning(i)
		switch {
		case r.is(i, ";"):
			first = i + 1
		case r.is(first, "create"), r.is(first, "alter"):
			r.definition(i)
		case r.is(first, "vacuum"), r.is(first, "analyze"), r.is(first, "analyse"):
			if r.is(i, "only") {
				r.blank("VACUUM ONLY", i, i+1)
			}
		}
	}
	return string(r.out), r.found
}

// is tells whether the tokens from the ith on are these words and symbols.
func (r *rewriter) is(i int, words ...string) bool {
	for n, w := range words {
		if i+n >= len(r.tokens) || i+n < 0 {
			return false
		}
		t := r.tokens[i+n]
		if t.kind != wordToken && t.kind != symbolToken || !strings.EqualFold(r.sql[t.start:t.end], w) {
			return false
		}
	}
	return true
}

// isName tells whether a token can be the name of a column, constraint or alias.
func (r *rewriter) isName(i int) bool {
	return i < len(r.tokens) && (r.tokens[i].kind == wordToken || r.tokens[i].kind == quotedToken)
}

// blank overwrites the tokens from i to before end.
func (r *rewriter) blank(construct string, i, end int) {
	r.replace(construct, i, end, "")
}

// replace overwrites the tokens from i to before end by a text that is no longer.
func (r *rewriter) replace(construct string, i, end int, text string) {
	if !slices.Contains(r.found, construct) {
		r.found = append(r.found, construct)
	}
	from, to := r.tokens[i].start, r.tokens[end-1].end
	copy(r.out[from:to], text+strings.Repeat(" ", to-from-len(text)))
}

// returning leaves out RETURNING WITH (OLD AS o, NEW AS n): returning_with_clause.
func (r *rewriter) returning(i int) {
	if !r.is(i, "returning", "with", "(") {
		return
	}
	end := i + 3
	for (r.is(end, "old", "as") || r.is(end, "new", "as")) && r.isName(end+2) {
		if end += 3; r.is(end, ",") {
			end++
		}
	}
	if r.is(end, ")") {
		r.blank("RETURNING WITH", i+1, end+1)
	}
}

// definition leaves out what CREATE and ALTER may say of constraints and columns.
func (r *rewriter) definition(i int) {
	switch {
	case r.is(i, "without", "overlaps", ")"):
		r.blank("WITHOUT OVERLAPS", i, i+2)
	case r.is(i, "period") && r.is(i-1, ",") && r.isName(i+1) && r.is(i+2, ")"):
		r.blank("PERIOD", i, i+1)
	case r.is(i, "enforced"):
		from := i
		if r.is(i-1, "not") {
			from--
		}
		r.blank("ENFORCED", from, i+1)
	case r.is(i, "large", "objects") && r.is(i-1, "on"):
		r.replace("ON LARGE OBJECTS", i, i+2, "TABLES")
	case r.is(i, "alter", "constraint") && r.isName(i+2):
		if r.is(i+3, "inherit") {
			r.blank("ALTER CONSTRAINT INHERIT", i+3, i+4)
		} else if r.is(i+3, "no", "inherit") {
			r.blank("ALTER CONSTRAINT INHERIT", i+3, i+5)
		}
	case r.is(i, "generated", "always", "as", "("):
		r.virtual(i)
	case r.is(i, "not", "null") && r.isName(i+2) && r.opensElement(i):
		r.notNull(i)
	}
}

// virtual makes a generated column that is not stored one with a default, which may say
// the same.
func (r *rewriter) virtual(i int) {
	end, depth := i+4, 1
	for ; end < len(r.tokens) && depth > 0; end++ {
		switch {
		case r.is(end, "("):
			depth++
		case r.is(end, ")"):
			depth--
		}
	}
	switch {
	case r.is(end, "stored"):
		return
	case r.is(end, "virtual"):
		r.blank("VIRTUAL", end, end+1)
	}
	r.replace("VIRTUAL", i, i+3, "DEFAULT")
}

// opensElement tells whether a token, or the CONSTRAINT name in front of it, begins an
// element of a table or what is added to one.
func (r *rewriter) opensElement(i int) bool {
	if i >= 2 && r.is(i-2, "constraint") && r.isName(i-1) {
		i -= 2
	}
	return r.is(i-1, ",") || r.is(i-1, "(") || r.is(i-1, "add")
}

// notNull makes the constraint NOT NULL x one that 17 has: UNIQUE(x) is no longer.
func (r *rewriter) notNull(i int) {
	name := r.tokens[i+2]
	r.replace("NOT NULL", i, i+3, "UNIQUE("+r.sql[name.start:name.end]+")")
	for end := i + 3; ; end += 2 {
		if !r.is(end, "no", "inherit") && !r.is(end, "not", "valid") {
			return
		}
		r.blank("NOT NULL", end, end+2)
	}
}
