package relay

import (
	"net"
	"time"

	"github.com/pgcordon/pgcordon/proxy/wire"
)

// Linger is how long a connection that is about to be closed is still read: an
// unread byte would make the kernel send RST, and the client could lose the
// error that says why.
const Linger = 2 * time.Second

// Farewell is why a session must end, as its client is told by a FATAL error.
type Farewell struct{ Code, Message, Detail, Hint string }

// Error returns the message.
func (f *Farewell) Error() string { return f.Message }

// Encode returns the ErrorResponse.
func (f *Farewell) Encode() []byte {
	return wire.AppendFatal(nil, f.Code, f.Message, f.Detail, f.Hint)
}

// Tell sends the farewell to a client that is not being relayed, as far as it
// will take it, and waits until it has closed or the time for that is over.
func (f *Farewell) Tell(client net.Conn) {
	_ = client.SetDeadline(time.Now().Add(Linger))
	if _, err := client.Write(f.Encode()); err == nil {
		CloseGently(client)
	}
}

// CloseGently ends what is sent to a client and reads what it still sends, so that
// it can read everything before the connection goes.
func CloseGently(client net.Conn) {
	beginClose(client)
	drain(client)
}
