package parser

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// call records a function call.
func (w *walker) call(f *pg_query.FuncCall) {
	name := relationNamed(parts(f.Funcname))
	if isSyntax(f, name) {
		return
	}
	effects := functionEffects(name.Schema, name.Name)
	switch {
	case effects.Has(Settings):
		w.stmt.calls(strings.ToLower(name.String()))
		w.setConfig(f, name)
	default:
		w.called(name)
	}
}

// called records a function by its name, as one that is called.
func (w *walker) called(name Relation) {
	w.stmt.calls(strings.ToLower(name.String()))
	w.object(name.String(), functionEffects(name.Schema, name.Name).List()...)
}

// isSyntax tells whether gram.y made the call of other syntax: EXTRACT, AT TIME ZONE,
// LIKE ... ESCAPE. The name is not in the text then.
func isSyntax(f *pg_query.FuncCall, name Relation) bool {
	return f.Funcformat == pg_query.CoercionForm_COERCE_SQL_SYNTAX ||
		name.Schema == "pg_catalog" && (name.Name == "like_escape" || name.Name == "similar_to_escape")
}

// setConfig records set_config(name, ...), which is SET in disguise. A name that is
// not a literal may be any.
func (w *walker) setConfig(f *pg_query.FuncCall, name Relation) {
	w.object(name.String(), Function)
	setting := ""
	if len(f.Args) > 0 {
		setting, _ = w.stringLiteral(f.Args[0])
	}
	w.setting(setting)
	if setting == "" {
		w.object("", Role)
	}
}

// attribute records functions in attribute notation: for a function f of one
// argument PostgreSQL takes x.f and (x).f for f(x) where x has no column f
// (ParseFuncOrColumn in parse_func.c), whatever the type of x. Only the functions
// of the table are recorded: any other name is nearly always a column.
func (w *walker) attribute(fields []*pg_query.Node) {
	for _, name := range parts(fields) {
		if effects := functionEffects("", name); effects != 0 {
			w.stmt.calls(name)
			w.object(name, effects.List()...)
		}
	}
}

// setting records a change of a setting; its name is empty where it is not known.
func (w *walker) setting(name string) {
	name = strings.ToLower(name)
	w.object(name, Settings)
	if name == "role" || name == "session_authorization" {
		w.object("", Role)
	}
}
