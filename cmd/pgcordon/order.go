package main

import (
	"errors"

	"github.com/pgcordon/pgcordon/proxy/admin"
)

// condition is a flag that narrows what an order is about. Given, it must say something:
// what a script leaves empty by mistake would make the order one about everybody.
type condition string

// UnmarshalText implements encoding.TextUnmarshaler.
func (c *condition) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		return errors.New("is empty; leave the flag out to mean any")
	}
	*c = condition(text)
	return nil
}

// scope is what both conditions make.
func scope(source, target condition) admin.Scope {
	return admin.Scope{Source: string(source), Target: string(target)}
}

// orderFlags are those of the orders about a lockdown.
type orderFlags struct {
	Source condition `placeholder:"ENV" help:"The lockdown of those from this environment. Default any."`
	Target condition `placeholder:"TARGET" help:"The lockdown of this target, by name or environment. Default any."`
	Reason string    `placeholder:"TEXT" help:"Why: for the audit log; of a lockdown those who are turned away read it, too."`
}

func (f *orderFlags) order() admin.Order {
	return admin.Order{Scope: scope(f.Source, f.Target), Reason: f.Reason}
}
