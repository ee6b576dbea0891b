package parity

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// patience is how long a script waits for what must come. It only ends a test
// that has failed anyway.
const patience = 20 * time.Second

// message is one message from the server. A type of 0 marks the one-byte answer to
// an encryption request, and what is left of a stream that ends in no whole message.
type message struct {
	kind byte
	body []byte
}

// session is one connection of a script's client.
type session struct {
	conn     net.Conn
	split    splitter
	unsent   []byte    // messages go out together where the script next waits
	messages []message // received and taken apart so far
	key      []byte    // BackendKeyData's body, for cancel

	mu       sync.Mutex
	received []byte // not yet taken apart
	closed   bool
	arrived  chan struct{} // has a token when received or closed changed
}

// splitter cuts what is sent into the pieces of separate writes.
type splitter func(bytes []byte) [][]byte

func dial(addr string, split splitter) (*session, error) {
	conn, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		return nil, fmt.Errorf("dial: %w", err)
	}
	s := &session{conn: conn, split: split, arrived: make(chan struct{}, 1)}
	go s.receive()
	return s, nil
}

// receive gathers what comes in, always, because a server stops reading from a
// client that does not read.
func (s *session) receive() {
	buffer := make([]byte, 64<<10)
	for {
		n, err := s.conn.Read(buffer)
		s.mu.Lock()
		s.received = append(s.received, buffer[:n]...)
		s.closed = err != nil
		s.mu.Unlock()
		select {
		case s.arrived <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

func (s *session) send(bytes []byte) { s.unsent = append(s.unsent, bytes...) }

// push writes what was sent. A server that has closed already makes it fail, which
// the messages received show better than an error could.
func (s *session) push() {
	for _, piece := range s.split(s.unsent) {
		if _, err := s.conn.Write(piece); err != nil {
			break
		}
	}
	s.unsent = nil
}

// await takes apart what arrived until enough says so of the message just taken,
// or until the connection is closed. It reports which.
func (s *session) await(what string, enough func(message) bool) (closed bool, err error) {
	s.push()
	deadline := time.After(patience)
	for {
		m, state := s.take()
		switch state {
		case whole:
			s.keep(m)
			if enough(m) {
				return false, nil
			}
			continue
		case ended:
			return true, nil
		}
		select {
		case <-s.arrived:
		case <-deadline:
			return false, fmt.Errorf("no %s after %s; so far:\n%s", what, patience, tail(s.messages, 20))
		}
	}
}

// answer waits for the one byte that answers an encryption request.
func (s *session) answer() error {
	s.push()
	deadline := time.After(patience)
	for {
		s.mu.Lock()
		n, closed := len(s.received), s.closed
		if n > 0 {
			s.keep(message{body: s.received[:1]})
			s.received = s.received[1:]
		}
		s.mu.Unlock()
		if n > 0 || closed {
			return nil
		}
		select {
		case <-s.arrived:
		case <-deadline:
			return errors.New("no answer to an encryption request")
		}
	}
}

// keep records a message, and the key under which its backend can be cancelled.
func (s *session) keep(m message) {
	s.messages = append(s.messages, m)
	if m.kind == 'K' {
		s.key = m.body
	}
}

// state is how far what was received reaches.
type state int

const (
	partial state = iota // more is to come
	whole                // a message was taken
	ended                // closed, nothing is left
)

func (s *session) take() (message, state) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.received) >= 5 {
		// A length that cannot be counts as text: a server answers protocol 2.0
		// in protocol 2.0, which has no lengths.
		length := int64(binary.BigEndian.Uint32(s.received[1:5]))
		if length >= 4 && int64(len(s.received)) >= length+1 {
			m := message{kind: s.received[0], body: s.received[5 : length+1]}
			s.received = s.received[length+1:]
			return m, whole
		}
	}
	if !s.closed {
		return message{}, partial
	}
	if len(s.received) == 0 {
		return message{}, ended
	}
	m := message{body: s.received}
	s.received = nil
	return m, whole
}

// cancel asks the server to cancel the session's query, as libpq does: over a
// connection of its own, which the server closes without an answer.
func (s *session) cancel(addr string) error {
	conn, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		return fmt.Errorf("dial for a cancel request: %w", err)
	}
	defer conn.Close()
	request := binary.BigEndian.AppendUint32(nil, uint32(8+len(s.key)))
	request = binary.BigEndian.AppendUint32(request, 80877102) // CANCEL_REQUEST_CODE, src/include/libpq/pqcomm.h
	if _, err := conn.Write(append(request, s.key...)); err != nil {
		return fmt.Errorf("send a cancel request: %w", err)
	}
	if _, err := io.Copy(io.Discard, conn); err != nil {
		return fmt.Errorf("wait for the end of a cancel request: %w", err)
	}
	return nil
}

// pid is the process id of the session's backend; 0 before BackendKeyData.
func (s *session) pid() uint32 {
	if len(s.key) < 4 {
		return 0
	}
	return binary.BigEndian.Uint32(s.key)
}
