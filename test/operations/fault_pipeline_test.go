package operations

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/pgcordon/pgcordon/test/pgtest"
)

// pipelined is how many statements a client sends before it reads.
const pipelined = 10_000

// eachBounding runs a test with each bounding, each with another relay.
func eachBounding(t *testing.T, test func(t *testing.T, s stage, b bounding)) {
	for i, b := range boundings {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			s := operateWith(t, pgtest.Shared(t, relayed[i].major), b.policy, "--relay", relayed[i].relay).stage
			s.server.Exec(t, s.database, "ANALYZE categories")
			before := s.resident(t)
			test(t, s, b)
			const most = 64 << 20
			if now := s.resident(t); now-before > most {
				t.Errorf("the guard took %d MiB", (now-before)>>20)
			}
		})
	}
}

// pipeline sends messages without waiting for what comes.
func (s stage) pipeline(t *testing.T, all []pgproto3.FrontendMessage) *client {
	c := s.raw(t, production)
	_ = c.conn.SetDeadline(time.Now().Add(5 * patience)) // each statement is waited for
	go c.send(all...)
	return c
}

func TestLongPipelineOfHeldStatements(t *testing.T) {
	t.Parallel()
	eachBounding(t, func(t *testing.T, s stage, b bounding) {
		var all []pgproto3.FrontendMessage
		var told []string
		for i := range pipelined {
			rows, w := 0, ways[0]
			if i%100 >= 98 {
				rows = many
			}
			if i%2 == 0 {
				w = ways[3]
			}
			all = append(all, messages(w.send(deletes(rows))...)...)
			if rows == many {
				told = append(told, w.told(b, duringCount, "42501", rows))
			} else {
				told = append(told, w.told(b, duringCount, "", rows))
			}
		}
		c := s.pipeline(t, all)
		for _, line := range told {
			c.want(line)
		}
		s.intact(t)
		c.serves(t, false)
		c.leave()
	})
}

// One of many statements of a section deletes too much; nothing of the section is left.
func TestLongSectionOfHeldStatements(t *testing.T) {
	t.Parallel()
	eachBounding(t, func(t *testing.T, s stage, b bounding) {
		var all []pgproto3.FrontendMessage
		for range pipelined {
			all = append(all, run("DELETE FROM categories WHERE id = 0")...)
		}
		c := s.pipeline(t, append(append(all, run(deletes(many))...), syncs()))
		for range pipelined {
			c.want("1 | 2 | C DELETE 0")
		}
		c.want(ways[3].told(b, duringCount, "42501", many))
		s.intact(t)
		c.serves(t, false)
		c.leave()
	})
}
