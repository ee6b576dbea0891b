package breakglass

import (
	"fmt"
	"strings"
	"time"

	"github.com/pgcordon/pgcordon/proxy/admin"
	"github.com/pgcordon/pgcordon/proxy/guard"
)

// What is remembered of refused statements; beyond it the oldest are forgotten. A client
// that sends its statement again reads another id.
const (
	Memory      = time.Hour // how long an id is good for
	MaxRefusals = 4096
	MaxBytes    = 4 << 20 // of texts and values
	maxText     = 4 << 10 // bytes of one text
)

// Statement is a refused statement and what tells it from others.
type Statement struct {
	admin.Refusal
	Fingerprint guard.Fingerprint
}

// from tells whether the statement came from a session.
func (s *Statement) from(who Session) bool {
	return s.Target == who.Target && s.Source == who.Source && s.User == who.User && s.Database == who.Database
}

// refusals are the statements that were refused, oldest first.
type refusals struct {
	queue []*Statement
	byID  map[string]*Statement
	bytes int
}

func (r *refusals) add(s *Statement) {
	if len(s.SQL) > maxText {
		s.SQL = fmt.Sprintf("%s... (%d bytes)", strings.ToValidUTF8(s.SQL[:maxText], ""), len(s.SQL))
	}
	r.queue = append(r.queue, s)
	r.byID[s.ID] = s
	r.bytes += s.size()
	for len(r.queue) > MaxRefusals || r.bytes > MaxBytes {
		r.forget()
	}
}

// find returns a refusal that is remembered; nil where there is none of this id.
func (r *refusals) find(id string, now time.Time) *Statement {
	for len(r.queue) > 0 && now.Sub(r.queue[0].At) >= Memory {
		r.forget()
	}
	return r.byID[id]
}

// forget drops the oldest.
func (r *refusals) forget() {
	oldest := r.queue[0]
	r.queue[0] = nil
	r.queue = r.queue[1:]
	r.bytes -= oldest.size()
	delete(r.byID, oldest.ID)
}

func (s *Statement) size() int {
	n := len(s.SQL) + len(s.Reason) + len(s.User) + len(s.Database)
	for _, v := range s.Values {
		n += len(v)
	}
	return n
}
