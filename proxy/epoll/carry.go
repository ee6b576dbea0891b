//go:build linux

package epoll

import (
	"runtime"

	"golang.org/x/sys/unix"

	"github.com/pgcordon/pgcordon/proxy/guard"
)

// carryOut performs operations on in, which e has sent, with one write for as many
// of them as possible. What they do not consume is held. Nobody else refers to in where it
// is the session's own.
func (s *session) carryOut(e *end, ops guard.Ops, in []byte, need int, own bool) {
	parts, consumed := s.loop.parts[:0], 0
	for i, op := range ops {
		switch op.Kind {
		case guard.Pass:
			parts = append(parts, in[consumed:consumed+op.N])
			consumed += op.N
		case guard.Drop:
			consumed += op.N
		case guard.Send:
			parts = append(parts, op.Bytes)
			own = false // it is the guard's
		case guard.Begin:
			s.observer.Begin(op.Event)
		case guard.Finish:
			if !s.observer.Finish(op.Event, false) {
				s.forward(e.peer(), parts, own)
				s.suspend(e, ops[i:], in[consumed:], need)
				return
			}
		case guard.End:
			s.forward(e.peer(), parts, own)
			s.leave(s.guard.Farewell(), nil)
			return
		}
	}
	s.forward(e.peer(), parts, own)
	if s.leaving {
		return
	}
	e.hold(in[consumed:], need)
	e.paused = need == 0
}

// forward writes the parts to an end, which may keep them where they are the session's own.
func (s *session) forward(to *end, parts [][]byte, own bool) {
	var err error
	switch len(parts) {
	case 0:
		return
	case 1:
		err = to.send(parts[0], own)
	default: // a refusal is among them: rare
		var all []byte
		for _, p := range parts {
			all = append(all, p...)
		}
		err = to.send(all, true)
	}
	s.loop.parts = parts[:0]
	if err != nil {
		s.writeFailed(to, err)
	}
}

// suspend waits, away from the loop, until an event is recorded; the first of ops
// finishes it. Until then e is not read. What the operations refer to in the guard
// stays valid, because the guard is not asked about e in the meantime.
func (s *session) suspend(e *end, ops guard.Ops, in []byte, need int) {
	e.waiting = true
	rest := append(guard.Ops(nil), ops[1:]...)
	held := e.own(in)
	event := ops[0].Event
	go func() {
		s.observer.Finish(event, true)
		s.loop.post(func() { s.resume(e, rest, held, need) })
	}()
}

// judgeAside has the guard asked away from the loop, where a long text holds up no
// other session. The guard belongs to that goroutine meanwhile, so neither end is
// read.
func (s *session) judgeAside(in []byte) {
	s.aside = true
	held := s.client.own(in)
	go func() {
		stepBack()
		ops, need, err := s.ask(&s.client, held, nil)
		s.loop.post(func() { s.judgedAside(ops, held, need, err) })
	}()
}

// stepBack makes the goroutine's thread give way to the loop's, where there are not
// enough processors for both. The thread ends with the goroutine: a priority that was
// given up cannot be taken back.
func stepBack() {
	runtime.LockOSThread()
	const behindOthers = 10                                  // nice(2)
	_ = unix.Setpriority(unix.PRIO_PROCESS, 0, behindOthers) // of this thread (setpriority(2)); it can only come later without
}

// judgedAside takes the guard back into the loop.
func (s *session) judgedAside(ops guard.Ops, in []byte, need int, err error) {
	s.aside = false
	switch {
	case s.closing:
		s.close()
	case err != nil:
		s.leave(nil, err)
	default:
		s.resume(&s.client, ops, in, need)
	}
}

// resume goes on with what suspend left.
func (s *session) resume(e *end, ops guard.Ops, in []byte, need int) {
	if s.leaving {
		return
	}
	e.waiting = false
	s.carryOut(e, ops, in, need, true)
	s.unpause() // the answer that it is to wait for may have come meanwhile
	s.rearm()
}
