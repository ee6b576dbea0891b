package parser

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// maxBodies bounds bodies inside bodies: EXECUTE 'DO ...'.
const maxBodies = 4

// does judges DO: what the static SQL of its body does counts as if it stood alone,
// and so do the strings of a body that has EXECUTE, in which SQL is put together.
// Of a language other than PL/pgSQL nothing is known.
func (w *walker) does(n *pg_query.DoStmt) {
	w.kind("DO")
	w.literalDependent = true
	w.act(Act{Effect: Do})
	language, body := "plpgsql", ""
	for _, arg := range n.Args {
		switch d := arg.GetDefElem(); d.GetDefname() {
		case "as":
			body = d.GetArg().GetString_().GetSval()
		case "language":
			language = d.GetArg().GetString_().GetSval()
		}
	}
	if language != "plpgsql" {
		w.act(Act{Effect: Unknown, Object: language})
		return
	}
	w.body(body, 1)
}

// body judges PL/pgSQL. It is read from its tokens, statement by statement, each of
// which is then given to the grammar where it is SQL.
// https://www.postgresql.org/docs/current/plpgsql-statements.html
func (w *walker) body(text string, depth int) {
	dynamic := hasWord(text, "execute")
	l := lexer{sql: text}
	begins := true
	for t := l.next(); t.kind != endToken; t = l.next() {
		word := wordOf(text, t)
		switch {
		case t.kind == stringToken && dynamic:
			w.bodyString(text[t.start:t.end], depth)
		case begins && (keywordEffects[word] != 0 || word == "with") && word != "execute":
			end := statementEnd(text, t.end)
			w.embedded(text[t.start:end], depth)
			l.pos = end
			begins = true
			continue
		case word != "":
			w.bodyName(l, word)
		}
		begins = slices.Contains(beforeStatement, strings.ToLower(text[t.start:t.end]))
	}
}

// beforeStatement are the tokens of PL/pgSQL behind which an SQL statement can
// begin; a label ends with ">>".
var beforeStatement = []string{";", "begin", "then", "else", "loop", ">", "in", "query", "for", "is", "as", "("}

// bodyName records a known function that is called in an expression.
func (w *walker) bodyName(ahead lexer, word string) {
	var st Statement
	st.judgeName(ahead, word)
	w.take(&st)
}

// embedded judges one SQL statement of a body.
func (w *walker) embedded(sql string, depth int) {
	if depth < maxBodies {
		if s := read(sql, premise{}); s.Parsed {
			for i := range s.Statements {
				w.take(&s.Statements[i])
			}
			return
		}
	}
	st := judgeTokens(sql, "").Statements[0]
	st.drop(Unknown) // INTO and the like are no SQL, and yet understood
	w.take(&st)
}

// bodyString judges a string of which EXECUTE may make a statement.
func (w *walker) bodyString(literal string, depth int) {
	if depth >= maxBodies {
		w.act(Act{Effect: Unknown, Object: "nested too deep"})
		return
	}
	w.body(unquoted(literal), depth+1)
}

// take records what another statement does.
func (w *walker) take(st *Statement) {
	for _, a := range st.Acts {
		w.act(a)
	}
	if !w.planning {
		for _, f := range st.Functions {
			w.stmt.calls(f)
		}
	}
}

// statementEnd returns where the statement that has begun ends: at the semicolon, or
// at the LOOP that goes through its rows.
func statementEnd(text string, from int) int {
	l := lexer{sql: text, pos: from}
	for t := l.next(); ; t = l.next() {
		if t.kind == endToken || text[t.start:t.end] == ";" || wordOf(text, t) == "loop" {
			return t.start
		}
	}
}

func hasWord(text, word string) bool {
	l := lexer{sql: text}
	for t := l.next(); t.kind != endToken; t = l.next() {
		if wordOf(text, t) == word {
			return true
		}
	}
	return false
}

// unquoted returns what is between the delimiters of a string; escapes stay.
func unquoted(literal string) string {
	if strings.HasPrefix(literal, "$") {
		tag := strings.IndexByte(literal[1:], '$') + 2
		return strings.TrimSuffix(literal[tag:], literal[:tag])
	}
	literal = strings.TrimSuffix(literal[strings.IndexByte(literal, '\'')+1:], "'")
	return strings.ReplaceAll(literal, "''", "'")
}
