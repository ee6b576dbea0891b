package operations

import (
	"strings"
	"syscall"
	"testing"

	"github.com/pgcordon/pgcordon/proxy/admin"
	"github.com/pgcordon/pgcordon/test/pgtest"
)

func TestHeldSessionIsKilled(t *testing.T) {
	t.Parallel()
	eachHold(t, func(t *testing.T, h hold) {
		h.begin(t, few)
		id := h.session(t, "the one that is held", func(admin.Session) bool { return true }).ID
		if _, err := admin.NewClient(h.socket).Kill(admin.Kill{IDs: []string{id}}); err != nil {
			t.Fatal(err)
		}
		h.client.drained()
		if h.client.lastError().Code != "57P01" {
			t.Errorf("%+v", h.client.errors)
		}
		h.ended(t) // with the lock still there: the server was told to cancel
		h.release(t)
		h.expect(t, "categories", "20")
	})
}

// follow puts another policy in the place of the bounding's.
func (h *hold) follow(t testing.TB, next string) {
	t.Helper()
	h.reloaded(t, func() {
		h.guard.Configure(t, strings.Replace(h.config, h.bounding.policy, next+"# "+t.Name()+"\n", 1))
		h.guard.Signal(t, syscall.SIGHUP)
	})
}

// What is held when a policy comes is not let go by it.
func TestPolicyChangesWhileAStatementIsHeld(t *testing.T) {
	t.Parallel()
	next := map[string]string{
		"unbounded": "builtin: false\n",
		"refusing":  "builtin: false\nstatements: [{name: no-delete, action: deny, when: {effect: delete}}]\n",
		"rows":      boundings[0].policy,
		"effects":   boundings[2].policy,
	}
	eachRelay(t, func(t *testing.T, o operated, b bounding) {
		for i, p := range []place{duringStatement, duringCount, duringCommit} {
			if p == duringCount && !b.asks {
				continue
			}
			for j, w := range ways {
				for name, policy := range next {
					if (i+j+len(name))%2 == 0 { // half of them each time
						continue
					}
					t.Run(p.name+"/"+w.name+"/"+name, func(t *testing.T) {
						h := hold{operated: o, bounding: b, place: p, way: w}
						for rows, left := range h.amounts() {
							h.follow(t, b.policy)
							h.begin(t, rows)
							h.follow(t, policy)
							h.release(t)
							told := w.decided(b, rows)
							h.client.want(told)
							h.expect(t, "categories", left)
							h.client.serves(t, strings.HasSuffix(told, "Z E"))
							h.client.leave()
						}
					})
				}
			}
		}
	})
}

func TestShutdownWhileAStatementIsHeld(t *testing.T) {
	t.Parallel()
	for _, with := range relayed {
		for _, b := range boundings {
			for name, drain := range map[string]string{"patient": "300s", "at once": "0s"} {
				t.Run(with.relay+"/"+b.name+"/"+name, func(t *testing.T) {
					t.Parallel()
					server := pgtest.Shared(t, with.major)
					h := hold{bounding: b, place: duringCommit, way: ways[0]}
					h.operated = operateWith(t, server, b.policy+"limits: {drain: "+drain+"}\n", "--relay", with.relay)
					h.server.Exec(t, h.database, waiting)
					h.begin(t, few)
					if name == "at once" {
						h.guard.Signal(t, syscall.SIGTERM)
						h.client.want("E 57P01 | " + end)
						h.gone(t)
						h.ended(t)
						h.release(t)
						h.expect(t, "categories", "20")
						return
					}
					h.draining(t)
					h.release(t)
					h.client.want(h.way.decided(b, few))
					h.client.serves(t, false)
					h.client.leave()
					h.gone(t)
					h.expect(t, "categories", "10")
				})
			}
		}
	}
}
