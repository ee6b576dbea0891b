package parser

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
	Breadth  Breadth  // of DELETE, UPDATE and MERGE branches; else NotApplicable
	// Object names what is not a relation: a function ("pg_catalog.lo_unlink",
	// or as written), a role, a setting, an extension.
	Object string
}

// Statement is one statement of a query string.
type Statement struct {
	Kind string // the command for people: "DELETE", "ALTER TABLE", "SELECT"
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
}
