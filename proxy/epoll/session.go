//go:build linux

package epoll

import (
	"fmt"
	"runtime/debug"
	"time"

	"github.com/pgcordon/pgcordon/proxy/guard"
	"github.com/pgcordon/pgcordon/proxy/relay"
)

// turns is how often a leg with TLS is read before others get theirs.
const turns = 8

// timed is how many judgements go by for one whose time is taken.
const timed = 16

// session is one client and its server. All of it belongs to the loop.
type session struct {
	guard          *guard.Guard
	observer       relay.Observer
	rules          func() *guard.Rules
	ending         *relay.Ending
	loop           *loop
	client, server end
	done           relay.Done

	// deaf is true once the server takes nothing more: what the client sends is
	// dropped, and the server's own end is waited for.
	deaf bool
	// leaving is true from the first reason to end on: the server is closed, and the
	// client is read until it closes or the time for that is over.
	leaving bool
	// aside is true while the guard is asked away from the loop, when neither end is read;
	// closing, that the end waits for it.
	aside, closing bool
	// judgements counts calls of the guard, to time one in a few.
	judgements uint8
	err        error
	timer      *time.Timer
}

func newSession(l *loop, link *relay.Link, client, server leg, done relay.Done) *session {
	s := &session{guard: link.Guard, observer: link.Observer, rules: link.Rules, ending: link.Ending, loop: l, done: done}
	s.client = end{session: s, fd: client.fd}
	s.server = end{session: s, fd: server.fd}
	s.client.secure(client)
	s.server.secure(server)
	return s
}

// begin takes the session into the loop. What the client sent behind its startup packet
// is behind.
func (s *session) begin(behind []byte) {
	for _, e := range []*end{&s.client, &s.server} {
		if err := s.loop.register(e); err != nil {
			s.leave(nil, &relay.Error{Side: relay.Client, Op: "watch a socket", Err: err})
			return
		}
	}
	s.ending.Hear(func() { s.loop.post(s.killed) })
	if len(behind) > 0 {
		s.judge(&s.client, behind)
	}
	s.rearm()
}

func (s *session) rearm() {
	for _, e := range []*end{&s.client, &s.server} {
		if e.fd >= 0 {
			e.rearm()
		}
	}
}

// readable reads one end and lets the guard judge what came. What TLS has read ahead
// of itself shows in no event, so a leg with TLS is read until it has nothing more, or
// has had its turn.
func (s *session) readable(e *end) {
	s.readOnce(e)
	for turn := 1; e.ahead() && turn < turns && !s.blocked(e); turn++ {
		s.readOnce(e)
	}
}

// blocked tells whether an end must not be read now.
func (s *session) blocked(e *end) bool {
	return e.fd < 0 || e.over != nil || !s.leaving && (s.aside || e.waiting || e.paused || len(e.peer().unsent) > 0)
}

// away tells whether the guard is asked away from the loop, by a session that is to go on.
func (s *session) away() bool { return s.aside && !s.leaving }

func (s *session) readOnce(e *end) {
	if s.blocked(e) {
		return
	}
	in, got := e.fill()
	s.received(e, in, got)
}

// received handles what a read of an end has brought: got new bytes, the last of in.
func (s *session) received(e *end, in []byte, got int) {
	if got > 0 {
		s.count(e, got)
		if s.leaving || s.deaf && e == &s.client {
			e.hold(nil, 0)
			return
		}
		s.judge(e, in)
	}
	if e.over != nil {
		s.gone(e)
	}
}

func (s *session) count(e *end, n int) {
	if e == &s.client {
		s.observer.Moved(n, 0)
	} else {
		s.observer.Moved(0, n)
	}
}

// judge asks the guard about what an end has sent, held bytes included.
func (s *session) judge(e *end, in []byte) {
	if e == &s.client && s.guard.Heavy(in) {
		s.judgeAside(in)
		return
	}
	ops, need, err := s.ask(e, in, s.loop.ops[:0])
	s.loop.ops = ops
	if err != nil {
		s.leave(nil, err)
		return
	}
	s.carryOut(e, ops, in, need, false)
	if e == &s.server {
		s.unpause()
	}
}

// unpause has the guard asked again about what it could not judge before the server
// had answered something.
func (s *session) unpause() {
	if !s.client.paused || s.leaving || s.aside {
		return
	}
	held := s.client.held
	s.client.paused, s.client.held = false, nil
	s.judge(&s.client, held)
}

// ask calls the guard. A defect that makes it panic ends this session alone.
func (s *session) ask(e *end, in []byte, room guard.Ops) (ops guard.Ops, need int, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &relay.Error{Side: relay.Client, Op: "relay", Err: fmt.Errorf("%v\n%s", r, debug.Stack()), Panic: true}
		}
	}()
	if e == &s.server {
		ops, need = s.guard.FromServer(in, room)
	} else {
		ops, need = s.askClient(in, room)
	}
	return ops, need, nil
}

func (s *session) askClient(in []byte, room guard.Ops) (guard.Ops, int) {
	s.guard.Adopt(s.rules())
	if s.judgements++; s.judgements%timed != 0 {
		return s.guard.FromClient(in, room)
	}
	start := time.Now()
	ops, need := s.guard.FromClient(in, room)
	s.observer.Spent(time.Since(start))
	return ops, need
}

// gone handles an end from which nothing more can be read.
func (s *session) gone(e *end) {
	switch {
	case s.leaving:
		s.close()
	case e == &s.client:
		s.server.finish() // as the client's own closing would have told it
		if err := e.failure(); err != nil {
			s.err = &relay.Error{Side: relay.Client, Op: "read from the client", Err: err}
		}
	default:
		// A partial message that was held goes out as it is: the client sees what it
		// would have seen.
		if len(e.held) > 0 {
			_ = s.client.send(e.held, false)
		}
		err := s.err
		if cause := e.failure(); cause != nil {
			err = &relay.Error{Side: relay.Server, Op: "read from the server", Err: cause}
		}
		s.leave(nil, err)
	}
}

// writeFailed handles an end that takes nothing more.
func (s *session) writeFailed(e *end, err error) {
	if e == &s.server {
		s.deaf = true
		return
	}
	s.client.last = true
	s.leave(nil, &relay.Error{Side: relay.Client, Op: "write to the client", Err: err})
}

// killed ends the session because it was told to end.
func (s *session) killed() {
	if s.leaving {
		return
	}
	s.observer.Cut(s.guard.CancelKey())
	if f, _ := s.ending.Over(); f != nil {
		s.leave(f.Encode(), nil)
		return
	}
	s.leave(nil, nil)
}

// leave begins the end of the session: with a farewell where the client is at the
// boundary of a message.
func (s *session) leave(farewell []byte, err error) {
	if s.leaving {
		return
	}
	s.leaving, s.err = true, err
	if len(farewell) > 0 && s.guard.AtBoundary() {
		_ = s.client.send(farewell, false)
	}
	s.loop.close(&s.server)
	s.server.unsent, s.client.waiting, s.client.paused = nil, false, false
	s.client.hold(nil, 0)
	if s.client.over != nil {
		s.close()
		return
	}
	s.client.finish()
	s.timer = time.AfterFunc(relay.Linger, func() { s.loop.post(s.close) })
	if s.client.fd >= 0 {
		s.client.rearm()
	}
}

// close is the end.
func (s *session) close() {
	if s.done == nil {
		return
	}
	if s.aside {
		s.closing = true
		return
	}
	s.loop.close(&s.client)
	s.loop.close(&s.server)
	s.ending.Hear(nil)
	if s.timer != nil {
		s.timer.Stop()
	}
	done, err := s.done, s.err
	s.done = nil
	if !done(err, false) {
		go done(err, true)
	}
}
