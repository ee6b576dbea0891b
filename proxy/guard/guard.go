package guard

import (
	"github.com/pgcordon/pgcordon/parser"
	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/wire"
)

// Config is what a Guard has to know of its session. Its fields are not changed
// by the Guard.
type Config struct {
	Rules          *Rules
	Cache          *parser.Cache
	InspectBytes   int    // longest message to hold; a longer one counts as unknown
	ParseBytes     int    // longest text to parse; a longer one counts as unknown
	Source, Target string // environments, for the message of a refusal
	Replication    bool
	Receipts       bool // there is a server that can be asked for them
	SASL           SASL
	Observer       Observer
	// Claim asks the allowances of rules for a string that is about to execute, as
	// policy.Allowances.Claim does.
	Claim func([]policy.Claim) *policy.Spent
	// Watch tells the tripwires what a string that is about to execute would empty. It
	// returns the id of the event that is to tell of the string, and the tripwire that
	// refuses it, if one does. It must not wait.
	Watch func(*policy.Signs) (event string, trip *policy.Trip)
	// NewRefusal returns an event id, and a nonce that no client can guess:
	// [a-z0-9_], at most 63 bytes.
	NewRefusal func() (event, nonce string)
}

// Guard judges one session, from the first byte after the startup packet. Its
// methods must not be called concurrently.
type Guard struct {
	cfg   Config
	rules *Rules
	// After a change of policy: reloaded is true, and stillClean tells whether a
	// text that was clean before is clean by the new prefilter too.
	reloaded, stillClean bool
	// postponed is true once a statement was let through to be judged with the values of
	// its parameters.
	postponed bool
	// blocked is true from when the client has to wait until the server says something.
	blocked  bool
	poisoned bool // the client broke the protocol: the server will say so
	working  Work // what the observer was last told
	readOnly readOnly
	status   byte    // of the transaction, as the last ReadyForQuery told it
	script   *script // nil unless the client has to wait for what the guard has to say
	// transaction is nil unless rows or effects are bounded.
	transaction *transaction

	client, server      stream
	replies             replies
	statements, portals registry
	meaning             meaning
	glass               *glass // nil where operators have no say
	temporary           temporary
	login               login
	calls               calls
	memo                *memo
	scratch             []*judged
	toServer, toClient  []byte // what Send operations refer to
	// ops is the list of the call under way: one of the call's own would be allocated
	// each time.
	ops      Ops
	farewell []byte
}

// stream is the place in one direction's bytes.
type stream struct {
	skip uint32 // bytes of the current message that are still to come
	drop bool   // what to do with them
}

// New returns the guard of a session whose startup packet, which makes those settings,
// has just been sent to the server.
func New(cfg Config, settings []wire.Setting) *Guard {
	g := &Guard{cfg: cfg, rules: cfg.Rules}
	g.meaning.begin(settings)
	g.bounded()
	return g
}

// Adopt makes the guard judge by the given rules from the next message on.
func (g *Guard) Adopt(rules *Rules) {
	if rules == g.rules {
		return
	}
	g.stillClean = g.rules.interest.covers(rules.interest) && (!g.reloaded || g.stillClean)
	g.rules, g.reloaded = rules, true
	g.bounded()
}

// bounded begins to follow the session's transactions where the rules bound what they do.
// Whatever is under way is held to its end to the bounds that it began with, where the rules have
// none any more.
func (g *Guard) bounded() {
	t, bounds := g.transaction, g.rules.ruleset.Transaction()
	switch {
	case t != nil && bounds != nil:
		t.bounds = bounds
	case t != nil && (g.script != nil || t.own || t.touched || t.unsettled != nil):
	case !g.rules.ruleset.Bounded() || g.cfg.Replication:
		g.transaction = nil
	case t == nil:
		g.transaction = newTransaction(g.rules, g.status)
	default:
		t.bounds = nil
	}
}

// outlived tells whether what is under way is held to bounds that the rules do not have: what
// ends it is nothing to their prefilter.
func (g *Guard) outlived() bool {
	return g.transaction != nil && g.transaction.bounds != nil && g.rules.ruleset.Transaction() == nil
}

// FromClient judges bytes from the client. It returns the operations that consume
// a prefix of in, appended to ops, and how many bytes the driver must have, the
// unconsumed rest included, before another call can get further; 0 where the
// client's side must wait until the server has answered something.
func (g *Guard) FromClient(in []byte, ops Ops) (Ops, int) {
	g.toServer, g.ops = g.toServer[:0], ops
	need := g.judgeClient(in, &g.ops)
	g.blocked = need == 0
	g.tellWork()
	return g.ops, need
}

func (g *Guard) judgeClient(in []byte, ops *Ops) (need int) {
	for {
		in = g.client.consume(in, ops)
		if g.client.skip > 0 { // nothing is put into the middle of a message
			return 1
		}
		if !g.released(ops) && !g.replies.copying {
			return 0
		}
		if g.poisoned {
			ops.drop(len(in))
			return 1
		}
		if len(in) == 0 {
			return 1
		}
		if g.replies.full() {
			return 0
		}
		n, need := g.clientMessage(in, ops)
		switch {
		case need == awaitServer:
			return 0
		case need > 0:
			return need
		}
		if g.script == nil && (in[0] == wire.Query || in[0] == wire.Sync) {
			g.script = g.settlement()
		}
		in = in[n:]
	}
}

// heavyText is from which length on a text may take so long to judge that others
// should not have to wait for it, in bytes: a millisecond is about 30 KiB of SQL.
const heavyText = 8 << 10

// Heavy tells whether FromClient may take long over these bytes, so that a driver
// of many sessions should call it where it holds up no other.
func (g *Guard) Heavy(in []byte) bool {
	return !g.blocked && len(in) > heavyText && g.client.skip == 0 && !g.poisoned && (in[0] == wire.Query || in[0] == wire.Parse)
}

// FromServer looks at bytes from the server, with the same contract as
// FromClient; it never returns 0.
func (g *Guard) FromServer(in []byte, ops Ops) (Ops, int) {
	g.toClient, g.ops = g.toClient[:0], ops
	g.blocked = false
	need := g.judgeServer(in, &g.ops)
	g.tellWork()
	return g.ops, need
}

func (g *Guard) judgeServer(in []byte, ops *Ops) (need int) {
	for {
		in = g.server.consume(in, ops)
		if len(in) < wire.HeaderSize {
			return wire.HeaderSize
		}
		n, need := g.serverMessage(in, ops)
		if need > 0 {
			return need
		}
		in = in[n:]
	}
}

// consume takes what is left of the current message from in.
func (s *stream) consume(in []byte, ops *Ops) []byte {
	n := min(int(s.skip), len(in))
	if n == 0 {
		return in
	}
	s.skip -= uint32(n)
	s.move(n, ops)
	return in[n:]
}

func (s *stream) move(n int, ops *Ops) {
	if s.drop {
		ops.drop(n)
	} else {
		ops.pass(n)
	}
}

// forward passes or drops a whole message of the given size, of which in may
// hold only the beginning, with its header: the rest has less than 4 GiB. It returns
// how much of in it consumed.
func (s *stream) forward(in []byte, size int, drop bool, ops *Ops) int {
	n := min(size, len(in))
	s.skip, s.drop = uint32(size-n), drop
	s.move(n, ops)
	return n
}

// AtBoundary tells whether the client has received whole messages only, so that
// another one may be sent to it.
func (g *Guard) AtBoundary() bool { return g.server.skip == 0 }

// tellWork tells the observer where what the session is at has changed.
func (g *Guard) tellWork() {
	g.replies.dropSilent()
	working := Active
	if g.replies.idle() {
		working = Idle
		if g.status == 'T' || g.status == 'E' {
			working = IdleInTransaction
		}
	}
	if working != g.working {
		g.working = working
		g.cfg.Observer.Working(working)
	}
}

// Farewell returns the last message for the client after an End operation;
// empty where there is none.
func (g *Guard) Farewell() []byte { return g.farewell }

// InLogin tells whether the server has not yet accepted the login.
func (g *Guard) InLogin() bool { return !g.login.ready }

// Unfinished returns the events whose statements the server has not answered.
// It is for the end of a session.
func (g *Guard) Unfinished() []*Event {
	var events []*Event
	for _, q := range g.replies.pending() {
		if q.event != nil {
			events = append(events, q.event)
		}
	}
	if g.script != nil && g.script.event != nil {
		events = append(events, g.script.event)
	}
	if t := g.transaction; t != nil && t.unsettled != nil {
		events = append(events, t.unsettled.event())
	}
	return events
}
