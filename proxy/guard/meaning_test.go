package guard

import (
	"strings"
	"testing"

	"github.com/pgcordon/pgcordon/proxy/wire"
)

// The server tells of a setting in front of ReadyForQuery, not when it was made.
func TestSettingIsUncertainUntilTheServerReportsIt(t *testing.T) {
	const lexed = `SELECT '\''; DELETE FROM t; --'`
	b := ready(t, "")
	b.fromClient(parse("", "SET standard_conforming_strings = off"), bind("", ""), execute(""), message('H', ""))
	b.fromServer(message(wire.ParseComplete, ""), message(wire.BindComplete, ""), done("SET"))
	b.sent()
	b.fromClient(query(lexed))
	if got := b.sent(); got != "Q "+substitute {
		t.Errorf("answered and not reported: %s", got)
	}
	b = ready(t, "")
	b.fromClient(query("SET standard_conforming_strings = on"))
	b.fromServer(done("SET"), z('I'))
	b.sent()
	b.fromClient(query(lexed))
	if got := b.sent(); strings.Contains(got, "nonce") {
		t.Errorf("reported: %s", got)
	}
}

func TestWhatChangesTheMeaningOfNamesIsFollowed(t *testing.T) {
	const rules = `statements: [{name: free, action: allow, when: {effect: [truncate, delete], relation: public.scratch}}]`
	for change, want := range map[string][2]bool{
		"SELECT 1":                             {false, false},
		"SET work_mem = '8MB'":                 {false, false},
		"SET search_path = a, b":               {true, false},
		"SET search_path = pg_catalog, a":      {true, false},
		"SET search_path = a, pg_catalog":      {true, true},
		"SET ROLE a":                           {true, false},
		"SET SESSION AUTHORIZATION a":          {true, false},
		"RESET ROLE":                           {true, false},
		"SELECT set_config('role', 'a', true)": {true, false},
		"SELECT set_config('search_path', 'a,pg_catalog', true)":    {true, true},
		`SELECT set_config('search_path', '"pg_catalog", a', true)`: {true, false},
		"SELECT set_config('search_path', f(), true)":               {true, true},
		"SELECT set_config(f(), 'x', true)":                         {true, false},
		"SELECT set_config(f(), g(), true)":                         {true, true},
		"UPDATE pg_settings SET setting = 'x' WHERE name = 'y'":     {true, true},
	} {
		b := ready(t, rules)
		b.fromClient(query(change))
		b.sent()
		b.fromClient(query("TRUNCATE scratch"), query("DELETE FROM public.other WHERE id = 1"))
		sent := strings.Split(b.sent(), " | ")
		if got := [2]bool{strings.Contains(sent[0], "CAST"), strings.Contains(sent[1], "CAST")}; got != want {
			t.Errorf("after %s: a name is uncertain %v, an operator %v, want %v", change, got[0], got[1], want)
		}
	}
}
