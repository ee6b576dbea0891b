package main

import "github.com/pgcordon/pgcordon/proxy/admin"

// orderFlags are those of the orders about a lockdown.
type orderFlags struct {
	Source string `placeholder:"ENV" help:"The lockdown of those from this environment. Default any."`
	Target string `placeholder:"TARGET" help:"The lockdown of this target, by name or environment. Default any."`
	Reason string `placeholder:"TEXT" help:"Why: for the audit log; of a lockdown those who are turned away read it, too."`
}

func (f *orderFlags) order() admin.Order {
	return admin.Order{Scope: admin.Scope{Source: f.Source, Target: f.Target}, Reason: f.Reason}
}
