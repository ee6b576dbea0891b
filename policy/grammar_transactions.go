package policy

var transaction = checked(mapping(
	Transaction{},
	must(field("name", name, func(t *Transaction) *string { return &t.name },
		"Name of the rule in errors, events and metrics.")),
	field("mode", mode, func(t *Transaction) *Mode { return &t.mode },
		"audit records would_deny and lets the transaction commit. Default enforce."),
	field("when", mapping(conditions{}, sessionKeys(func(c *conditions) *conditions { return c })...),
		func(t *Transaction) *conditions { return &t.when },
		"Conditions on the session, all of which must hold. Without any, every session."),
	field("max_effects", mapping(maxEffects{}, effectKeys(func(m *maxEffects) *maxEffects { return m })...),
		func(t *Transaction) *maxEffects { return &t.max },
		"What a transaction may do to all relations together, whatever causes it. What is left out has no bound."),
	field("relations", sequence(relationBounds), func(t *Transaction) *[]relationEffects { return &t.relations },
		"Further bounds, for each relation of a name on its own."),
), checkTransaction)

var relationBounds = checked(mapping(relationEffects{}, append(
	effectKeys(func(r *relationEffects) *maxEffects { return &r.max }),
	must(field("relation", listOf(relation), func(r *relationEffects) *[]pattern { return &r.relations },
		"The relations, as name or schema.name, globs.")),
)...), checkRelationEffects)

// effectKeys are the bounds on what a transaction does.
func effectKeys[T any](at func(*T) *maxEffects) []key[T] {
	bound := pointer(count(0, 1_000_000_000))
	return []key[T]{
		field("deleted", bound, func(t *T) **int { return &at(t).deleted }, "Rows deleted."),
		field("updated", bound, func(t *T) **int { return &at(t).updated }, "Rows updated."),
		field("inserted", bound, func(t *T) **int { return &at(t).inserted }, "Rows inserted."),
		field("truncated", bound, func(t *T) **int { return &at(t).truncated }, "Relations truncated."),
		field("altered", bound, func(t *T) **int { return &at(t).altered }, "Relations altered or dropped that the transaction did not create."),
	}
}
