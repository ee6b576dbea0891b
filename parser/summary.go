package parser

import "slices"

// Relation names a table, view, sequence, or another object that an act
// touches, folded as PostgreSQL folds it (unquoted names in lower case).
// Schema is empty where the text left it to the search path.
type Relation struct {
	Schema string
	Name   string
}

// String returns schema.name, or the bare name.
func (r Relation) String() string {
	if r.Schema == "" {
		return r.Name
	}
	return r.Schema + "." + r.Name
}

// Act is one effect on one object. It is the unit that a policy judges: TRUNCATE
// a, b is two acts.
type Act struct {
	Effect   Effect
	Relation Relation // zero where the effect has no relation
	Breadth  Breadth  // of DELETE, UPDATE, MERGE branches and row locks; else NotApplicable
	// Values is at most how many values a column has in the rows that a Bounded act reaches:
	// 1 for an equality, else as many as a list, a range or a LIMIT counts; Limited is set
	// where that is a LIMIT. 0 where the text does not say: with a parameter, or no count.
	Values  int64
	Limited bool
	Ties    Ties // the columns that are equal to values, see there
	// Object names what is not a relation: a function ("pg_catalog.lo_unlink",
	// or as written), a role, a setting, an extension.
	Object string
	Traits TraitSet
}

// AnyName stands for a name that the text does not tell, as where a function puts
// it together. A table that is really called so is taken for any other, too.
const AnyName = "?"

// Statement is one statement of a query string.
type Statement struct {
	Kind string // the command for people: "DELETE", "ALTER TABLE", "SELECT"
	// Counted is true where the command's tag counts every row that the text itself
	// changes: a plain INSERT, UPDATE, DELETE or MERGE.
	Counted bool
	// Start and End are byte offsets into the text, End exclusive. Both are
	// zero in a Summary taken from the skeleton cache.
	Start, End int
	Acts       []Act
	// Functions lists every function that is called anywhere in the statement,
	// lower case and as qualified in the text, so that a policy can name further ones.
	Functions []string
	// Prepares, Executes and Deallocates carry the name in PREPARE, EXECUTE and
	// DEALLOCATE. DEALLOCATE ALL, DISCARD ALL set DeallocatesAll.
	Prepares, Executes, Deallocates string
	DeallocatesAll                  bool
	// Temporary is the temporary table that the statement creates, empty where it creates
	// none, or one that goes with the transaction. With IfNotExists there may have been
	// another temporary relation of this name.
	Temporary   string
	IfNotExists bool
	// Boundary is what it is to the transaction; Chains is set where another one begins
	// right behind its end.
	Boundary Boundary
	Chains   bool
	// Inherits is set where a table becomes a child or partition of another, with which
	// it may then be dropped.
	Inherits bool
}

// Summary is what a query string does. It is immutable once returned and shared
// between sessions.
type Summary struct {
	Statements []Statement
	Effects    EffectSet // union over all statements
	// Parsed is false where the grammar did not accept the text and the acts were
	// judged from its tokens; Reason then says why, in a few words.
	Parsed bool
	Reason string
	// Newer names what the text has of a newer grammar than the parser's. It was told by its
	// tokens and left out; the rest was parsed.
	Newer []string
	// Parametric is true where the acts are those of the worst values that parameters can
	// have; With tells those of others.
	Parametric bool
	// text and premise are those of a Summary that is Parametric.
	text    string
	premise premise
	// literalDependent is true where a literal's value was looked at: another text
	// that differs in literals only may do something else.
	literalDependent bool
}

// JudgedBy says how the text was understood: by the grammar, by its tokens, or by both.
func (s *Summary) JudgedBy() string {
	switch {
	case !s.Parsed:
		return "tokens"
	case len(s.Newer) > 0:
		return "grammar and tokens"
	}
	return "grammar"
}

// distinct bounds the lists that are kept free of duplicates: looking through
// longer ones would take time that grows with the square of the text.
const distinct = 256

// act adds an act once.
func (s *Statement) act(a Act) {
	if len(s.Acts) > distinct || !slices.Contains(s.Acts, a) {
		s.Acts = append(s.Acts, a)
	}
}

// drop removes the acts with an effect.
func (s *Statement) drop(e Effect) {
	s.Acts = slices.DeleteFunc(s.Acts, func(a Act) bool { return a.Effect == e })
}

// calls adds a function's name once.
func (s *Statement) calls(name string) {
	if len(s.Functions) > distinct || !slices.Contains(s.Functions, name) {
		s.Functions = append(s.Functions, name)
	}
}
