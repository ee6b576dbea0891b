package breakglass

import (
	"errors"
	"fmt"
	"time"

	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/admin"
)

// settled returns an order with everything said, or why it cannot be given.
func settled(order admin.Allow, t policy.BreakGlass) (admin.Allow, error) {
	switch {
	case order.Reason == "":
		return order, errors.New("an approval needs a reason: the audit log keeps it")
	case order.For == 0 && !order.Once:
		return order, errors.New("say how often: --once, or --for a time such as 10m")
	case order.For == 0:
		order.For = t.Longest
	case order.For < 0:
		return order, fmt.Errorf("%s is no time to let a statement through for", order.For)
	case order.For > t.Longest:
		return order, fmt.Errorf("%s is too long: admin.break_glass.longest is %s", policy.Period(order.For), policy.Period(t.Longest))
	}
	return order, nil
}

// confirmable tells why an operator's order does not confirm what another one proposed.
func (a *approval) confirmable(order admin.Allow, by admin.Peer) error {
	if a.Lacks == 0 {
		return fmt.Errorf("%s is let through already, until %s; revoke that first", a.ID, a.Until.UTC().Format(time.RFC3339))
	}
	for _, c := range a.By {
		if c.UID == by.UID || c.UID < 0 || by.UID < 0 {
			return fmt.Errorf("%s is proposed by uid %d already, and another operator has to confirm it", a.ID, c.UID)
		}
	}
	if a.Once != order.Once || a.For != order.For {
		return fmt.Errorf("%s is proposed %s; confirm that, or revoke it and propose something else", a.ID, Extent(a.Approval))
	}
	return nil
}

// Extent says how often and how long: "once within 1h".
func Extent(a admin.Approval) string {
	if a.Once {
		return "once within " + policy.Period(a.For)
	}
	return "for " + policy.Period(a.For)
}
