package parser

import (
	"fmt"
	"math/bits"
	"strings"
)

// Effect is one kind of thing that a statement does to a database. A statement
// may have several: a writable CTE deletes and reads.
type Effect uint8

// The effects, in the order in which they are listed to people.
const (
	Read        Effect = iota // SELECT, TABLE, VALUES, COPY ... TO's inner query
	Insert                    // INSERT, the INSERT branch of MERGE
	Update                    // UPDATE, ON CONFLICT DO UPDATE, MERGE's UPDATE
	Delete                    // DELETE, MERGE's DELETE
	Merge                     // MERGE itself, beside the effects of its branches
	Truncate                  // TRUNCATE
	Drop                      // DROP of anything, DROP OWNED, ALTER TABLE ... DROP
	Alter                     // ALTER of anything, COMMENT, RENAME
	Create                    // CREATE of anything, SELECT INTO
	Privileges                // GRANT, REVOKE, ALTER DEFAULT PRIVILEGES, OWNER TO
	Role                      // SET ROLE, SET SESSION AUTHORIZATION, CREATE/ALTER/DROP ROLE
	CopyIn                    // COPY ... FROM STDIN
	CopyOut                   // COPY ... TO STDOUT
	CopyProgram               // COPY with PROGRAM or a file on the server
	Function                  // a function known to have side effects
	Call                      // CALL
	Do                        // DO
	Dynamic                   // SQL put together at run time: EXECUTE in PL/pgSQL, query_to_xml
	Lock                      // LOCK TABLE, SELECT ... FOR UPDATE/SHARE, advisory locks
	Maintenance               // VACUUM, ANALYZE, CLUSTER, REINDEX, CHECKPOINT, REFRESH
	Settings                  // SET, RESET, DISCARD, set_config, ALTER SYSTEM
	Replication               // replication commands, slots, publications, subscriptions
	Transaction               // BEGIN, COMMIT, SAVEPOINT, PREPARE TRANSACTION, ...
	Session                   // LISTEN, NOTIFY, DECLARE, FETCH, CLOSE, DEALLOCATE, SHOW, EXPLAIN
	Execute                   // EXECUTE of a prepared statement
	Unknown                   // could not be understood: refuse unless a rule says otherwise
	effectCount
)

var effectNames = [effectCount]string{
	"read", "insert", "update", "delete", "merge", "truncate", "drop", "alter", "create",
	"privileges", "role", "copy_in", "copy_out", "copy_program", "function", "call", "do", "dynamic",
	"lock", "maintenance", "settings", "replication", "transaction", "session", "execute", "unknown",
}

// String returns the name that policies, audit events and metrics use.
func (e Effect) String() string {
	if e < effectCount {
		return effectNames[e]
	}
	return fmt.Sprintf("effect(%d)", uint8(e))
}

// ParseEffect returns the effect with the given name.
func ParseEffect(name string) (Effect, bool) {
	for i, n := range effectNames {
		if n == name {
			return Effect(i), true
		}
	}
	return 0, false
}

// EffectNames lists every effect's name in order.
func EffectNames() []string { return append([]string(nil), effectNames[:]...) }

// EffectSet is a set of effects.
type EffectSet uint32

// AllEffects contains every effect.
const AllEffects EffectSet = 1<<effectCount - 1

// SetOf returns the set of the given effects.
func SetOf(effects ...Effect) EffectSet {
	var s EffectSet
	for _, e := range effects {
		s |= 1 << e
	}
	return s
}

// Has tells whether e is in the set.
func (s EffectSet) Has(e Effect) bool { return s&(1<<e) != 0 }

// With returns the set and e.
func (s EffectSet) With(e Effect) EffectSet { return s | 1<<e }

// Intersects tells whether the sets have an effect in common.
func (s EffectSet) Intersects(o EffectSet) bool { return s&o != 0 }

// List returns the effects in order.
func (s EffectSet) List() []Effect {
	out := make([]Effect, 0, bits.OnesCount32(uint32(s)))
	for e := range effectCount {
		if s.Has(e) {
			out = append(out, e)
		}
	}
	return out
}

// Names returns the effects' names in order.
func (s EffectSet) Names() []string {
	names := make([]string, 0, bits.OnesCount32(uint32(s)))
	for _, e := range s.List() {
		names = append(names, e.String())
	}
	return names
}

// String joins the names with commas.
func (s EffectSet) String() string { return strings.Join(s.Names(), ",") }
