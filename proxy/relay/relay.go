package relay

import (
	"net"
	"time"

	"github.com/pgcordon/pgcordon/proxy/guard"
)

// Relay moves the bytes of sessions. It is the only part that differs between a
// pair of goroutines and an event loop; the judgement is the same.
type Relay interface {
	// Run moves bytes until one side is done, closes both, and then calls done. It
	// may return before.
	Run(l *Link, done Done)
}

// Done is told how a session ended, once: err is nil where in an orderly way, else an
// *Error. Where it would have to wait and must not, it returns false and has done
// nothing; then it is to be called again, from where it may.
type Done func(err error, wait bool) bool

// Link is one session, as a Relay sees it.
type Link struct {
	Client, Server net.Conn
	Behind         []byte       // what the client sent behind its startup packet
	Guard          *guard.Guard // not to be called concurrently
	Observer       Observer
	// Rules returns the rules in force. A relay adopts a change before it judges
	// the client's next bytes.
	Rules func() *guard.Rules
	// Ending tells when the session must end.
	Ending *Ending
}

// Observer is told what happens in a session.
type Observer interface {
	// Begin stamps an event with the time.
	Begin(*guard.Event)
	// Finish records an event; when it returns true a refusal is on disk. Where it
	// would have to wait and must not, it returns false and has done nothing.
	Finish(e *guard.Event, wait bool) bool
	// Moved counts bytes that arrived, from the client or from the server.
	Moved(fromClient, fromServer int)
	// Cut tells that the session ends because it was told to, and with which
	// Guard.CancelKey its server can be made to stop. It comes before done and must not
	// wait.
	Cut(cancelKey string)
	// Spent tells how long the guard took for one call.
	Spent(time.Duration)
}
