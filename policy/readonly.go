package policy

import (
	"fmt"

	"github.com/pgcordon/pgcordon/parser"
)

// A session rule with read_only makes every transaction of the session a read-only one,
// and PostgreSQL keeps it so. What it still lets through then is refused here, in front
// of the rules of the file: docs/decisions/0017-read-only-kept-by-the-server.md.

const (
	builtinReadOnly            = builtinPrefix + "read-only"
	builtinReadOnlyTransaction = builtinPrefix + "read-only-transaction"
)

// writing are the effects that a read-only session is refused. PostgreSQL refuses most of
// them itself in a READ ONLY transaction, but not DO and CALL, which can begin another
// transaction, nor maintenance, ALTER SYSTEM, slots, and COPY with a program or a file
// (ClassifyUtilityCommandAsReadOnly in src/backend/tcop/utility.c).
var writing = parser.SetOf(parser.Insert, parser.Update, parser.Delete, parser.Merge, parser.Truncate, parser.Drop,
	parser.Alter, parser.Create, parser.Privileges, parser.CopyIn, parser.CopyProgram, parser.Call, parser.Do,
	parser.Dynamic, parser.Maintenance, parser.Replication, parser.Unknown)

// readOnlyStatements come before the rules of the file, so that no allow can make an
// exception.
var readOnlyStatements = []statementRule{
	notReadOnly(writing, 0, 0),
	notReadOnly(parser.SetOf(parser.Function), 0, parser.TraitsOf(parser.Inward)),
	notReadOnly(parser.SetOf(parser.Settings, parser.Lock, parser.Transaction),
		parser.TraitsOf(parser.ReadWrite, parser.Exclusive, parser.TwoPhase), 0),
}

func notReadOnly(effects parser.EffectSet, traits, spares parser.TraitSet) statementRule {
	return statementRule{
		name: builtinReadOnly, action: deny, final: true, spares: spares,
		statementConditions: statementConditions{effects: effects, traits: traits},
	}
}

// readOnlyTransaction refuses what follows COMMIT too closely: its transaction may write if
// what ran before, a function perhaps, has changed the default. The server reports that only when
// it is ready for the next message or section (ReportChangedGUCOptions in
// src/backend/utils/misc/guc.c). ROLLBACK takes such a change back.
var readOnlyTransaction = statementRule{name: builtinReadOnlyTransaction, action: deny}

// ReadOnly tells whether the session is to be kept read-only.
func (r *Ruleset) ReadOnly() bool { return r.readOnly != "" && !r.audit }

// ReadOnlyBy returns the session rule that makes it so.
func (r *Ruleset) ReadOnlyBy() string { return r.readOnly }

// beReadOnly puts the rules of read-only sessions first; by is the session rule.
func (r *Ruleset) beReadOnly(by string) {
	r.readOnly = by
	for i := range readOnlyStatements {
		r.rules = append(r.rules, &readOnlyStatements[i])
	}
}

// ownRules returns the index of the first rule that is not about read-only sessions.
func (r *Ruleset) ownRules() int {
	if r.readOnly == "" {
		return 0
	}
	return len(readOnlyStatements)
}

// control are the effects of statements that run no code of the database.
var control = parser.SetOf(parser.Transaction, parser.Settings, parser.Role)

// runsCode tells whether a statement may run code of the database.
func runsCode(s *parser.Statement) bool {
	for i := range s.Acts {
		if !control.Has(s.Acts[i].Effect) {
			return true
		}
	}
	return len(s.Acts) == 0
}

func firstAct(s *parser.Statement) *parser.Act {
	if len(s.Acts) == 0 {
		return &plainRead
	}
	return &s.Acts[0]
}

// overstep says how an act does more than look; known is what is said of it in any session.
func overstep(act *parser.Act, known string) string {
	switch {
	case act.Traits.Has(parser.TwoPhase):
		return "a prepared transaction outlives the session and holds its locks"
	case act.Traits.Has(parser.ReadWrite) && act.Object == "":
		return "which setting it changes is not in the text, and some let a transaction write"
	case act.Traits.Has(parser.ReadWrite):
		return "to change " + act.Object + " lets a transaction write"
	}
	subject := subjectOf(act)
	switch act.Effect {
	case parser.CopyProgram, parser.Dynamic, parser.Unknown:
		return known
	case parser.Do, parser.Call:
		return subject + " could begin a transaction that writes"
	case parser.Function:
		return subject + " has effects beyond its result"
	case parser.Lock:
		return subject + " in this mode locks out those who write"
	case parser.Maintenance, parser.Replication:
		return subject + " does more than read"
	}
	return subject + " writes"
}

// ofReadOnly says why a read-only session was refused something.
func (r *Ruleset) ofReadOnly(d Decision) Decision {
	switch {
	case d.Rule == builtinReadOnlyTransaction:
		d.Reason = fmt.Sprintf("it may run in a transaction that is not read-only, for it follows COMMIT before the server has said "+
			"how the next one begins; session rule %s makes the session read-only", r.readOnly)
		d.Hint = "send it on its own, once the COMMIT has been answered; in a pipeline, behind a Sync"
	case d.Rule == builtinReadOnly && d.Reason != "":
		d.Reason = fmt.Sprintf("%s; session rule %s makes the session read-only", overstep(&d.Act, d.Reason), r.readOnly)
		d.Hint = "open a session that is not read-only: under another user, or from another source"
	}
	return d
}
