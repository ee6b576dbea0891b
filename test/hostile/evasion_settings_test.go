package hostile

import (
	"strings"
	"testing"
)

// What a string means may hang on a setting that an earlier one made.
func TestStringsAreReadAsTheServerReadsThem(t *testing.T) {
	f := newField(t, major)
	off := "SET standard_conforming_strings = off"
	ways := map[string]func(*session) reply{
		"in turn": func(s *session) reply {
			s.run(off)
			return s.run(`SELECT '\''; DELETE FROM items; --'`)
		},
		"in one write": func(s *session) reply {
			send(s, join(query(off), query(`SELECT '\''; DELETE FROM items; --'`)))
			s.answer()
			return s.answer()
		},
		"by set_config": func(s *session) reply {
			send(s, join(query("SELECT set_config('standard_conforming_strings', 'off', false)"), query(`SELECT '\''; DELETE FROM items; --'`)))
			s.answer()
			return s.answer()
		},
		"in the extended protocol": func(s *session) reply {
			send(s, join(parse("", off), bind("", ""), execute(""), query(`SELECT '\''; DELETE FROM items; --'`)))
			return s.answer()
		},
		// The server tells of settings in front of ReadyForQuery, which comes after a Sync.
		"in the extended protocol, answered and not reported": func(s *session) reply {
			send(s, join(parse("", off), bind("", ""), execute(""), flush))
			s.completed()
			return s.run(`SELECT '\''; DELETE FROM items; --'`)
		},
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			f.expectHarm(t, way)
			f.expectNothingDone(t, way)
		})
	}
	t.Run("without effect", func(t *testing.T) {
		f.expectWorks(t, simple(`SELECT '\''; DELETE FROM items; --'`))
		f.expectWorks(t, func(s *session) reply {
			s.run(off)
			return s.run(`SELECT 'it\'s'`)
		})
	})
}

// Whoever is let in without a password can send statements before the server has
// said what the settings are.
func TestStatementsBehindTheStartupPacketAreReadWithItsSettings(t *testing.T) {
	f := newField(t, major)
	f.server.Exec(t, "postgres", "CREATE ROLE lax SUPERUSER LOGIN; ALTER ROLE lax SET standard_conforming_strings = off")
	t.Cleanup(func() { f.server.Exec(t, "postgres", "DROP ROLE lax") })
	lexed := `SELECT '\''; DELETE FROM items; --'`
	sjis := "SELECT E'\xc3\x81\\'; DELETE FROM items; --'" // UTF8 too, where it is harmless
	for name, c := range map[string]struct {
		sql        string
		parameters []string
	}{
		"strings as the packet sets them":      {lexed, []string{"user", "postgres", "standard_conforming_strings", "off"}},
		"strings as an option sets them":       {lexed, []string{"user", "postgres", "options", "-cstandard_conforming_strings=off"}},
		"strings as the role has them":         {lexed, []string{"user", "lax"}},
		"encoding as the packet sets it":       {sjis, []string{"user", "postgres", "client_encoding", "SJIS"}},
		"encoding as an option sets it":        {sjis, []string{"user", "postgres", "options", "--client-encoding=sjis"}},
		"search_path as the packet sets it":    {"TRUNCATE scratch", []string{"user", "postgres", "search_path", "other"}},
		"Search_Path in another case":          {"TRUNCATE scratch", []string{"user", "postgres", "Search_Path", "other"}},
		"search_path as an option sets it":     {"TRUNCATE scratch", []string{"user", "postgres", "options", "-c search_path=other"}},
		"search_path by a long option":         {"TRUNCATE scratch", []string{"user", "postgres", "options", "--SEARCH-path=other"}},
		"search_path in a cluster of switches": {"TRUNCATE scratch", []string{"user", "postgres", "options", "-ec search_path=other"}},
		"search_path by an escaped option":     {"TRUNCATE scratch", []string{"user", "postgres", "options", `-c sea\rch_path=other`}},
	} {
		t.Run(name, func(t *testing.T) {
			f.server.Exec(t, f.database, evasionRows)
			before := f.server.Query(t, f.database, everyRow)
			conn := dial(t, f.guard.Addr)
			send(conn, join(startup(protocol3, append(c.parameters, "database", f.database)...), query(c.sql), terminate))
			got := transcript(rest(t, conn), 0)
			if after := f.server.Query(t, f.database, everyRow); after != before {
				t.Errorf("rows changed: %s, before %s", after, before)
			}
			if !strings.Contains(got, "E(ERROR 42501 pgcordon refused ") {
				t.Errorf("not refused: %s", got)
			}
		})
	}
	for name, parameters := range map[string][]string{
		"nothing":         {"user", "postgres"},
		"another setting": {"user", "postgres", "work_mem", "8MB", "options", "-c geqo=off --work-mem=4MB"},
	} {
		conn := dial(t, f.guard.Addr)
		send(conn, join(startup(protocol3, append(parameters, "database", f.database)...), query("TRUNCATE scratch"), terminate))
		if got := transcript(rest(t, conn), 0); strings.Contains(got, "E(") {
			t.Errorf("%s was set and a harmless statement failed: %s", name, got)
		}
	}
}

// A name without a schema is first looked for in the one that is called like the role.
func TestRoleChangesWhatANameMeans(t *testing.T) {
	f := newField(t, major)
	f.server.Exec(t, "postgres", "CREATE ROLE other SUPERUSER")
	t.Cleanup(func() { f.server.Exec(t, "postgres", "DROP ROLE other") })
	for _, change := range []string{
		"SET ROLE other", "SET SESSION ROLE 'other'", "SET LOCAL ROLE other", "SELECT set_config('role', 'other', false)",
		"SET SESSION AUTHORIZATION other", "SET LOCAL SESSION AUTHORIZATION 'other'", "SELECT set_config('session_authorization', 'other', true)",
	} {
		t.Run(change, func(t *testing.T) {
			way := func(s *session) reply {
				s.run("BEGIN")
				if r := s.run(change); r.err != nil && !r.refused() {
					t.Fatalf("%s: %s", change, r.one())
				}
				r := s.run("TRUNCATE scratch")
				s.run("COMMIT")
				return r
			}
			f.expectHarm(t, way)
			f.expectNothingDone(t, way)
		})
	}
	for name, parameters := range map[string][]string{
		"in the packet": {"role", "other"}, "as an option": {"options", "-c role=other"}, "by a cluster of switches": {"options", "-ec role=other"},
	} {
		t.Run(name, func(t *testing.T) {
			f.expectHarm(t, simple("TRUNCATE scratch"), parameters...)
			f.expectNothingDone(t, simple("TRUNCATE scratch"), parameters...)
		})
	}
}

func TestEqualityWithNULLCanMeanISNULL(t *testing.T) {
	f := newField(t, major)
	for _, statement := range []string{
		"DELETE FROM items WHERE NULLIF(name, name) = NULL", "UPDATE items SET name = 'x' WHERE NULL = NULLIF(name, name)",
		"DELETE FROM items WHERE NULL::text = NULL", "DELETE FROM items WHERE NULL = NULL",
	} {
		t.Run(statement, func(t *testing.T) {
			way := func(s *session) reply {
				s.run("SET transform_null_equals = on")
				return s.run(statement)
			}
			f.expectHarm(t, way)
			f.expectNothingDone(t, way)
		})
	}
}

// Where pg_catalog is not searched first, its operators can be hidden.
func TestSearchPathChangesWhatAnOperatorMeans(t *testing.T) {
	f := newField(t, major)
	f.server.Exec(t, f.database, `
		CREATE FUNCTION other.always(int, int) RETURNS bool LANGUAGE sql AS 'SELECT true';
		CREATE OPERATOR other.= (LEFTARG = int, RIGHTARG = int, FUNCTION = other.always)`)
	for _, change := range []string{
		"SET search_path = other, pg_catalog", "SELECT set_config('search_path', 'other,pg_catalog', false)",
		"SELECT set_config('search' || '_path', 'other,pg_catalog', false)", `SET search_path = other, "pg_catalog"`,
		"SELECT set_config('search_path', 'other, PG_Catalog', false)", "UPDATE pg_settings SET setting = 'other,pg_catalog' WHERE name = 'search_path'",
	} {
		t.Run(change, func(t *testing.T) {
			way := func(s *session) reply {
				if r := s.run(change); r.err != nil && !r.refused() {
					t.Fatalf("%s: %s", change, r.one())
				}
				return s.run("DELETE FROM public.items WHERE id = 5")
			}
			f.expectHarm(t, way)
			f.expectNothingDone(t, way)
		})
	}
	t.Run("in the packet", func(t *testing.T) {
		f.expectHarm(t, simple("DELETE FROM public.items WHERE id = 5"), "search_path", "other, pg_catalog")
		f.expectNothingDone(t, simple("DELETE FROM public.items WHERE id = 5"), "search_path", "other, pg_catalog")
	})
	for _, change := range []string{"SET search_path = other, public", "SET search_path = pg_catalog, other", "SELECT set_config('search_path', '', false)"} {
		f.expectWorks(t, func(s *session) reply {
			s.run(change)
			return s.run("DELETE FROM public.items WHERE id = 5")
		})
	}
}

func TestSearchPathChangesWhatANameMeans(t *testing.T) {
	f := newField(t, major)
	for _, change := range []string{
		"SET search_path = other", "SET SESSION search_path TO other, public", "SET LOCAL search_path = other",
		"SET SCHEMA 'other'", "SELECT set_config('search_path', 'other', false)", "SELECT set_config('search' || '_path', 'other', false)",
		"UPDATE pg_settings SET setting = 'other' WHERE name LIKE 'sear%'",
	} {
		t.Run(change, func(t *testing.T) {
			f.expectNothingDone(t, func(s *session) reply {
				s.run("BEGIN")
				if r := s.run(change); r.err != nil {
					t.Fatalf("%s: %s", change, r.one())
				}
				return s.run("TRUNCATE scratch")
			})
			f.expectNothingDone(t, func(s *session) reply {
				send(s, join(query("BEGIN"), query(change), query("TRUNCATE scratch")))
				s.answer()
				s.answer()
				return s.answer()
			})
		})
	}
	f.expectWorks(t, func(s *session) reply {
		s.run("SET work_mem = '8MB'")
		return s.run("TRUNCATE scratch")
	})
}
