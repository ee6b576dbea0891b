package admin

import "time"

// Refusal is a statement that was refused.
type Refusal struct {
	ID       string    `json:"id"` // of the event that reported it
	At       time.Time `json:"at"`
	Source   string    `json:"source"` // environment
	User     string    `json:"user"`
	Database string    `json:"database"`
	Target   string    `json:"target"`
	Rule     string    `json:"rule"`
	Reason   string    `json:"reason"`
	SQL      string    `json:"sql"`              // its beginning, with literals
	Values   []string  `json:"values,omitempty"` // of its parameters, as far as they are shown
	Barred   string    `json:"barred,omitempty"` // why it cannot be let through; empty where it can
}

// Allow asks for a refused statement to be let through.
type Allow struct {
	ID     string        `json:"id"`
	Once   bool          `json:"once,omitempty"`
	For    time.Duration `json:"for,omitempty"` // 0: the longest that the policy has; of once only
	Reason string        `json:"reason"`
}

// Approval lets a refused statement through, or is proposed to.
type Approval struct {
	Refusal
	Once  bool          `json:"once"` // and not until Until as often as it comes
	For   time.Duration `json:"for"`
	Until time.Time     `json:"until"` // or, of what is proposed, when that is forgotten
	By    []Consent     `json:"by"`
	Lacks int           `json:"lacks,omitempty"` // operators that have yet to confirm
	Event string        `json:"event,omitempty"` // of the last order about it, in the audit log
}

// Consent is what one operator said.
type Consent struct {
	Peer
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
}

// Revoke ends an approval.
type Revoke struct {
	ID     string `json:"id"`
	Reason string `json:"reason,omitempty"`
}
