package parser

import (
	"strings"
	"unicode/utf8"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// SQL in SQL: the bodies of DO and of functions, and the texts that EXECUTE and some
// functions run.
const (
	maxBodies = 4       // bodies inside bodies
	maxInside = 4 << 20 // bytes that are parsed inside the bodies of one statement
	perText   = 100     // what a text costs beside its length, in bytes of text
)

// does judges DO, whose body does at once what it says.
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
	w.code(language, body, map[string]bool{})
}

// createsFunction judges CREATE FUNCTION and PROCEDURE: what the body says happens
// when it is called. Of a language other than SQL and PL/pgSQL nothing is known.
// SET clauses hold inside the function only.
func (w *walker) createsFunction(n *pg_query.CreateFunctionStmt) {
	w.kind("CREATE FUNCTION")
	if n.IsProcedure {
		w.stmt.Kind = "CREATE PROCEDURE"
	}
	w.literalDependent = true
	name := parts(n.Funcname)
	w.object(strings.Join(name, "."), Create)
	w.later(func() {
		w.nodes(n.Parameters)
		names := parametersOf(n)
		for _, o := range n.Options {
			if d := o.GetDefElem(); d.GetDefname() == "as" && n.SqlBody == nil {
				text := strings.Join(parts(d.GetArg().GetList().GetItems()), "\n")
				if language := languageOf(n); language == "internal" {
					w.internal(text, name[len(name)-1])
				} else {
					w.code(language, text, names)
				}
			}
		}
		if n.SqlBody != nil {
			v := variables{names, true}
			v.settle(n.SqlBody)
			w.node(n.SqlBody)
		}
	})
}

// internal judges a function that is one of the server's own under another name: the
// body is the name in C, or empty where that is the new name (interpret_AS_clause in
// functioncmds.c).
func (w *walker) internal(symbol, name string) {
	if symbol == "" {
		symbol = name
	}
	if known := functionBehind(symbol); known != "" {
		w.called(Relation{Schema: "pg_catalog", Name: known})
	}
}

func languageOf(n *pg_query.CreateFunctionStmt) string {
	for _, o := range n.Options {
		if d := o.GetDefElem(); d.GetDefname() == "language" {
			return d.GetArg().GetString_().GetSval()
		}
	}
	return "no language"
}

// parametersOf returns the names that mean a parameter, or qualify one.
func parametersOf(n *pg_query.CreateFunctionStmt) map[string]bool {
	names := make(map[string]bool)
	for _, p := range n.Parameters {
		if name := p.GetFunctionParameter().GetName(); name != "" {
			names[name] = true
		}
	}
	if name := parts(n.Funcname); len(name) > 0 {
		names[name[len(name)-1]] = true
	}
	return names
}

// later records what is visited as something that happens when what the statement
// defines is used.
func (w *walker) later(visit func()) {
	saved := w.deferred
	w.deferred = true
	visit()
	w.deferred = saved
}

// code judges the body of a function with parameters of the given names.
func (w *walker) code(language, text string, names map[string]bool) {
	if w.premise.NonConforming && strings.IndexByte(text, '\\') >= 0 {
		w.object("a backslash in a body, with standard_conforming_strings off", Unknown)
	}
	switch language {
	case "sql":
		w.inside(text, &variables{names, true})
	case "plpgsql":
		w.plpgsql(text, names)
	default:
		w.object("code in "+language, Unknown)
	}
}

// plpgsql judges a body in PL/pgSQL.
func (w *walker) plpgsql(text string, names map[string]bool) {
	code := readRoutine(text)
	if code.broken {
		w.object("a body that ends inside a statement", Unknown)
	}
	for _, n := range triggerRows {
		code.names[n] = true
	}
	for n := range names {
		code.names[n], code.otherwise[n] = true, true
	}
	v := &variables{code.names, code.columnsFirst}
	texts := &runTimeText{walker: w, routine: code}
	for _, p := range code.pieces {
		switch p.kind {
		case sqlPiece:
			w.inside(p.text, v)
		case valuePiece:
			if !isSimple(p.text) {
				w.inside("SELECT "+p.text, v)
			}
		case dynamicPiece:
			texts.execute(p.text)
		}
	}
}

// isSimple tells whether a value neither calls anything nor looks at a table.
func isSimple(value string) bool {
	return !strings.ContainsAny(value, "(.") && !strings.Contains(strings.ToLower(value), "from")
}

// inside judges a text of SQL as if it stood alone. Where the grammar does not accept
// it, its tokens tell.
func (w *walker) inside(sql string, v *variables) {
	if !w.parsed(sql, v) {
		w.guess(sql, true)
	}
}

// parsed judges a text, unless the grammar does not accept it.
func (w *walker) parsed(sql string, v *variables) bool {
	if !w.affords(sql) {
		w.object("nested too deep", Unknown)
		return true
	}
	if strings.IndexByte(sql, 0) >= 0 || !utf8.ValidString(sql) || nesting(sql) > maxNesting {
		return false
	}
	tree, _, err := parse(sql)
	if err != nil {
		return false
	}
	for _, raw := range tree.Stmts {
		v.settle(raw.Stmt)
		inner := &walker{premise: w.premise, level: w.level + 1, left: w.left}
		inner.node(raw.Stmt)
		w.take(&inner.stmt)
	}
	return true
}

// affords tells whether one more text may be parsed.
func (w *walker) affords(sql string) bool {
	if w.left == nil {
		w.left = new(int)
		*w.left = maxInside
	}
	*w.left -= len(sql) + perText
	return w.level < maxBodies && *w.left >= 0
}

// guess judges a text by its tokens. Unknown counts only where all of it is SQL.
func (w *walker) guess(sql string, all bool) {
	guessed := judgeTokens(sql, "")
	for i := range guessed.Statements {
		st := &guessed.Statements[i]
		if !all {
			st.drop(Unknown)
		}
		w.take(st)
	}
}

// take records what another statement does.
func (w *walker) take(st *Statement) {
	for _, a := range st.Acts {
		a.Traits |= TraitsOf(Inside)
		w.act(a)
	}
	if !w.planning {
		for _, f := range st.Functions {
			w.stmt.calls(f)
		}
	}
}
