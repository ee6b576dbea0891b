package trips

import (
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
)

// Counter relays sessions to a server and counts their round trips.
type Counter struct {
	Port int // where it listens on the host of the server

	server   string
	listener net.Listener
	count    atomic.Int64
	sessions sync.WaitGroup
}

// Listen begins to count what goes to a server's port. Close it when nobody uses it.
func Listen(host string, server int) (*Counter, error) {
	listener, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return nil, fmt.Errorf("count round trips: %w", err)
	}
	c := &Counter{
		Port: listener.Addr().(*net.TCPAddr).Port, server: net.JoinHostPort(host, strconv.Itoa(server)), listener: listener,
	}
	c.sessions.Go(c.accept)
	return c, nil
}

// Count is how many round trips there were, of all sessions together.
func (c *Counter) Count() int64 { return c.count.Load() }

// Close takes no more sessions, and waits for those that there are to end.
func (c *Counter) Close() {
	_ = c.listener.Close() // it cannot fail where it listens
	c.sessions.Wait()
}

func (c *Counter) accept() {
	for {
		client, err := c.listener.Accept()
		if err != nil {
			return // closed
		}
		server, err := net.Dial("tcp", c.server)
		if err != nil {
			_ = client.Close() // the client learns no more of it than of a server that is gone
			continue
		}
		var asked atomic.Bool
		c.sessions.Go(func() { pass(server, client, func() { asked.Store(true) }) })
		c.sessions.Go(func() {
			pass(client, server, func() {
				// What is not answered, as a Terminate, is waited for by nobody.
				if asked.Swap(false) {
					c.count.Add(1)
				}
			})
		})
	}
}

// pass calls seen for everything before it goes on. When one end is gone, so is the other.
func pass(to io.WriteCloser, from io.ReadCloser, seen func()) {
	defer func() { _, _ = to.Close(), from.Close() }() // the other direction may have been first
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			seen()
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
