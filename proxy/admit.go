package proxy

import (
	"fmt"

	"github.com/pgcordon/pgcordon/identity"
	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/relay"
	"github.com/pgcordon/pgcordon/proxy/wire"
)

// admit decides whether the session may reach the server, which has not yet heard
// of it. It returns the refusal for the client, or nil.
func (s *session) admit() *relay.Farewell {
	admission := s.place.policy.Admit(s.place.target, s.client)
	if !admission.Allowed {
		return s.refusal(admission, s.client.Source)
	}
	if farewell := s.lockedOut(); farewell != nil {
		return farewell
	}
	s.login.admission = admission
	return nil
}

// refusal records a refused session and returns what its client is told. source is
// what the policy that refused makes of the client, which after a reload may be
// something else than at the beginning.
func (s *session) refusal(a policy.Admission, source identity.Match) *relay.Farewell {
	event := s.recordRefusal(a, source)
	return &relay.Farewell{
		Code: wire.InvalidAuthorization,
		Message: fmt.Sprintf("pgcordon refused the session: rule %s, source environment %s, target environment %s, event %s",
			a.Rule, source.Environment, s.place.target.Environment, event),
		Detail: a.Reason,
		Hint:   refusalHint(source),
	}
}

func refusalHint(source identity.Match) string {
	if source.Environment == identity.Unknown {
		return "No source rule knows this address or certificate. Check the host in the connection string, " +
			"or add a rule under sources."
	}
	return "Check the host in the connection string: it points at another environment. " +
		"If the access is meant, add a rule under sessions."
}
