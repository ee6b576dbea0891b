package main

import (
	"testing"

	"github.com/pgcordon/pgcordon/policy"
)

func TestRestartIsAskedForOnlyWhereAReloadIsNotEnough(t *testing.T) {
	const fixed = "audit: {file: a.jsonl}\n"
	const glass = fixed + "admin: {socket: /run/a.sock, break_glass: {longest: 30m}}\n"
	for name, tt := range map[string]struct {
		was, is string
		want    bool
	}{
		"nothing changes":       {glass, glass, false},
		"break glass":           {glass, fixed + "admin: {socket: /run/a.sock, break_glass: {approvals: 2}}\n", false},
		"no break glass":        {glass, fixed + "admin: {socket: /run/a.sock}\n", false},
		"another socket":        {glass, fixed + "admin: {socket: /run/b.sock, break_glass: {longest: 30m}}\n", true},
		"another log":           {fixed, "audit: {file: b.jsonl}\n", true},
		"another cache":         {fixed, fixed + "limits: {cache_bytes: 1MiB}\n", true},
		"another limit besides": {fixed, fixed + "limits: {sessions: 7}\n", false},
	} {
		if got := takesRestart(policyOf(t, tt.was), policyOf(t, tt.is)); got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

const oneTarget = `targets: [{name: shop, environment: production, listen: "127.0.0.1:1", upstream: "127.0.0.1:2"}]
`

func policyOf(t *testing.T, more string) *policy.Policy {
	t.Helper()
	p, err := policy.Parse("p.yaml", []byte(oneTarget+more))
	if err != nil {
		t.Fatal(err)
	}
	return p
}
