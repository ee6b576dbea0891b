package rehearsal

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/pgcordon/pgcordon/parser"
	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/guard"
	"github.com/pgcordon/pgcordon/proxy/wire"
)

// session is a client and a pretended server with a guard between them. It does
// what a relay does, in memory.
type session struct {
	guard    *guard.Guard
	ruleset  *policy.Ruleset
	server   server
	now      time.Time
	nonces   int
	count    func(*policy.Deed) *policy.Trip
	decision policy.Decision // on what was sent last: the worst
	passed   bool            // of what was sent last, nothing was looked into
}

// noncePrefix begins every nonce, by which the pretended server knows what it must reject.
const noncePrefix = "pgcordon_rehearsal_"

const (
	cacheEntries = 1 << 10
	cacheBytes   = 1 << 20
)

func newSession(p *policy.Policy, t *policy.Target, c policy.Client, settings []wire.Setting) *session {
	s := &session{ruleset: p.Ruleset(t, c), now: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)}
	allowances := policy.NewAllowances(func() time.Time { return s.now })
	s.count = counter(p, t, c, func() time.Time { return s.now })
	who := policy.Holder{Target: t.Name, Source: c.Source.Environment, User: c.User}
	s.guard = guard.New(guard.Config{
		Rules:        guard.NewRules(s.ruleset),
		Cache:        parser.NewCache(cacheEntries, cacheBytes),
		InspectBytes: p.Limits.InspectBytes,
		ParseBytes:   p.Limits.ParseBytes,
		Source:       c.Source.Environment,
		Target:       t.Environment,
		Replication:  c.Replication,
		Observer:     s,
		Claim:        func(claims []policy.Claim) *policy.Spent { return allowances.Claim(who, claims) },
		Watch: func(signs *policy.Signs) (string, *policy.Trip) {
			return "", s.count(&policy.Deed{Signs: signs})
		},
		NewRefusal: s.newRefusal,
	}, settings)
	if s.ruleset.ReadOnly() { // as the proxy asks of a server
		settings = append(settings[:len(settings):len(settings)], wire.Setting{Name: "default_transaction_read_only", Value: "on"})
	}
	s.carry(s.server.login(settings), s.guard.FromServer)
	s.count(&policy.Deed{Actor: policy.Actor{Application: c.Application}, LoggedIn: true})
	return s
}

// counter returns what counts for tripwires, and the one that has tripped.
func counter(p *policy.Policy, t *policy.Target, c policy.Client, now func() time.Time) func(*policy.Deed) *policy.Trip {
	watch := policy.NewWatch(now, func() string { return "rehearsal" })
	return func(deed *policy.Deed) *policy.Trip {
		between := policy.Between{Source: c.Source.Environment, Target: t.Name}
		trip := watch.Count(between, p.TripwiresOf(t, c), t.Mode == policy.Audit, deed)
		if trip != nil && trip.Audit {
			return nil
		}
		return trip
	}
}

func (s *session) newRefusal() (event, nonce string) {
	s.nonces++
	return "rehearsal", fmt.Sprintf("%s%d", noncePrefix, s.nonces)
}

// Passed implements guard.Observer.
func (s *session) Passed() {}

// Judged implements guard.Observer.
func (s *session) Judged(_ parser.EffectSet, d policy.Decision) {
	s.passed = false
	if severity(d) >= severity(s.decision) {
		s.decision = d
	}
}

func (*session) Working(guard.Work) {}

func severity(d policy.Decision) int {
	switch {
	case d.Deny:
		return 3
	case d.WouldDeny:
		return 2
	case d.Record:
		return 1
	}
	return 0
}

// run sends a query string, by the extended protocol where there are parameters, and
// returns what was decided on it. unsure says why that cannot be known without
// a server; empty where it can.
func (s *session) run(sql string, parameters []*string) (d policy.Decision, unsure string) {
	s.decision, s.passed = policy.Decision{}, true
	unsure = s.server.unsure
	messages := wire.AppendQuery(nil, sql)
	if parameters != nil {
		messages = extended(sql, parameters)
	}
	s.send(messages)
	if d = s.decision; s.passed {
		d.Rule = s.allowing(sql)
	}
	return d, unsure
}

// allowing returns the rule that allows what no rule was asked about, because no word
// in it could matter; empty where none does.
func (s *session) allowing(sql string) string {
	d := s.ruleset.Decide(parser.Summarize(sql, parser.Options{}), policy.Context{})
	if severity(d) > 0 { // what does not parse does no harm: the server rejects it
		return ""
	}
	return d.Rule
}

// extended returns Parse, Bind, Execute and Sync with parameters in text format.
// https://www.postgresql.org/docs/current/protocol-message-formats.html
func extended(sql string, parameters []*string) []byte {
	bind := []byte{0, 0, 0, 0} // portal, statement, no format codes: text
	bind = binary.BigEndian.AppendUint16(bind, uint16(len(parameters)))
	for _, p := range parameters {
		if p == nil {
			bind = binary.BigEndian.AppendUint32(bind, 0xffffffff)
			continue
		}
		bind = append(binary.BigEndian.AppendUint32(bind, uint32(len(*p))), *p...)
	}
	bind = append(bind, 0, 0)
	out := append(wire.AppendParse(nil, nil, sql), message(wire.Bind, bind)...)
	return append(wire.AppendExecute(out, ""), message(wire.Sync, nil)...)
}

// send takes messages of the client through the guard, and what the server makes of
// them back, until both are quiet.
func (s *session) send(messages []byte) {
	for {
		reached, left := s.carry(messages, s.guard.FromClient)
		replies := s.server.receive(reached)
		s.carry(replies, s.guard.FromServer)
		if messages = left; len(messages) == 0 || len(replies) == 0 {
			return
		}
	}
}

// carry does what a relay does with the operations of one side. left is what the
// guard has not consumed.
func (s *session) carry(in []byte, judge func([]byte, guard.Ops) (guard.Ops, int)) (out, left []byte) {
	ops, _ := judge(in, nil)
	for _, op := range ops {
		switch op.Kind {
		case guard.Pass:
			out, in = append(out, in[:op.N]...), in[op.N:]
		case guard.Drop:
			in = in[op.N:]
		case guard.Send:
			out = append(out, op.Bytes...)
		case guard.Finish:
			if e := op.Event; e.Kind == guard.Refused {
				s.count(&policy.Deed{Signs: e.Decision.Signs, Refused: true})
			}
		}
	}
	return out, in
}
