package parser

import "strings"

// The statements of PL/pgSQL that contain SQL in a form of their own.

// forLoop reads FOR up to LOOP: over integers, a query, a cursor or EXECUTE.
func (r *reader) forLoop() {
	targets, _ := r.until("in")
	r.targets(targets)
	r.skip("reverse")
	if next := r.peek(); r.spelling(next) == "execute" {
		r.lex.pos = next.end
		r.executes("loop")
		return
	}
	text, _ := r.until("loop")
	if lower, upper, integers := cutRange(text); integers {
		r.add(valuePiece, lower)
		upper, step := cutBy(upper)
		r.add(valuePiece, upper)
		r.add(valuePiece, step)
		return
	}
	if arguments, ok := r.cursor(text); ok {
		r.add(valuePiece, arguments)
		return
	}
	r.add(sqlPiece, text)
}

// cursor tells whether a text names a cursor, and returns its arguments in brackets.
func (r *reader) cursor(text string) (arguments string, ok bool) {
	l := lexer{sql: text}
	name, _ := identifier(text, l.next())
	arguments = strings.TrimSpace(text[l.pos:])
	return unnamed(arguments), r.names[name] && (arguments == "" || arguments[0] == '(')
}

// unnamed takes the names away in "(a := 1, b => 2)".
func unnamed(arguments string) string {
	var values strings.Builder
	l := lexer{sql: arguments}
	from, previous := 0, token{}
	for t := l.next(); t.kind != endToken; t = l.next() {
		if sign := arguments[t.start:min(t.start+2, len(arguments))]; sign == ":=" || sign == "=>" {
			values.WriteString(arguments[from:previous.start])
			l.pos = t.start + 2
			from = l.pos
		}
		previous = t
	}
	values.WriteString(arguments[from:])
	return values.String()
}

// cutRange parts "lower .. upper".
func cutRange(text string) (lower, upper string, found bool) {
	l := lexer{sql: text}
	for t := l.next(); t.kind != endToken; t = l.next() {
		if text[t.start:t.end] == "." && strings.HasPrefix(text[t.end:], ".") {
			return text[:t.start], text[t.end+1:], true
		}
	}
	return text, "", false
}

// cutBy parts "upper BY step".
func cutBy(text string) (upper, step string) {
	l := lexer{sql: text}
	for t := l.next(); t.kind != endToken; t = l.next() {
		if wordOf(text, t) == "by" {
			return text[:t.start], text[t.end:]
		}
	}
	return text, ""
}

// returns reads RETURN in its forms.
func (r *reader) returns() {
	next := r.peek()
	switch r.spelling(next) {
	case "next":
		r.lex.pos = next.end
	case "query":
		r.lex.pos = next.end
		if then := r.peek(); r.spelling(then) == "execute" {
			r.lex.pos = then.end
			r.executes(";")
			return
		}
		text, _ := r.until(";")
		r.add(sqlPiece, text)
		return
	}
	r.value(";")
}

// raises reads RAISE: what is printed behind the format, and the options.
func (r *reader) raises() {
	_, stop := r.until(",", "using", ";")
	if r.spelling(stop) == "," {
		stop = r.value("using", ";")
	}
	if r.spelling(stop) == "using" {
		r.value(";") // "option = value, ..." are comparisons to the parser
	}
}

// executes reads what stands behind EXECUTE. INTO and USING may come in either order.
func (r *reader) executes(end string) {
	text, stop := r.until("into", "using", end)
	r.add(dynamicPiece, text)
	for stop.kind != endToken && r.spelling(stop) != end {
		into := r.spelling(stop) == "into"
		text, stop = r.until("into", "using", end)
		if into {
			r.targets(text)
		} else {
			r.add(valuePiece, text)
		}
	}
}

// opens reads OPEN of a cursor: with a query, with EXECUTE, or with arguments.
func (r *reader) opens() {
	text, stop := r.until("for", ";")
	if r.spelling(stop) != "for" {
		arguments, _ := r.cursor(text)
		r.add(valuePiece, arguments)
		return
	}
	if next := r.peek(); r.spelling(next) == "execute" {
		r.lex.pos = next.end
		r.executes(";")
		return
	}
	text, _ = r.until(";")
	r.add(sqlPiece, text)
}

// fetches reads FETCH and MOVE; in front of FROM is a direction, which may be computed.
func (r *reader) fetches() {
	text, stop := r.until("from", "in", "into", ";")
	if word := r.spelling(stop); word == "from" || word == "in" {
		direction := lexer{sql: text}
		direction.next()
		r.add(valuePiece, text[direction.pos:])
		_, stop = r.until("into", ";")
	}
	if r.spelling(stop) == "into" {
		text, _ = r.until(";")
		r.targets(text)
	}
}

// sql reads an SQL statement, without the INTO that PL/pgSQL takes out of it
// (make_execsql_stmt in pl_gram.y).
func (r *reader) sql(first token) {
	var text strings.Builder
	from, depth, atomic := first.start, 0, 0
	previous := ""
	for t := first; t.kind != endToken; t = r.lex.next() {
		word := r.spelling(t)
		switch {
		case word == ";" && depth <= 0 && atomic <= 0:
			text.WriteString(r.lex.sql[from:t.start])
			r.finish(first, text.String())
			return
		case word == "into" && previous != "insert" && previous != "merge" && r.spelling(first) != "import":
			text.WriteString(r.lex.sql[from:t.start])
			r.into()
			from = r.lex.pos
		case word == "(", word == "[":
			depth++
		case word == ")", word == "]":
			depth--
		case r.spelling(first) == "create" && (word == "begin" || word == "case"): // BEGIN ATOMIC
			atomic++
		case r.spelling(first) == "create" && word == "end":
			atomic--
		}
		previous = word
	}
	text.WriteString(r.lex.sql[from:])
	r.finish(first, text.String())
}

func (r *reader) finish(first token, text string) {
	if r.spelling(first) == "call" { // may give its arguments values
		r.targets(text)
	}
	r.add(sqlPiece, text)
}

// into moves over the targets of INTO.
func (r *reader) into() {
	r.skip("strict")
	start := r.lex.pos
	for {
		r.name()
		for next := r.spelling(r.peek()); next == "." || next == "["; next = r.spelling(r.peek()) {
			r.part(r.lex.next())
		}
		if r.spelling(r.peek()) != "," {
			break
		}
		r.skip(",")
	}
	r.targets(r.lex.sql[start:r.lex.pos])
}
