package clients

import "testing"

func TestNodePostgresPrintsTheSame(t *testing.T) {
	eachMajor(t, func(t *testing.T, p pair) {
		p.same(t, func(t *testing.T, e endpoint, dir string) string {
			return e.succeed(t, dir, "node", "--no-deprecation", path(t, "node/session.js"))
		})
	})
}

func TestPsycopg2PrintsTheSame(t *testing.T) {
	eachMajor(t, func(t *testing.T, p pair) {
		p.same(t, func(t *testing.T, e endpoint, dir string) string {
			return e.succeed(t, dir, "/usr/bin/python3", path(t, "psycopg2/session.py"))
		})
	})
}
