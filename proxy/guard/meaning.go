package guard

import (
	"strings"

	"github.com/pgcordon/pgcordon/parser"
	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/wire"
)

// watched are words that say something about how later text is to be read,
// whatever the policy asks for: they may change the search path, how string
// literals are lexed, or the encoding (SET SCHEMA and SET NAMES are aliases), or
// give and take the names of prepared statements and of temporary tables. A role
// changes the search path where that has "$user" in it.
var watched = []string{
	"search_path", "schema", "role", "authorization", "session_authorization",
	"standard_conforming_strings", "client_encoding", "names", "set_config", "pg_settings",
	"prepare", "deallocate", "discard", "drop", "rename", "temp", "temporary", "pg_temp",
}

// meaning is what a session did that changes how its text is to be read.
type meaning struct {
	context  policy.Context
	encoding string // client_encoding as the server reported it
	// escapes is true while standard_conforming_strings is off.
	escapes bool
	// The settings that the session has touched: what a text means is then uncertain
	// until the server has told of them.
	escapesTouched, encodingTouched bool
	// reshaped is true once the session has made, changed or dropped something that may be
	// a table: also a temporary one, which hides another of its name.
	reshaped bool
}

// reshaping are the effects after which a name may mean another table, or the table have
// other keys.
var reshaping = parser.SetOf(parser.Create, parser.Alter, parser.Drop, parser.Do, parser.Call)

// set notes that the session sets, or may set, a parameter; "" stands for any. RESET
// ALL goes back to what the login began with.
func (m *meaning) set(name string) {
	switch name {
	case "search_path", "schema", "role", "session_authorization":
		m.context.SearchPathChanged = true
	case "standard_conforming_strings":
		m.escapesTouched = true
	case "client_encoding", "names":
		m.encodingTouched = true
	case "":
		m.context.SearchPathChanged = true
		m.escapesTouched, m.encodingTouched = true, true
	}
}

// begin notes what the startup packet sets: a cluster of switches can hide any
// setting.
func (m *meaning) begin(settings []wire.Setting) {
	for _, s := range settings {
		switch {
		case strings.HasPrefix(s.Name, "-"):
			m.context = policy.Context{SearchPathChanged: true, CatalogHidden: true}
		case s.Name == "search_path":
			m.context.CatalogHidden = m.context.CatalogHidden || parser.PathHidesCatalog(s.Value)
			fallthrough
		case s.Name == "role", s.Name == "session_authorization":
			m.context.SearchPathChanged = true
		}
	}
}

// observe notes what a string sets.
func (m *meaning) observe(s *parser.Summary) {
	m.reshaped = m.reshaped || s.Effects.Intersects(reshaping)
	if !s.Effects.Has(parser.Settings) {
		return
	}
	for i := range s.Statements {
		for _, act := range s.Statements[i].Acts {
			if act.Effect == parser.Settings {
				m.set(act.Object)
				m.context.CatalogHidden = m.context.CatalogHidden || act.Traits.Has(parser.HidesCatalog)
			}
		}
	}
}

// within returns what holds inside a string: one of its statements may change what
// the next one means.
func (m meaning) within(s *parser.Summary) meaning {
	if len(s.Statements) > 1 {
		m.observe(s)
		m.context.Temporary = nil
	}
	return m
}

// reported notes a ParameterStatus.
func (m *meaning) reported(name, value []byte) {
	switch string(name) {
	case "standard_conforming_strings":
		m.escapes = string(value) == "off"
		m.escapesTouched = m.escapesTouched || m.escapes
	case "client_encoding":
		m.encoding = string(value)
	}
}

func (m *meaning) nonConforming(unreported bool) bool {
	return m.escapes || m.escapesTouched && unreported
}

func (m *meaning) encodingUncertain(unreported bool) bool { return m.encodingTouched && unreported }

// The summaries of texts that cannot be read.
var (
	unknownEncoding = unreadable("its characters cannot be told apart: the client encoding is unknown, changing, or violated")
	stale           = unreadable("what was prepared under its name is not known any more; prepare it again")
	tooLong         = unreadable("it is longer than what is inspected")
	tooMany         = unreadable("the session has too many prepared statements or portals")
	malformed       = unreadable("the names in a Bind message are too long")
)

func unreadable(reason string) *parser.Summary {
	return &parser.Summary{
		Statements: []parser.Statement{{Kind: "statement", Acts: []parser.Act{{Effect: parser.Unknown}}}},
		Effects:    parser.SetOf(parser.Unknown),
		Reason:     reason,
	}
}
