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
	w.stmt.calls(strings.ToLower(name.String()))
	g := functionNamed(name.Schema, name.Name)
	switch {
	case g.arguments != 0 && g.arguments != len(f.Args):
	case g.effects.Has(Settings):
		w.setConfig(f, name)
	case g.effects.Has(Dynamic):
		w.runsText(f, g, name.String())
	default:
		w.acts(g.acts(name.String(), areGiven(f.Args)))
	}
}

func (w *walker) acts(acts []Act) {
	for _, a := range acts {
		w.act(a)
	}
}

// runsText records a function that runs its arguments as SQL. Which of them are SQL
// differs: a name, a connection string or an option is none by its form.
func (w *walker) runsText(f *pg_query.FuncCall, g functionGroup, name string) {
	w.literalDependent = true
	g.effects &^= SetOf(Dynamic)
	w.acts(g.acts(name, false))
	text := &runTimeText{walker: w, function: name}
	for _, arg := range f.Args {
		for _, o := range text.outcomes(passed(arg)) {
			text.run(o)
		}
	}
}

// passed returns what is passed, without the name that it is passed by.
func passed(n *pg_query.Node) *pg_query.Node {
	if named := n.GetNamedArgExpr(); named != nil {
		return named.Arg
	}
	return n
}

// areGiven tells whether all arguments have one value for the whole statement, so that
// they are about one object. lo_open makes a handle of the object that it is given.
func areGiven(args []*pg_query.Node) bool {
	for _, n := range args {
		for n = passed(n); n.GetTypeCast() != nil; {
			n = n.GetTypeCast().Arg
		}
		switch f := n.GetFuncCall(); {
		case n.GetAConst() != nil, n.GetParamRef() != nil:
		case f != nil && relationNamed(parts(f.Funcname)).Name == "lo_open" && areGiven(f.Args):
		default:
			return false
		}
	}
	return true
}

// called records a function by its name, as one that is called with anything.
func (w *walker) called(name Relation) {
	w.stmt.calls(strings.ToLower(name.String()))
	w.acts(functionNamed(name.Schema, name.Name).acts(name.String(), false))
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
	w.act(Act{Effect: Function, Object: name.String(), Traits: TraitsOf(Inward)})
	setting, value, known := "", "", false
	if len(f.Args) > 1 {
		setting, _ = w.exactLiteral(f.Args[0])
		value, known = w.exactLiteral(f.Args[1])
	}
	traits := readWrite(setting, value, known)
	if (setting == "" || setting == "search_path") && (!known || PathHidesCatalog(value)) {
		traits |= TraitsOf(HidesCatalog)
	}
	w.set(setting, traits)
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
		if functionEffects("", name) != 0 {
			w.called(Relation{Name: name})
		}
	}
}

// set records a change of a setting; its name is empty where it is not known.
func (w *walker) set(name string, traits TraitSet) {
	name = strings.ToLower(name)
	w.act(Act{Effect: Settings, Object: name, Traits: traits})
	if name == "role" || name == "session_authorization" {
		w.object("", Role)
	}
}
