package main

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/pgcordon/pgcordon/proxy/admin"
	"github.com/pgcordon/pgcordon/proxy/transport"
)

// serveAdmin listens on the admin socket, if there is to be one. stop ends that, and
// removes the socket's file.
func (g *process) serveAdmin() (stop func(), err error) {
	if g.policy.Admin.Socket == "" {
		return func() {}, nil
	}
	l, err := transport.ListenUnix(g.policy.Admin.Socket, g.policy.Admin.Mode)
	if err != nil {
		return nil, fmt.Errorf("admin socket: %w", err)
	}
	server := admin.NewServer(g.server, g.log)
	g.log.Info("serving the admin socket", "path", g.policy.Admin.Socket)
	go func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			g.log.Error("admin server ended", "error", err)
		}
	}()
	return func() { _ = server.Close() }, nil
}
