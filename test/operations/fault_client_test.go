package operations

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
)

// What a client that is gone had asked for may be committed, as it may without a guard; more
// than the bound may not.
func TestClientLeavesWhileItsStatementIsHeld(t *testing.T) {
	t.Parallel()
	leave := []func(c *client) error{
		func(c *client) error { return c.conn.Close() },
		func(c *client) error { // RST
			if err := c.conn.(*net.TCPConn).SetLinger(0); err != nil {
				return err
			}
			return c.conn.Close()
		},
		func(c *client) error {
			c.send(&pgproto3.Terminate{})
			return c.conn.Close()
		},
	}
	eachHold(t, func(t *testing.T, h hold) {
		for rows, most := range h.amounts() {
			for _, leaves := range leave {
				h.begin(t, rows)
				if err := leaves(h.client); err != nil {
					t.Fatal(err)
				}
				h.release(t)
				h.ended(t)
				if left := h.server.Query(t, h.database, "SELECT count(*) FROM categories"); left != "20" && left != most {
					t.Errorf("%s of 20 categories are left, of which %d were to go", left, rows)
				}
			}
		}
	})
}

// A client that sends nothing more still wants its answer.
func TestClientThatClosesItsSideIsAnswered(t *testing.T) {
	t.Parallel()
	eachHold(t, func(t *testing.T, h hold) {
		for rows, left := range h.amounts() {
			h.begin(t, rows)
			if err := h.client.conn.(*net.TCPConn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			h.release(t)
			h.client.want(h.way.decided(h.bounding, rows) + " | " + end)
			h.expect(t, "categories", left)
			h.ended(t)
		}
	})
}

// A hundred megabytes flow from a statement that is held to a client that does not read.
func TestSlowReaderOfAHeldStatement(t *testing.T) {
	t.Parallel()
	const most = 64 << 20
	eachRelay(t, func(t *testing.T, o operated, _ bounding) {
		const returning = "DELETE FROM categories WHERE id <= 20 RETURNING repeat('x', 5000000)"
		for name, send := range map[string][]pgproto3.FrontendMessage{
			"simple":   {query(returning)},
			"extended": messages(run(returning), syncs()),
		} {
			before := o.resident(t)
			c := o.raw(t, production)
			c.send(send...)
			await(t, "the server cannot send more", func() bool {
				return o.server.Query(t, anyDatabase, fmt.Sprintf(
					"SELECT count(*) FROM pg_stat_activity WHERE pid = %d AND wait_event = 'ClientWrite'", c.key.ProcessID)) == "1"
			})
			o.raw(t, production).serves(t, false)
			if now := o.resident(t); now-before > most {
				t.Errorf("%s: the guard took %d MiB", name, (now-before)>>20)
			}
			var rows int
			c.await("the refusal", func(m pgproto3.BackendMessage) bool {
				switch m := m.(type) {
				case *pgproto3.DataRow:
					rows++
				case *pgproto3.ErrorResponse:
					c.errors = append(c.errors, *m)
				case *pgproto3.ReadyForQuery:
					return true
				}
				c.received.Reset()
				return false
			})
			if rows != 20 || c.lastError().Code != "42501" || !strings.Contains(c.lastError().Message, "rule batch") {
				t.Errorf("%s: %d rows, errors %+v", name, rows, c.errors)
			}
			c.serves(t, false)
			c.leave()
			o.intact(t)
			if now := o.resident(t); now-before > most {
				t.Errorf("%s: the guard has kept %d MiB", name, (now-before)>>20)
			}
		}
	})
}

// resident is the guard's resident memory in bytes (proc(5), statm).
func (s stage) resident(t testing.TB) int {
	t.Helper()
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", s.guard.PID()))
	if err != nil {
		t.Fatal(err)
	}
	var size, resident int
	if _, err := fmt.Sscan(string(content), &size, &resident); err != nil {
		t.Fatal(err)
	}
	return resident * os.Getpagesize()
}
