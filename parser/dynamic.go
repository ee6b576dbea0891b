package parser

import (
	"slices"
	"strconv"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// maxTexts bounds what an expression can come out as, maxText how long each is.
const (
	maxTexts = 8
	maxText  = 16 << 10
)

// runTimeText finds out what text an expression gives when it runs: EXECUTE in
// PL/pgSQL, or the argument of a function that takes SQL.
type runTimeText struct {
	*walker
	routine *routine // nil outside PL/pgSQL
	// function is the one that runs its argument, which may be no SQL.
	function string
	// following are the variables whose values are being looked at.
	following []string
	searched  bool
}

// outcome is a text that an expression can give. Where a part of it is not known, the
// name AnyName stands there, or valueHole for one value; shown is false where
// that part can be anything at all.
type outcome struct {
	text  string
	shown bool
}

// valueHole is the place of one value. No text has this byte by itself.
const valueHole = "\x01"

var (
	anyText  = outcome{QuoteName(AnyName), false}
	anyName  = outcome{QuoteName(AnyName), true}
	anyValue = outcome{valueHole, true}
)

// execute judges what EXECUTE runs.
func (r *runTimeText) execute(expression string) {
	if !r.affords(expression) {
		r.object("nested too deep", Unknown)
		return
	}
	for _, o := range r.outcomesOf(expression) {
		if !o.shown && !r.searched { // the rest of its text stands elsewhere, or nowhere
			r.searched = true
			r.everyString()
		}
		r.run(o)
	}
}

// run judges one text that is run.
func (r *runTimeText) run(o outcome) {
	if !o.shown {
		r.object(r.function, Dynamic)
	}
	if o == anyText {
		return
	}
	// A value may stand for a parameter, or only for a literal.
	for _, value := range []string{"$1", "'?'"} {
		if r.parsed(strings.ReplaceAll(o.text, valueHole, value), &variables{}) {
			return
		}
	}
	r.guess(o.text, o.shown && r.function == "")
}

// everyString judges the strings of a function in which SQL may be put together.
func (r *runTimeText) everyString() {
	for _, p := range r.routine.pieces {
		l := lexer{sql: p.text}
		for t := l.next(); t.kind != endToken; t = l.next() {
			if t.kind == stringToken {
				r.someString(unquoted(p.text[t.start:t.end]))
			}
		}
	}
}

// someString judges a string that begins as a statement does.
func (r *runTimeText) someString(text string) {
	l := lexer{sql: text}
	word := wordOf(text, l.next())
	if l.next().kind == endToken || keywordEffects[word] == 0 && word != "with" && word != "select" {
		return
	}
	if !r.parsed(text, &variables{}) {
		r.guess(text, false)
	}
}

func (r *runTimeText) outcomesOf(expression string) []outcome {
	if nesting(expression) > maxNesting || !validText(expression) {
		return []outcome{anyText}
	}
	tree, _, err := parse("SELECT " + expression)
	if err != nil || len(tree.Stmts) != 1 {
		return []outcome{anyText}
	}
	if n := expressionOf(tree.Stmts[0].Stmt.GetSelectStmt()); n != nil {
		return r.outcomes(n)
	}
	return []outcome{anyText}
}

// outcomes returns every text that an expression can give.
func (r *runTimeText) outcomes(n *pg_query.Node) []outcome {
	switch {
	case n.GetAConst() != nil:
		return constantText(n.GetAConst())
	case n.GetTypeCast() != nil:
		return r.castText(n.GetTypeCast())
	case n.GetAExpr() != nil:
		if e := n.GetAExpr(); slices.Equal(parts(e.Name), []string{"||"}) && e.Lexpr != nil {
			return r.concatenation(e.Lexpr, e.Rexpr)
		}
	case n.GetFuncCall() != nil:
		return r.functionText(n.GetFuncCall())
	case n.GetColumnRef() != nil:
		if name := parts(n.GetColumnRef().Fields); len(name) == 1 {
			return r.variable(name[0])
		}
	case n.GetCoalesceExpr() != nil:
		return r.either(n.GetCoalesceExpr().Args)
	case n.GetCaseExpr() != nil:
		c := n.GetCaseExpr()
		var results []*pg_query.Node
		for _, when := range c.Args {
			results = append(results, when.GetCaseWhen().Result)
		}
		if c.Defresult != nil {
			results = append(results, c.Defresult)
		}
		return r.either(results)
	}
	return []outcome{anyText}
}

func constantText(c *pg_query.A_Const) []outcome {
	switch {
	case c.GetSval() != nil:
		return []outcome{{c.GetSval().Sval, true}}
	case c.GetIval() != nil:
		return []outcome{{strconv.Itoa(int(c.GetIval().Ival)), true}}
	case c.GetFval() != nil:
		return []outcome{{c.GetFval().Fval, true}}
	case c.GetBoolval() != nil:
		return []outcome{{strconv.FormatBool(c.GetBoolval().Boolval)[:1], true}}
	case c.Isnull:
		return []outcome{{"", true}}
	}
	return []outcome{anyText}
}

// castText knows the types whose texts are one name or one number whatever the value.
func (r *runTimeText) castText(c *pg_query.TypeCast) []outcome {
	inner := r.outcomes(c.Arg)
	if !slices.Contains(inner, anyText) {
		return inner
	}
	switch name := parts(c.TypeName.GetNames()); name[len(name)-1] {
	case "regclass", "regtype", "regproc", "regnamespace", "regrole":
		return []outcome{anyName}
	case "int2", "int4", "int8", "oid":
		return []outcome{anyValue}
	}
	return inner
}

func (r *runTimeText) either(nodes []*pg_query.Node) []outcome {
	var all []outcome
	for _, n := range nodes {
		all = append(all, r.outcomes(n)...)
	}
	return bounded(all)
}

func (r *runTimeText) concatenation(nodes ...*pg_query.Node) []outcome {
	all := []outcome{{"", true}}
	for _, n := range nodes {
		all = extend(all, r.outcomes(n))
	}
	return all
}

// bounded gives up on what is too much.
func bounded(all []outcome) []outcome {
	for _, o := range all {
		if len(o.text) > maxText {
			return []outcome{anyText}
		}
	}
	if len(all) > maxTexts {
		return []outcome{anyText}
	}
	return all
}

// variable returns what a variable of PL/pgSQL is assigned anywhere.
func (r *runTimeText) variable(name string) []outcome {
	if r.routine == nil || r.routine.otherwise[name] || len(r.routine.assigned[name]) == 0 ||
		slices.Contains(r.following, name) || len(r.following) >= maxTexts {
		return []outcome{anyText}
	}
	r.following = append(r.following, name)
	defer func() { r.following = r.following[:len(r.following)-1] }()
	var all []outcome
	for _, value := range r.routine.assigned[name] {
		if !r.affords(value) || len(all) > maxTexts {
			return []outcome{anyText}
		}
		all = append(all, r.outcomesOf(value)...)
	}
	return bounded(all)
}

// functionText knows the functions with which SQL is put together safely.
// https://www.postgresql.org/docs/current/functions-string.html
func (r *runTimeText) functionText(f *pg_query.FuncCall) []outcome {
	switch name := relationNamed(parts(f.Funcname)); {
	case name.Schema != "" && name.Schema != "pg_catalog" || len(f.Args) == 0 || f.FuncVariadic:
	case name.Name == "quote_ident" && len(f.Args) == 1:
		return r.quoted(f.Args[0], QuoteName, anyName)
	case (name.Name == "quote_literal" || name.Name == "quote_nullable") && len(f.Args) == 1:
		return r.quoted(f.Args[0], QuoteLiteral, anyValue)
	case name.Name == "concat":
		return r.concatenation(f.Args...)
	case name.Name == "format":
		return r.format(f.Args[0], f.Args[1:])
	}
	return []outcome{anyText}
}

// quoted returns an argument in quotes; one that is not known is as safe in them.
func (r *runTimeText) quoted(n *pg_query.Node, quote func(string) string, unknown outcome) []outcome {
	inner := slices.Clone(r.outcomes(n))
	for i, o := range inner {
		if !o.shown || strings.Contains(o.text, valueHole) || o == anyName {
			return []outcome{unknown}
		}
		inner[i].text = quote(o.text)
	}
	return inner
}

// QuoteName returns a name as SQL has it, whatever characters it has.
func QuoteName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// QuoteLiteral returns a string as SQL has it, under any standard_conforming_strings.
func QuoteLiteral(text string) string {
	if strings.Contains(text, `\`) {
		return "E'" + strings.NewReplacer(`'`, `''`, `\`, `\\`).Replace(text) + "'"
	}
	return "'" + strings.ReplaceAll(text, "'", "''") + "'"
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
