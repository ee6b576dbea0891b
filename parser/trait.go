package parser

import (
	"math/bits"
	"strings"
)

// Trait is a circumstance of an act by which a policy may tell it from others of the
// same effect.
type Trait uint8

// The traits. Those behind Inside are the forms of ALTER by what they lose or
// loosen, named as SQL names them.
const (
	Cascade   Trait = iota // and everything that depends on the object
	Deferred               // not now, but whenever what is defined here is used
	Temporary              // on a temporary object, which ends with the session
	Inside                 // in a body that the statement runs, or in a text that it has run
	DropColumn
	DropConstraint
	DetachPartition // NO INHERIT too: rows leave the table that is asked for them
	SetType
	SetUnlogged // the rows do not survive a crash of the server
	SetLogged
	SetTablespace
	SetAccessMethod
	DropDefault
	DropNotNull
	DropIdentity
	DropExpression
	DisableTrigger
	DisableRule
	DisableRowSecurity
	Rename
	SetSchema
	Restart    // RESTART IDENTITY, ALTER SEQUENCE ... RESTART, setval
	Persistent // a setting that outlives the session: ALTER SYSTEM, ALTER ROLE ... SET
	// HidesCatalog is that of a search path that may have another schema before
	// pg_catalog, whose operators then mean something else.
	HidesCatalog
	// ReadWrite is that of a setting after which a transaction may write: READ WRITE, and
	// transaction_read_only or default_transaction_read_only that is not plainly turned on.
	ReadWrite
	Exclusive // LOCK TABLE in a mode above ROW EXCLUSIVE
	TwoPhase  // PREPARE TRANSACTION, COMMIT PREPARED, ROLLBACK PREPARED
	Inward    // a function that only reads, or changes nothing but the session
	traitCount
)

var traitNames = [traitCount]string{
	"cascade", "deferred", "temporary", "inside", "drop_column", "drop_constraint", "detach_partition", "set_type",
	"set_unlogged", "set_logged", "set_tablespace", "set_access_method", "drop_default", "drop_not_null",
	"drop_identity", "drop_expression", "disable_trigger", "disable_rule", "disable_row_security", "rename",
	"set_schema", "restart", "persistent", "hides_catalog", "read_write", "exclusive", "two_phase", "inward",
}

// String returns the name that policies use.
func (t Trait) String() string { return traitNames[t] }

// ParseTrait returns the trait with the given name.
func ParseTrait(name string) (Trait, bool) {
	for i, n := range traitNames {
		if n == name {
			return Trait(i), true
		}
	}
	return 0, false
}

// TraitNames lists every trait's name in order.
func TraitNames() []string { return append([]string(nil), traitNames[:]...) }

// TraitSet is a set of traits.
type TraitSet uint32

// TraitsOf returns the set of the given traits.
func TraitsOf(traits ...Trait) TraitSet {
	var s TraitSet
	for _, t := range traits {
		s |= 1 << t
	}
	return s
}

// Has tells whether t is in the set.
func (s TraitSet) Has(t Trait) bool { return s&(1<<t) != 0 }

// Names returns the traits' names in order.
func (s TraitSet) Names() []string {
	names := make([]string, 0, bits.OnesCount32(uint32(s)))
	for t := range traitCount {
		if s.Has(t) {
			names = append(names, t.String())
		}
	}
	return names
}

// String joins the names with commas.
func (s TraitSet) String() string { return strings.Join(s.Names(), ",") }
