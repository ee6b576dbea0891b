package audit

import "time"

// The types of event.
const (
	SessionStart     = "session_start"
	SessionEnd       = "session_end"
	SessionRefused   = "session_refused"
	StatementRefused = "statement_refused"
	StatementEvent   = "statement"   // would-be refusals and what an audit rule asked for
	TransactionEvent = "transaction" // the end of one that a receipt is about
	CancelEvent      = "cancel"
	AuthFailure      = "auth_failure"
	PolicyReload     = "policy_reload"
	KillEvent        = "kill"      // by an operator, as are the two that follow
	LockdownEvent    = "lockdown"  // began
	ReleaseEvent     = "release"   // a lockdown ended; without Operator, a quarantine by itself
	IncidentEvent    = "incident"  // a tripwire tripped; Deny: its source is locked out
	AllowEvent       = "allow"     // by an operator: a refused statement is let through, or proposed to be
	RevokeEvent      = "revoke"    // by an operator: it is not any more
	GapEvent         = "audit_gap" // written by the log itself: Lost events are missing here
)

// The decisions.
const (
	Allow     = "allow"
	Deny      = "deny"
	WouldDeny = "would_deny"
)

// Source is who asked.
type Source struct {
	Environment string `json:"environment"`
	Rule        string `json:"rule,omitempty"`
	Fact        string `json:"fact,omitempty"`
	Address     string `json:"address,omitempty"`
	Balancer    string `json:"balancer,omitempty"`
	Certificate string `json:"certificate,omitempty"` // subject common name and serial
}

// Target is what was asked.
type Target struct {
	Name        string `json:"name,omitempty"` // empty where an order is about all of the environment
	Environment string `json:"environment"`
}

// Operator is the process that gave an order.
type Operator struct {
	UID int `json:"uid"` // -1: unknown
	PID int `json:"pid"` // 0: unknown
}

// Approval is what operators said about a refused statement.
type Approval struct {
	ID    string    `json:"event_id"` // of the refusal
	Once  bool      `json:"once,omitempty"`
	Until time.Time `json:"until,omitzero"`
	Lacks int       `json:"lacks,omitempty"` // operators that have yet to confirm
	By    []Consent `json:"by"`
}

// Consent is what one operator said.
type Consent struct {
	Operator
	Reason string `json:"reason"`
}

// Reach is a table whose rows a statement reaches, also without naming it.
type Reach struct {
	Relation string `json:"relation"`
	Rows     *int64 `json:"rows_estimated,omitempty"` // nil where the server never estimated them
}

// Cause is what a session did towards an incident.
type Cause struct {
	Time        time.Time `json:"time"`
	Event       string    `json:"event_id,omitempty"` // that tells of it
	Session     string    `json:"session_id"`
	Decision    string    `json:"decision"` // Deny where it was refused, else Allow
	Address     string    `json:"address,omitempty"`
	User        string    `json:"user,omitempty"`
	Database    string    `json:"database,omitempty"`
	Application string    `json:"application,omitempty"`
	Relations   []string  `json:"relations,omitempty"` // that were emptied or dropped, or were to be
}

// Event is one line of the audit log. The log keeps the slices of an event that
// it was given: they must not change afterwards.
type Event struct {
	Time        time.Time     `json:"time"`
	Type        string        `json:"type"`
	ID          string        `json:"event_id"`
	Session     string        `json:"session_id,omitempty"`
	Decision    string        `json:"decision,omitempty"`
	Rule        string        `json:"rule,omitempty"`
	Reason      string        `json:"reason,omitempty"`
	Source      Source        `json:"source,omitzero"`
	Target      Target        `json:"target,omitzero"`
	User        string        `json:"user,omitempty"`
	Database    string        `json:"database,omitempty"`
	Application string        `json:"application,omitempty"`
	Effects     []string      `json:"effects,omitempty"`
	Relations   []string      `json:"relations,omitempty"`
	Breadth     string        `json:"breadth,omitempty"` // the widest
	Reaches     []Reach       `json:"reaches,omitempty"` // where the catalog is read
	SQLSTATE    string        `json:"sqlstate,omitempty"`
	Rows        *int64        `json:"rows,omitempty"`        // nil where the reply names none
	Duration    time.Duration `json:"duration_us,omitempty"` // written in whole microseconds
	SQL         string        `json:"sql,omitempty"`         // at most MaxSQL bytes are kept
	JudgedBy    string        `json:"judged_by,omitempty"`   // grammar, tokens, grammar and tokens
	Receipt     *Receipt      `json:"receipt,omitempty"`     // of a statement event, where a rule asks for it
	Transaction *Transaction  `json:"transaction,omitempty"` // of a transaction event
	ReadOnly    bool          `json:"read_only,omitempty"`   // of a session_start: the session can write nothing
	ServerPID   int32         `json:"server_pid,omitempty"`  // of a session_start: the server's process, as pg_stat_activity has it
	Statements  int64         `json:"statements,omitempty"`  // of a session_end
	Refused     int64         `json:"refused,omitempty"`     // of a session_end
	Operator    *Operator     `json:"operator,omitempty"`
	Approval    *Approval     `json:"approval,omitempty"` // that let the statement through, or that an order is about
	Ended       int64         `json:"ended,omitempty"`    // sessions, by a kill, a lockdown or an incident
	Until       time.Time     `json:"until,omitzero"`     // of an incident: when its quarantine ends
	Causes      []Cause       `json:"causes,omitempty"`
	BytesIn     int64         `json:"bytes_from_client,omitempty"`
	BytesOut    int64         `json:"bytes_from_server,omitempty"`

	// The log sets these itself.
	SQLTruncated     bool  `json:"sql_truncated,omitempty"`     // SQL was longer than MaxSQL
	RelationsOmitted int   `json:"relations_omitted,omitempty"` // Relations were more than MaxRelations
	Lost             int64 `json:"lost,omitempty"`              // of an audit_gap
}
