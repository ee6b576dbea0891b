package parser

import (
	"slices"
	"strings"
)

// pieceKind says what a piece of PL/pgSQL is.
type pieceKind uint8

const (
	sqlPiece     pieceKind = iota // a statement
	valuePiece                    // what can stand behind SELECT
	dynamicPiece                  // a value that EXECUTE runs
)

// piece is a part of a PL/pgSQL function that is SQL.
type piece struct {
	kind pieceKind
	text string
}

// routine is what a PL/pgSQL function consists of.
type routine struct {
	pieces []piece
	// names are what a value can be called, or qualified, by: variables, cursors, labels.
	names map[string]bool
	// assigned has the values that variables are assigned. Those that get values in
	// another way are in otherwise.
	assigned  map[string][]string
	otherwise map[string]bool
	// columnsFirst is set by #variable_conflict use_column.
	columnsFirst bool
	// broken is set where the text ends inside a statement: it is no PL/pgSQL, or is
	// read wrongly.
	broken bool
}

// reader takes the source of a PL/pgSQL function apart from its tokens, statement by
// statement, and as pl_gram.y does: an expression is whatever stands in front of
// the keyword or semicolon that must follow it.
// https://www.postgresql.org/docs/current/plpgsql-statements.html
type reader struct {
	lex lexer
	routine
}

func readRoutine(text string) *routine {
	r := &reader{lex: lexer{sql: text}, routine: routine{
		names: make(map[string]bool), assigned: make(map[string][]string), otherwise: make(map[string]bool),
	}}
	for t := r.lex.next(); t.kind != endToken; t = r.lex.next() {
		r.statement(t)
	}
	return &r.routine
}

// statement reads what begins with t. What blocks, branches and loops contain is
// read as statements that follow.
func (r *reader) statement(t token) {
	if r.assignment(t) {
		return
	}
	switch r.spelling(t) {
	case ";", "begin", "else", "loop", "exception":
	case "#":
		r.option()
	case "<":
		r.skip("<")
		label, _ := r.until(">")
		r.skip(">")
		name, _ := identifier(label, (&lexer{sql: label}).next())
		r.names[name] = true
	case "declare":
		r.declarations()
	case "end":
		r.ends()
	case "null", "close":
		r.until(";")
	case "if", "elsif", "elseif", "when":
		r.value("then")
	case "while":
		r.value("loop")
	case "case":
		r.lex.pos = r.value("when").start
	case "for":
		r.forLoop()
	case "foreach":
		targets, _ := r.until("array")
		r.targets(targets)
		r.value("loop")
	case "exit", "continue":
		if _, stop := r.until("when", ";"); r.spelling(stop) == "when" {
			r.value(";")
		}
	case "return":
		r.returns()
	case "raise":
		r.raises()
	case "assert":
		r.value(";")
	case "execute":
		r.executes(";")
	case "perform":
		text, _ := r.until(";")
		r.add(sqlPiece, "SELECT "+text)
	case "get":
		text, _ := r.until(";")
		r.targets(text)
	case "fetch", "move":
		r.fetches()
	case "open":
		r.opens()
	default:
		r.sql(t)
	}
}

// ends reads what is behind END: the kind of block, and a label. The last END needs no
// semicolon.
func (r *reader) ends() {
	next := r.peek()
	for next.kind == wordToken || next.kind == quotedToken {
		r.lex.pos = next.end
		next = r.peek()
	}
	r.broken = r.broken || next.kind != endToken && r.spelling(next) != ";"
}

// spelling returns an unquoted word in lower case, or a symbol.
func (r *reader) spelling(t token) string {
	if t.kind == symbolToken {
		return r.lex.sql[t.start:t.end]
	}
	return wordOf(r.lex.sql, t)
}

// peek returns the next token and leaves it where it is.
func (r *reader) peek() token {
	ahead := r.lex
	return ahead.next()
}

// skip moves over the given word or symbol if it comes next, and returns what comes
// then, where it is.
func (r *reader) skip(word string) token {
	if t := r.peek(); r.spelling(t) == word {
		r.lex.pos = t.end
	}
	return r.peek()
}

// until returns the text in front of the first of the given words or symbols outside
// brackets, and moves behind it.
func (r *reader) until(stops ...string) (string, token) {
	start := r.lex.pos
	for depth := 0; ; {
		t := r.lex.next()
		word := r.spelling(t)
		if t.kind == endToken || depth <= 0 && slices.Contains(stops, word) {
			r.broken = r.broken || t.kind == endToken
			return r.lex.sql[start:t.start], t
		}
		switch word {
		case "(", "[":
			depth++
		case ")", "]":
			depth--
		}
	}
}

func (r *reader) add(kind pieceKind, text string) {
	if strings.TrimSpace(text) != "" {
		r.pieces = append(r.pieces, piece{kind, text})
	}
}

// value reads an expression up to one of the given words or symbols.
func (r *reader) value(stops ...string) token {
	text, stop := r.until(stops...)
	r.add(valuePiece, text)
	return stop
}

// targets notes the variables in a text that gives them values.
func (r *reader) targets(text string) {
	l := lexer{sql: text}
	for t := l.next(); t.kind != endToken; t = l.next() {
		if name, ok := identifier(text, t); ok {
			r.names[name], r.otherwise[name] = true, true
		}
	}
}

// assignment reads "variable := value;". The variable may be a field or an element.
func (r *reader) assignment(t token) bool {
	name, ok := identifier(r.lex.sql, t)
	if !ok && t.kind != paramToken {
		return false
	}
	saved := r.lex.pos
	next := r.lex.next()
	part := false
	for ; r.spelling(next) == "." || r.spelling(next) == "["; next = r.lex.next() {
		part = true
		r.part(next)
	}
	if r.spelling(next) == ":" {
		next = r.lex.next()
	}
	if r.spelling(next) != "=" {
		r.lex.pos = saved
		return false
	}
	text, _ := r.until(";")
	r.assign(name, text)
	r.otherwise[name] = r.otherwise[name] || part
	return true
}

// part reads the rest of ".field" or "[element]".
func (r *reader) part(opening token) {
	if r.spelling(opening) != "[" {
		r.name()
	} else if r.spelling(r.value("]", ";")) != "]" { // what stands behind it is anybody's guess
		r.broken = true
	}
}

// name moves over a name.
func (r *reader) name() {
	t := r.peek()
	if _, ok := identifier(r.lex.sql, t); ok || t.kind == paramToken {
		r.lex.pos = t.end
	} else {
		r.broken = true
	}
}

func (r *reader) assign(name, value string) {
	r.names[name] = true
	r.assigned[name] = append(r.assigned[name], value)
	r.add(valuePiece, value)
}

// option reads "#variable_conflict use_column" and its like, two words each.
func (r *reader) option() {
	r.lex.next()
	if r.spelling(r.lex.next()) == "use_column" {
		r.columnsFirst = true
	}
}

// declarations reads what stands between DECLARE and BEGIN.
func (r *reader) declarations() {
	for {
		t := r.lex.next()
		if t.kind == endToken {
			r.broken = true
			return
		}
		name, _ := identifier(r.lex.sql, t)
		if t.kind == wordToken && name == "begin" {
			return
		}
		if name != "declare" {
			r.names[name] = true
			r.declaration(name)
		}
	}
}

func (r *reader) declaration(name string) {
	_, stop := r.until(";", "default", "=", "cursor", "alias")
	switch r.spelling(stop) {
	case "default", "=":
		text, _ := r.until(";")
		r.assign(name, text)
	case "cursor":
		arguments, _ := r.until("for", "is")
		r.targets(arguments)
		text, _ := r.until(";")
		r.add(sqlPiece, text)
	case "alias": // two names of one variable: what either is assigned is not followed
		text, _ := r.until(";")
		r.targets(text + " " + name)
	}
}
