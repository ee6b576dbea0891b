package parity

import (
	"fmt"
	"time"
)

// User and Database are what a session of a script uses unless it says otherwise.
const (
	User     = "parity"
	Database = "parity"
)

// backends looks behind the scenes: it tells pg_stat_activity's state of a backend,
// "asleep" for one in pg_sleep, empty for none. A backend that is merely active may
// not be where a script wants to cancel it.
type backends func(pid uint32) (string, error)

// runner runs one script once.
type runner struct {
	addr     string
	split    splitter
	backends backends
	sessions map[string]*session
	current  string
	masking  masking
}

// run plays a script against an address and returns what came back.
func run(commands []command, addr string, split splitter, b backends) (transcript, error) {
	r := &runner{addr: addr, split: split, backends: b, sessions: map[string]*session{}, current: "first"}
	defer r.close()
	for _, c := range commands {
		if err := r.step(c); err != nil {
			return nil, fmt.Errorf("%s: %w", c, err)
		}
	}
	result := transcript{}
	for name, s := range r.sessions {
		if err := s.end(); err != nil {
			return nil, fmt.Errorf("session %q: %w", name, err)
		}
		result[name] = r.masking.mask(s.messages)
	}
	return result, nil
}

func (r *runner) close() {
	for _, s := range r.sessions {
		s.conn.Close()
	}
}

func (r *runner) step(c command) error {
	switch c.verb {
	case "session":
		if s := r.sessions[r.current]; s != nil {
			s.push()
		}
		r.current = c.arg(0)
		return nil
	case "ignore":
		r.masking.ignored += c.arg(0)
		return nil
	case "answered-by-guard":
		r.masking.location = true
		return nil
	}
	s, err := r.session(c)
	if err != nil {
		return err
	}
	bytes, sends, err := c.encode()
	if err != nil {
		return err
	}
	if sends {
		s.send(bytes)
		return nil
	}
	return r.wait(s, c)
}

func (r *runner) wait(s *session, c command) error {
	switch c.verb {
	case "byte":
		return s.answer()
	case "until":
		return s.until(c)
	case "eof":
		_, err := s.await("end of the connection", never)
		return err
	case "await-asleep":
		return r.awaitBackend(s, "asleep")
	case "await-idle":
		return r.awaitBackend(s, "idle")
	case "cancel":
		return s.cancel(r.addr)
	}
	return fmt.Errorf("unknown command")
}

// session is the current one, opened where need be. One that the script does not
// start itself is started and waits until the server is ready.
func (r *runner) session(c command) (*session, error) {
	if s := r.sessions[r.current]; s != nil {
		return s, nil
	}
	s, err := dial(r.addr, r.split)
	if err != nil {
		return nil, err
	}
	r.sessions[r.current] = s
	switch c.verb {
	case "startup", "sslrequest", "gssencrequest", "raw":
		return s, nil
	}
	bytes, _, err := command{verb: "startup"}.encode()
	if err != nil {
		return nil, err
	}
	s.send(bytes)
	return s, s.until(command{verb: "until", args: []string{"Z"}})
}

func (s *session) until(c command) error {
	kind, left := c.arg(0)[0], 1
	if len(c.args) > 1 {
		var err error
		if left, err = c.number(1); err != nil {
			return err
		}
	}
	_, err := s.await("message "+c.arg(0), func(m message) bool {
		if m.kind == kind {
			left--
		}
		return left == 0
	})
	return err
}

// end says goodbye and takes what the server still has to say.
func (s *session) end() error {
	s.send([]byte{'X', 0, 0, 0, 4})
	_, err := s.await("end of the connection after Terminate", never)
	return err
}

func never(message) bool { return false }

func (r *runner) awaitBackend(s *session, want string) error {
	s.push()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		state, err := r.backends(s.pid())
		if err != nil {
			return err
		}
		if state == want {
			return nil
		}
	}
	return fmt.Errorf("the backend is not %s after %s", want, patience)
}
