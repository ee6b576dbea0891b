package audit

// The outcomes of a transaction.
const (
	Committed  = "committed"
	RolledBack = "rolled_back"
	Prepared   = "prepared" // for two-phase commit: COMMIT PREPARED is another transaction's
	Unknown    = "unknown"  // the session ended before the server said
)

// Receipt is what it takes to undo a statement. It is in the log before the statement
// is committed; a transaction event tells what became of that.
type Receipt struct {
	// Before is where the server was about to write WAL before the statement ran,
	// "0/16B3740", and Timeline that of this WAL; empty and 0 where the server did not say.
	Before   string `json:"lsn_before,omitempty"`
	Timeline int64  `json:"timeline,omitempty"`
	Time     string `json:"server_time,omitempty"` // then, "2026-11-22 03:00:00.000000+00"
	// TransactionID is that of the whole transaction, all 64 bits; empty where it has
	// changed nothing.
	TransactionID string   `json:"transaction_id,omitempty"`
	RestorePoint  string   `json:"restore_point,omitempty"` // its name
	Copies        []Copy   `json:"copies,omitempty"`
	Missing       []string `json:"missing,omitempty"` // why something is not there that was asked for
}

// Copy is a table that holds the rows that a statement took or changed, as they were.
type Copy struct {
	// Relation is where they were, and Into where they are: schema and name, quoted where
	// SQL needs it.
	Relation string `json:"relation"`
	Into     string `json:"into"`
	Rows     int64  `json:"rows"`
	Complete bool   `json:"complete"` // every row is there
	// Columns are those that can be written, Key those of the primary key; quoted.
	Columns []string `json:"columns,omitempty"`
	Key     []string `json:"key,omitempty"`
	Dropped bool     `json:"dropped,omitempty"` // the table itself went, too
	Changed bool     `json:"changed,omitempty"` // the rows are still there, with other values
}

// Transaction is what became of the statements that receipts are about.
type Transaction struct {
	Receipts []string `json:"receipts"` // the statements' event ids
	Outcome  string   `json:"outcome"`
	// PartlyUndone is set where the transaction went back to a savepoint behind one of them.
	PartlyUndone bool   `json:"partly_undone,omitempty"`
	After        string `json:"lsn_after,omitempty"` // where WAL was written when it was over
}
