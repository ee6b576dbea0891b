package policy

import (
	"github.com/pgcordon/pgcordon/catalog"
	"github.com/pgcordon/pgcordon/parser"
)

// Admission is the decision on a session.
type Admission struct {
	Allowed   bool   // false: refuse the session
	WouldDeny bool   // true: refused, were it not for audit mode
	ReadOnly  bool   // the rule makes it read-only; in a target in audit mode, that is recorded only
	Rule      string // name of the rule that decided, "builtin/..." for the built-in ones
	Reason    string // one sentence for people
}

// Decision is the decision on a query string.
type Decision struct {
	// Claims are the allowances that let it pass. Unless nil, the decision holds only
	// once Settle has asked for them, when the string executes.
	Claims    []Claim
	Deny      bool       // refuse the whole string
	WouldDeny bool       // would be refused, were it not for audit mode
	Record    bool       // an audit rule or an allowance asks for an event although it is allowed
	Limit     *Limit     // of what is allowed: how many rows it may change; nil without bound
	Receipt   *Receipt   // of what is allowed: what is to be written down, so that it can be undone; nil for nothing
	Rule      string     // name of the rule that decided; of what is allowed, the first that let something pass; empty where none matched
	Statement int        // index of the statement that decided
	Act       parser.Act // the act that decided
	Reason    string     // one sentence for people: "DELETE on categories reaches an open range of rows"
	Hint      string     // how to get it done
	Signs     *Signs     // what tripwires look for; nil where there is nothing of it
	Trip      *Trip      // the tripwire that refuses it; nil where a rule does
	Reaches   []Reach    // the tables whose rows the act reaches, where the catalog knows
}

// Context is what a session did that changes what names mean.
type Context struct {
	// SearchPathChanged is true once the session may have changed search_path:
	// a relation without a schema may then be in any.
	SearchPathChanged bool
	// CatalogHidden is true once another schema may be searched before pg_catalog: what
	// an operator means, and with it how far a predicate reaches, is then unknown.
	CatalogHidden bool
	// Committed is true once the session has committed a transaction and the server has not
	// yet told of the settings under which the next one begins.
	Committed bool
	// Temporary are the session's own temporary tables; nil where there are none, or where
	// a name may mean another table by the time that it is looked up.
	Temporary *Temporaries
	// Catalog is what is known of the tables; nil where nothing is.
	Catalog *catalog.Catalog
}
