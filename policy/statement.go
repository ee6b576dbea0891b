package policy

import (
	"strings"

	"github.com/pgcordon/pgcordon/identity"
	"github.com/pgcordon/pgcordon/parser"
)

// statementRule allows, refuses or records the acts of statements.
type statementRule struct {
	name      string
	place     Place
	action    action
	mode      Mode
	allowance *allowance // of an allow: how often; nil without bound
	maxRows   *maxRows   // of an allow: how many rows it may change; nil without bound
	final     bool       // of a deny: no operator may let through what it refuses
	receipt   *Receipt   // of an allow: what is written down, so that it can be undone
	// spares makes the rule none about acts that have one of these traits.
	spares parser.TraitSet
	statementConditions
}

// statementConditions must all hold; an empty one asks nothing, but for effects.
type statementConditions struct {
	session   conditions
	effects   parser.EffectSet // after narrow, all whose acts can match
	relations []pattern
	breadths  breadthSet
	functions []pattern
	objects   []pattern
	traits    parser.TraitSet
}

var (
	// predicated are the effects that have a breadth. The branches of MERGE are
	// updates and deletes; MERGE beside them has none.
	predicated = parser.SetOf(parser.Update, parser.Delete, parser.Lock)
	// calling are the effects whose object is a function or procedure.
	calling = parser.SetOf(parser.Function, parser.Call)
)

// narrow reduces the conditions to the effects whose acts can meet them. No
// effect at all means that the file named none and every one is meant.
func (r *statementConditions) narrow() {
	if r.effects == 0 {
		r.effects = parser.AllEffects
	}
	if r.breadths != 0 {
		r.effects &= predicated
	}
	if len(r.functions) > 0 {
		r.effects &= calling
	}
}

// selective tells whether they are about some acts of an effect only.
func (r *statementConditions) selective() bool {
	return len(r.relations) > 0 || r.breadths != 0 || len(r.functions) > 0 || len(r.objects) > 0 || r.traits != 0
}

// decides tells whether the search always ends at this rule. One that only records,
// or refuses only in audit mode, must not change what is enforced; one with an
// allowance passes on what it does not cover.
func (r *statementRule) decides() bool {
	return r.action == allow && r.allowance == nil || r.action == deny && r.mode == Enforce
}

func (r *statementRule) matches(act *parser.Act, s *scope) bool {
	return r.effects.Has(act.Effect) && r.aboutTraits(s.traitsOf(act)) &&
		(r.breadths == 0 || r.breadths.has(breadthOf(act))) &&
		(len(r.relations) == 0 || r.aboutRelation(act.Relation, s)) &&
		(len(r.functions) == 0 || r.aboutFunction(act.Object, s)) &&
		(len(r.objects) == 0 || r.aboutObject(act, s))
}

// breadthOf takes an update or delete that nobody measured for one that cannot be.
func breadthOf(act *parser.Act) parser.Breadth {
	if act.Breadth == parser.NotApplicable && predicated.Has(act.Effect) && act.Effect != parser.Lock {
		return parser.UnknownBreadth
	}
	return act.Breadth
}

// aboutRelation is false for an act without a relation, whatever the rule does.
func (r *statementRule) aboutRelation(relation parser.Relation, s *scope) bool {
	if relation.Name == "" {
		return false
	}
	// Every catalog's name begins with pg_, and pg_catalog is searched first
	// (PostgreSQL documentation, 5.10.5).
	catalog := strings.HasPrefix(relation.Name, "pg_")
	return r.covers(r.relations, relation.Schema, relation.Name, catalog, s)
}

// aboutFunction takes a function that was called by its number for any that a rule
// refuses or records and for none that it allows.
func (r *statementRule) aboutFunction(object string, s *scope) bool {
	if strings.HasPrefix(object, parser.Unnamed) {
		return r.action != allow
	}
	in, name := splitFunction(object)
	return r.covers(r.functions, in, name, true, s)
}

// unnamed are the effects on an object that the text may leave open: a set_config of
// a name that is computed.
var unnamed = parser.SetOf(parser.Settings, parser.Role)

// aboutObject takes what the text leaves open for any object that a rule refuses or
// records and for none that it allows.
func (r *statementRule) aboutObject(act *parser.Act, s *scope) bool {
	if act.Object == "" && unnamed.Has(act.Effect) || strings.HasPrefix(act.Object, parser.Unnamed) {
		return r.action != allow
	}
	in, name := splitFunction(act.Object)
	return name != "" && r.covers(r.objects, in, name, calling.Has(act.Effect), s)
}

// covers is generous where the rule refuses or records and strict where it
// allows: a name without a schema may mean several objects.
func (r *statementRule) covers(patterns []pattern, in, name string, catalog bool, s *scope) bool {
	for i := range patterns {
		p := &patterns[i]
		if p.named(name, r.action == allow) && (p.anySchema || p.inSchema(in, catalog, s, r.action == allow)) {
			return true
		}
	}
	return false
}

// pattern is a glob on a name and on the schema it is in.
type pattern struct {
	anySchema    bool
	schema, name identity.Glob
}

// scope is where a name without a schema is looked for.
type scope struct {
	path    []string // without pg_catalog
	changed bool     // the path may no longer hold
	// temporaries are tables that are found before the path.
	temporaries *Temporaries
}

// named tells whether an object has the pattern's name: for certain, or possibly
// where the text does not tell the name.
func (p *pattern) named(name string, certain bool) bool {
	if name == parser.AnyName {
		return !certain || p.name.String() == "*"
	}
	return p.name.Match(name)
}

// inSchema tells whether an object is in the pattern's schema: for certain if
// every schema it could be in must match, else possibly.
func (p *pattern) inSchema(in string, catalog bool, s *scope, certain bool) bool {
	switch {
	case in != "" && in != parser.AnyName:
		return p.schema.Match(in)
	case in != "", s.changed:
		return !certain
	case catalog && p.schema.Match("pg_catalog") != certain:
		return !certain
	}
	for _, candidate := range s.path {
		if p.schema.Match(candidate) != certain {
			return !certain
		}
	}
	return certain
}

// mayName tells whether the pattern may mean the function that a text calls.
func (p *pattern) mayName(in, name string) bool {
	return p.named(name, false) && (p.anySchema || in == "" || in == parser.AnyName || p.schema.Match(in))
}

// splitFunction parts a function's name from its schema; a database in front,
// which PostgreSQL accepts if it is the current one, is dropped.
func splitFunction(object string) (in, name string) {
	dot := strings.LastIndexByte(object, '.')
	if dot < 0 {
		return "", object
	}
	in, name = object[:dot], object[dot+1:]
	return in[strings.LastIndexByte(in, '.')+1:], name
}
