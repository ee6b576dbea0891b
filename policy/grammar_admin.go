package policy

import (
	"fmt"
	"io/fs"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"
)

// Admin is the socket through which a running pgcordon is operated.
type Admin struct {
	Socket string      // path; empty: none
	Mode   fs.FileMode // of the socket's file
	State  string      // path of the file that lockdowns survive a restart in; empty: they do not
	// BreakGlass says how operators may let through what the rules refuse; nil: they may not.
	BreakGlass *BreakGlass
}

// BreakGlass is what it takes to let a refused statement through.
type BreakGlass struct {
	Approvals int           // operators that it takes, each another one: 1 or 2
	Longest   time.Duration // for which a statement may be let through
}

var adminSocket = mapping(Admin{Mode: 0o600},
	must(field("socket", checked(path, fitsSocket), func(a *Admin) *string { return &a.Socket },
		"Path of the unix socket for pgcordon sessions, kill, lockdown and release.")),
	field("mode", permissions, func(a *Admin) *fs.FileMode { return &a.Mode },
		`Permissions of the socket's file, octal and in quotes: who may write may do everything. Default "0600".`),
	field("state", path, func(a *Admin) *string { return &a.State },
		"File in which lockdowns survive a restart. Without it they do not."),
	field("break_glass", pointer(breakGlass), func(a *Admin) **BreakGlass { return &a.BreakGlass },
		"Lets operators let refused statements through, by pgcordon allow. Without it they cannot."),
)

var breakGlass = mapping(BreakGlass{Approvals: 1, Longest: time.Hour},
	field("approvals", count(1, 2), func(b *BreakGlass) *int { return &b.Approvals },
		"How many operators it takes; with 2 a second one, of another uid, has to confirm. Default 1."),
	field("longest", duration(time.Second, 24*time.Hour), func(b *BreakGlass) *time.Duration { return &b.Longest },
		"The longest time for which a statement may be let through. Default 1h."),
)

// warnOfOneOperator tells of a second operator whom nothing lets in.
func warnOfOneOperator(d *decoder, n *yaml.Node, p *Policy) {
	if glass := p.Admin.BreakGlass; glass != nil && glass.Approvals > 1 && p.Admin.Mode&0o022 == 0 {
		d.warnf(lookup(n, "admin", "break_glass", "approvals"),
			"it takes 2 operators of different uids, but nobody except the socket's owner and root may write to it; set admin.mode")
	}
}

func fitsSocket(d *decoder, n *yaml.Node, path *string) {
	if _, err := parseSocket(*path); err != nil {
		d.errorf(n, "%v", err)
	}
}

var permissions = parsed(schema{"type": "string", "pattern": "^0[0-7]{3}$"}, func(s string) (fs.FileMode, error) {
	mode, err := strconv.ParseUint(s, 8, 32)
	if err != nil || len(s) != 4 || mode > 0o777 {
		return 0, fmt.Errorf(`%q are no permissions; write them like "0600"`, s)
	}
	return fs.FileMode(mode), nil
})

// Environments returns the environments that a client can come from, in the order of
// the file; unknown is not among them.
func (p *Policy) Environments() []string {
	var all []string
	for i := range p.sources {
		all = append(all, p.sources[i].Environment)
	}
	return all
}
