package policy

// RuleName names a rule of a policy: those of sessions and of statements may have the
// same names.
type RuleName struct {
	Session bool // under sessions, not under statements
	Name    string
}

// String says under which key of the file the rule stands.
func (r RuleName) String() string {
	if r.Session {
		return "sessions: " + r.Name
	}
	return "statements: " + r.Name
}

// DenyRules returns the rules of the file that deny, in the file's order within each
// list, with their places.
func (p *Policy) DenyRules() (rules []RuleName, places []Place) {
	for i := range p.sessions {
		if r := &p.sessions[i]; r.action == deny {
			rules, places = append(rules, RuleName{true, r.name}), append(places, r.place)
		}
	}
	for i := range p.statements {
		if r := &p.statements[i]; r.action == deny {
			rules, places = append(rules, RuleName{false, r.name}), append(places, r.place)
		}
	}
	return rules, places
}
