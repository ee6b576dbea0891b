package transport

import (
	"context"
	"net"

	"github.com/pgcordon/pgcordon/policy"
)

// Dial connects to a TCP address or a unix socket, trying every address of a name.
// It gives up when ctx ends; the connection outlives ctx.
func Dial(ctx context.Context, e policy.Endpoint) (net.Conn, error) {
	dialer := net.Dialer{KeepAliveConfig: keepAlive}
	return dialer.DialContext(ctx, e.Network, e.Address)
}
