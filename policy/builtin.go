package policy

import (
	"github.com/pgcordon/pgcordon/identity"
	"github.com/pgcordon/pgcordon/parser"
)

// builtinPrefix begins the name of every built-in rule and of no other.
const builtinPrefix = "builtin/"

// The built-in session rules, in the order in which they are asked.
const (
	builtinUnknownSource    = builtinPrefix + "unknown-source"
	builtinCrossEnvironment = builtinPrefix + "cross-environment"
	builtinReplication      = builtinPrefix + "replication"
	builtinAnySource        = builtinPrefix + "any-source"
	builtinSameEnvironment  = builtinPrefix + "same-environment"
)

// builtinAdmission decides on a session that no rule of the file is about.
func (p *Policy) builtinAdmission(t *Target, c Client) (rule string, allowed bool) {
	from := c.Source.Environment
	switch {
	case (from == "" || from == identity.Unknown) && !p.anySource:
		return builtinUnknownSource, false
	case from != t.Environment && !p.anySource:
		return builtinCrossEnvironment, false
	case c.Replication:
		return builtinReplication, false
	case p.anySource:
		return builtinAnySource, true
	}
	return builtinSameEnvironment, true
}

// wide are the breadths that may reach every row of a table.
var wide = breadthsOf([]parser.Breadth{
	parser.NoPredicate, parser.Tautology, parser.SameTable, parser.OpenRange, parser.UnknownBreadth,
})

// builtinStatements follow the file's own statement rules.
var builtinStatements = []statementRule{
	refuse("truncate", parser.Truncate, 0),
	refuse("drop", parser.Drop, 0),
	refuse("unbounded-delete", parser.Delete, wide),
	refuse("unbounded-update", parser.Update, wide),
	refuse("copy-program", parser.CopyProgram, 0),
	refuse("dynamic", parser.Dynamic, 0),
	refuseTrait("restart", parser.Alter, parser.Restart),
	refuseTrait("persistent-setting", parser.Alter, parser.Persistent),
	refuse("unknown", parser.Unknown, 0),
}

func refuseTrait(name string, effect parser.Effect, trait parser.Trait) statementRule {
	r := refuse(name, effect, 0)
	r.traits = parser.TraitsOf(trait)
	return r
}

func refuse(name string, effect parser.Effect, breadths breadthSet) statementRule {
	return statementRule{
		name:   builtinPrefix + name,
		action: deny,
		spares: parser.TraitsOf(parser.Temporary), // what a session does to them it does to nobody else's
		statementConditions: statementConditions{
			effects:  parser.SetOf(effect),
			breadths: breadths,
		},
	}
}
