package admin

import "time"

// Operator is a running pgcordon, as far as it can be operated. Its methods may be
// called from any goroutine.
type Operator interface {
	// Sessions returns the sessions that are open, oldest first.
	Sessions() []Session
	// Kill ends sessions at once.
	Kill(Kill, Peer) (Killed, error)
	// Lockdowns returns the lockdowns in force, oldest first.
	Lockdowns() []Lockdown
	// LockDown ends the sessions in a scope and refuses new ones until Release. Where
	// only the file that makes it survive a restart fails, Effect.Warning says so.
	LockDown(Order, Peer) (Effect, error)
	// Release lifts the lockdown of exactly this scope.
	Release(Order, Peer) (Effect, error)
	// Refusal returns a refused statement that is still remembered.
	Refusal(id string) (Refusal, error)
	// Approvals returns what is let through and what is proposed, oldest first.
	Approvals() []Approval
	// Allow lets a refused statement through, or proposes it where it takes two.
	Allow(Allow, Peer) (Approval, error)
	// Revoke ends an approval or withdraws a proposal.
	Revoke(Revoke, Peer) (Approval, error)
}

// Session is one client and its server.
type Session struct {
	ID          string    `json:"id"`
	Since       time.Time `json:"since"`
	Source      string    `json:"source,omitempty"` // environment; this and what follows is empty until it is known
	Address     string    `json:"address,omitempty"`
	User        string    `json:"user,omitempty"`
	Database    string    `json:"database,omitempty"`
	Application string    `json:"application,omitempty"`
	Target      string    `json:"target"`
	ReadOnly    bool      `json:"read_only,omitempty"`
	ServerPID   int32     `json:"server_pid,omitempty"` // as pg_stat_activity has it; 0: the server has told none
	State       string    `json:"state"`
	QueryStart  time.Time `json:"query_start,omitzero"` // when its last statement was sent, of an active one and one in a transaction
	Statements  int64     `json:"statements"`           // judged so far
	Refused     int64     `json:"refused"`
}

// The states of a session.
const (
	Login             = "login"               // not let in yet
	Idle              = "idle"                // the server has nothing to answer
	IdleInTransaction = "idle in transaction" // so it is, and a transaction is open
	Active            = "active"              // the server has something to answer
	Ending            = "ending"              // cut off from the server; the client is still told why
)

// Scope is what a lockdown covers. An empty field means any.
type Scope struct {
	Source string `json:"source,omitempty"` // environment
	Target string `json:"target,omitempty"` // name or environment
}

// Kill says which sessions to end: those of IDs, or else those that have everything
// that is named of Scope and User. One of the two has to be given.
type Kill struct {
	IDs []string `json:"ids,omitempty"`
	Scope
	User   string `json:"user,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// Killed is what a Kill did.
type Killed struct {
	Ended   int      `json:"ended"`
	Unknown []string `json:"unknown,omitempty"` // of its IDs: no session has them
	Event   string   `json:"event"`             // in the audit log
}

// Order is about a lockdown.
type Order struct {
	Scope
	Reason string `json:"reason,omitempty"`
}

// Effect is what an Order did.
type Effect struct {
	Ended   int    `json:"ended"`
	Event   string `json:"event"`             // in the audit log
	Warning string `json:"warning,omitempty"` // what of it did not succeed
}

// Lockdown is in force. One that a tripwire imposed is a quarantine.
type Lockdown struct {
	Scope
	Since    time.Time `json:"since"`
	Until    time.Time `json:"until,omitzero"` // zero: until Release
	Reason   string    `json:"reason"`
	Event    string    `json:"event"`              // in the audit log; of a quarantine the incident
	Tripwire string    `json:"tripwire,omitempty"` // of a quarantine
	By       Peer      `json:"by"`                 // unknown of a quarantine
}

// Over tells whether the end of a lockdown has come.
func (l *Lockdown) Over(now time.Time) bool { return !l.Until.IsZero() && !now.Before(l.Until) }

// Peer is the process at the other end of the socket.
type Peer struct {
	UID int `json:"uid"` // -1: unknown, as on systems that do not tell
	PID int `json:"pid"` // 0: unknown
}
