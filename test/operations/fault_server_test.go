package operations

import (
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/pgcordon/pgcordon/test/pgtest"
)

func TestServerEndsASessionThatIsHeld(t *testing.T) {
	t.Parallel()
	eachHold(t, func(t *testing.T, h hold) {
		h.begin(t, few)
		h.server.Exec(t, anyDatabase, fmt.Sprintf("SELECT pg_terminate_backend(%d)", h.client.key.ProcessID))
		h.client.drained()
		if h.client.lastError().Code != "57P01" {
			t.Errorf("%+v", h.client.errors)
		}
		h.ended(t)
		h.release(t)
		h.expect(t, "categories", "20")
		h.raw(t, production).serves(t, false)
	})
}

func TestServerDiesWhileAStatementIsHeld(t *testing.T) {
	t.Parallel()
	for _, with := range relayed {
		t.Run(with.relay, func(t *testing.T) {
			t.Parallel()
			server := pgtest.Start(t, pgtest.Config{Major: with.major, Conf: map[string]string{"synchronous_commit": "on"}})
			for _, b := range boundings {
				o := operateWith(t, server, b.policy, "--relay", with.relay)
				o.server.Exec(t, o.database, waiting)
				o.raw(t, production).leave()
				before := o.footprint(t)
				for i, p := range []place{duringStatement, duringCount, duringCommit} {
					if p == duringCount && !b.asks {
						continue
					}
					for name, die := range deaths {
						t.Run(fmt.Sprint(b.name, "/", p.name, "/", name), func(t *testing.T) {
							h := hold{operated: o, bounding: b, place: p, way: ways[(i+len(name))%len(ways)]}
							h.dies(t, die)
						})
					}
				}
				o.unchanged(t, before)
			}
		})
	}
}

var deaths = map[string]func(t *testing.T, h *hold){
	// The postmaster then ends all the others, and starts again.
	"backend is killed": func(t *testing.T, h *hold) {
		const ready = "ready to accept connections"
		before := strings.Count(h.server.Log(), ready)
		if err := syscall.Kill(int(h.client.key.ProcessID), syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		await(t, "the server is back", func() bool { return strings.Count(h.server.Log(), ready) > before })
	},
	"immediate stop": func(t *testing.T, h *hold) {
		if err := h.server.Restart(); err != nil {
			t.Fatal(err)
		}
	},
}

// dies has the server die while the session is held.
func (h *hold) dies(t *testing.T, die func(t *testing.T, h *hold)) {
	h.begin(t, few)
	die(t, h)
	h.client.drained()
	if told := h.client.received.String(); strings.Contains(told, "COMMIT") {
		t.Errorf("the client received %q", told)
	}
	h.expect(t, "categories", "20")
	h.raw(t, production).serves(t, false)
}
