package relay

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pgcordon/pgcordon/proxy/guard"
)

// Pumps is the Relay of two goroutines a session. It works on every system and
// is the reference for any other.
type Pumps struct{}

// pumps is one running session: pumpClient is the only writer of the server's
// socket, pumpServer of the client's.
type pumps struct {
	*Link
	mu       sync.Mutex    // one call of the guard at a time; held for no I/O
	answered chan struct{} // the server has answered something
	ended    atomic.Bool   // the guard said End
	over     chan struct{} // pumpServer is done
}

// Run implements Relay. It returns when the session is over.
func (Pumps) Run(l *Link, done Done) { done(run(l), true) }

func run(l *Link) error {
	p := &pumps{Link: l, answered: make(chan struct{}, 1), over: make(chan struct{})}
	l.Ending.Hear(p.interrupt)
	defer l.Ending.Hear(nil)
	fromClient := make(chan error, 1)
	go func() {
		err := guarded(Client, p.pumpClient)
		if isPanic(err) {
			p.interrupt()
		}
		fromClient <- err
	}()
	err := guarded(Server, p.pumpServer)
	_ = p.Server.Close()
	close(p.over)
	clientErr := <-fromClient
	_ = p.Client.Close()
	if err == nil {
		err = clientErr
	}
	return err
}

// interrupt makes pumpServer return soon, even if it is writing to a client that
// does not read.
func (p *pumps) interrupt() {
	_ = p.Client.SetWriteDeadline(time.Now().Add(Linger))
	_ = p.Server.SetReadDeadline(time.Unix(1, 0))
}

// pumpClient moves bytes from the client to the server.
func (p *pumps) pumpClient() error {
	w := newWindow()
	defer w.release()
	w.append(p.Behind)
	out := &gather{to: p.Server, observer: p.Observer}
	var ops guard.Ops
	for {
		var need int
		ops, need = p.judgeClient(w.bytes(), ops[:0])
		n, err := out.carryOut(ops, w.bytes())
		w.consume(n)
		switch {
		case errors.Is(err, errEnded):
			p.ended.Store(true)
			p.interrupt()
			return p.discard()
		case err != nil:
			return p.discard() // the server's pump knows why
		case need == 0:
			if !p.awaitAnswer() {
				return p.discard()
			}
			continue
		}
		got, err := p.Client.Read(w.reserve(need))
		w.filled(got)
		p.Observer.Moved(got, 0)
		if err != nil {
			return p.clientGone(err)
		}
	}
}

// judgeClient asks the guard, by the rules in force.
func (p *pumps) judgeClient(in []byte, ops guard.Ops) (guard.Ops, int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Guard.Adopt(p.Rules())
	start := time.Now()
	ops, need := p.Guard.FromClient(in, ops)
	p.Observer.Spent(time.Since(start))
	return ops, need
}

// awaitAnswer waits until the server has answered something; false where it
// never will.
func (p *pumps) awaitAnswer() bool {
	select {
	case <-p.answered:
		return true
	case <-p.over:
		return false
	}
}

// clientGone tells the server that nothing more comes, as the client's own
// closing would have. Its last answers still go out.
func (p *pumps) clientGone(err error) error {
	closeWrite(p.Server)
	if errors.Is(err, io.EOF) {
		return nil
	}
	return &Error{Side: Client, Op: "read from the client", Err: err}
}

// discard reads what the client still sends, until it closes or pumpServer does.
func (p *pumps) discard() error {
	drain(p.Client)
	return nil
}

// pumpServer moves bytes from the server to the client.
func (p *pumps) pumpServer() error {
	w := newWindow()
	defer w.release()
	out := &gather{to: p.Client, observer: p.Observer}
	err := p.serverLoop(w, out)
	p.cut()
	p.mu.Lock()
	farewell, boundary := p.lastWords(), p.Guard.AtBoundary()
	p.mu.Unlock()
	if farewell != nil && boundary && !clientFailed(err) {
		_ = p.Client.SetWriteDeadline(time.Now().Add(Linger))
		_, _ = p.Client.Write(farewell)
	}
	beginClose(p.Client)
	if farewell != nil {
		return nil // it was told to end, and did
	}
	return err
}

// cut leaves the server at once where the session was told to end. From there on
// pumpClient cannot give it work, so that the observer knows of all that it has.
func (p *pumps) cut() {
	if _, over := p.Ending.Over(); !over {
		return
	}
	_ = p.Server.Close()
	p.mu.Lock()
	key := p.Guard.CancelKey()
	p.mu.Unlock()
	p.Observer.Cut(key)
}

func (p *pumps) serverLoop(w *window, out *gather) error {
	var ops guard.Ops
	for {
		var need int
		ops, need = p.judgeServer(w.bytes(), ops[:0])
		n, err := out.carryOut(ops, w.bytes())
		w.consume(n)
		select {
		case p.answered <- struct{}{}:
		default:
		}
		switch {
		case errors.Is(err, errEnded):
			p.ended.Store(true)
			return nil
		case err != nil:
			return &Error{Side: Client, Op: "write to the client", Err: err}
		}
		got, err := p.Server.Read(w.reserve(need))
		w.filled(got)
		p.Observer.Moved(0, got)
		if err != nil {
			return p.serverGone(w, out, err)
		}
	}
}

func (p *pumps) judgeServer(in []byte, ops guard.Ops) (guard.Ops, int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.Guard.FromServer(in, ops)
}

// serverGone passes on what was read last. A partial message that was held goes
// out as it is: the client sees what it would have seen.
func (p *pumps) serverGone(w *window, out *gather, err error) error {
	ops, _ := p.judgeServer(w.bytes(), nil)
	n, writeErr := out.carryOut(ops, w.bytes())
	w.consume(n)
	if writeErr == nil && len(w.bytes()) > 0 {
		_, _ = p.Client.Write(w.bytes())
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return &Error{Side: Server, Op: "read from the server", Err: err}
}

// lastWords returns what the client is to be told at the end; nil where nothing is.
func (p *pumps) lastWords() []byte {
	if p.ended.Load() {
		return p.Guard.Farewell()
	}
	if f, _ := p.Ending.Over(); f != nil {
		return f.Encode()
	}
	return nil
}

// closeWrite sends FIN, or TLS's close_notify, and leaves the other direction open.
func closeWrite(c net.Conn) {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
		return
	}
	_ = c.Close()
}

// beginClose lets the client read what it was sent before the connection goes.
// Whoever reads the client ends within Linger.
func beginClose(c net.Conn) {
	_ = c.SetWriteDeadline(time.Now().Add(Linger))
	_ = c.SetReadDeadline(time.Now().Add(Linger))
	closeWrite(c)
}

// drain reads and throws away what a client still sends, until it closes or its
// deadline passes.
func drain(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

func clientFailed(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Side == Client
}
