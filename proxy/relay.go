package proxy

import (
	"context"
	"net"
	"time"

	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/guard"
	"github.com/pgcordon/pgcordon/proxy/wire"
)

// Relay moves the bytes of sessions. It is the only part that differs between a
// pair of goroutines and an event loop; the judgement is the same.
type Relay interface {
	// Run moves bytes until one side is done and then closes both. It returns nil
	// where the session ended in an orderly way, else an *Error.
	Run(*Link) error
}

// Link is one session, as a Relay sees it.
type Link struct {
	Client, Server net.Conn
	Behind         []byte       // what the client sent behind its startup packet
	Guard          *guard.Guard // not to be called concurrently
	Observer       LinkObserver
	// Rules returns the rules in force. A relay adopts a change before it judges
	// the client's next bytes.
	Rules func() *policy.Ruleset
	// Context is cancelled when the session must end; its cause is then a *Farewell.
	Context context.Context
}

// Farewell is why a session must end, as its client is told.
type Farewell struct{ Code, Message, Detail, Hint string }

// Error returns the message.
func (f *Farewell) Error() string { return f.Message }

func (f *Farewell) encode() []byte {
	return wire.AppendFatal(nil, f.Code, f.Message, f.Detail, f.Hint)
}

// LinkObserver is told what happens in a session.
type LinkObserver interface {
	// Begin stamps an event with the time.
	Begin(*guard.Event)
	// Finish records an event; it returns only when a refusal is on disk.
	Finish(*guard.Event)
	// Moved counts bytes that arrived, from the client or from the server.
	Moved(fromClient, fromServer int)
	// Spent tells how long the guard took for one call.
	Spent(time.Duration)
}
