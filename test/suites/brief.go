package suites

// briefRegress are what others build on, and the files with most in them that a guard could
// get wrong: what changes rows, transactions, cursors, COPY, errors and notices.
var briefRegress = []string{
	"test_setup", "copy", "insert", "insert_conflict", "copydml", "create_function_c", "create_misc", "create_table",
	"create_index", "create_view", "constraints", "triggers", "inherit", "updatable_views", "errors", "transactions",
	"portals", "update", "delete", "prepared_xacts", "privileges", "rowsecurity", "generated", "identity",
	"async", "merge", "rules", "psql", "foreign_key", "guc", "plancache", "plpgsql", "copy2", "temp", "domain",
	"prepare", "truncate", "sequence", "returning", "largeobject", "with", "event_trigger",
}

// briefTransactions are those of them in which most goes through in one transaction.
var briefTransactions = []string{
	"test_setup", "copy", "insert", "insert_conflict", "copydml", "triggers", "inherit", "transactions",
	"portals", "update", "delete", "merge", "rules", "plpgsql", "prepare", "returning", "largeobject", "with",
}

// briefPipeline are all but the one that fills every buffer until nothing moves.
var briefPipeline = []string{
	"disallowed_in_pipeline", "multi_pipelines", "nosync", "pipeline_abort", "pipeline_idle", "pipelined_insert",
	"prepared", "simple_pipeline", "singlerow", "transaction",
}

// briefIsolation are short ones about rows that two sessions change.
var briefIsolation = []string{
	"read-write-unique", "simple-write-skew", "total-cash", "ri-trigger", "two-ids", "deadlock-simple", "fk-deadlock",
	"lock-update-delete", "temp-schema-cleanup", "insert-conflict-do-nothing", "insert-conflict-do-update",
	"merge-insert-update", "merge-delete", "delete-abort-savept", "aborted-keyrevoke", "update-locked-tuple",
	"propagate-lock-delete", "tuplelock-conflict", "nowait", "skip-locked", "async-notify", "truncate-conflict",
	"partition-key-update-1", "plpgsql-toast", "serializable-parallel",
}
