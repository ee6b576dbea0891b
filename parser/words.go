package parser

// effectWords lists, for each effect, words of which at least one stands in every
// text that has the effect, whether the grammar accepts the text or not. Keywords
// cannot be escaped in SQL (scan.l looks keywords up from unquoted identifiers
// only), so a text without the words is without the effect. The effects of
// functions come from the function table beside these.
//
// Read has no words: SELECT, TABLE and VALUES are most of all traffic, so a
// Prefilter for Read lets nothing pass. Unknown has none either: an unknown text
// matters for what it may do, and that takes a word of another effect.
var effectWords = [effectCount][]string{
	Insert:      {"insert"},
	Update:      {"update", "alter"},
	Delete:      {"delete"},
	Merge:       {"merge"},
	Truncate:    {"truncate", "refresh"},
	Drop:        {"drop", "detach", "inherit", "publication"},
	Alter:       {"alter", "comment", "security"},
	Create:      {"create", "into", "import"},
	Privileges:  {"grant", "revoke", "owner", "owned", "reassign"},
	Role:        {"role", "authorization", "user", "group", "session_authorization", "pg_settings"},
	CopyIn:      {"copy"},
	CopyOut:     {"copy"},
	CopyProgram: {"copy"},
	Function:    {"load"},
	Call:        {"call"},
	Do:          {"do"},
	Dynamic:     {"do", "function", "procedure"},
	Lock:        {"lock", "update", "share"},
	Maintenance: {"vacuum", "analyze", "analyse", "cluster", "reindex", "checkpoint", "refresh"},
	Settings:    {"set", "reset", "discard", "read", "isolation", "deferrable"},
	Replication: append([]string{"publication", "subscription"}, replicationCommands...),
	Transaction: {"begin", "start", "commit", "end", "abort", "rollback", "savepoint", "release", "prepare", "constraints", "snapshot"},
	Session:     {"listen", "unlisten", "notify", "declare", "fetch", "move", "close", "deallocate", "show", "explain", "prepare", "discard"},
	Execute:     {"execute"},
}

// replicationCommands are the words with which a command of the walsender's
// grammar begins (repl_gram.y of PostgreSQL 14 to 18). Its SHOW is left to the SQL
// grammar, where it means the same.
var replicationCommands = []string{
	"identify_system", "start_replication", "base_backup", "create_replication_slot",
	"drop_replication_slot", "alter_replication_slot", "read_replication_slot",
	"timeline_history", "upload_manifest",
}
