package admin

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"
)

const (
	longestRequest = 1 << 20 // bytes; a session's id has 26
	patience       = 30 * time.Second
)

var unknownPeer = Peer{UID: -1}

// ErrUnknown reports a scope, a lockdown, a refusal or an approval that does not exist.
var ErrUnknown = errors.New("unknown")

type peerKey struct{}

// NewServer returns the server for the listener of the admin socket.
func NewServer(o Operator, log *slog.Logger) *http.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /sessions", func(w http.ResponseWriter, _ *http.Request) { reply(w, o.Sessions(), nil) })
	mux.HandleFunc("GET /lockdowns", func(w http.ResponseWriter, _ *http.Request) { reply(w, o.Lockdowns(), nil) })
	mux.HandleFunc("POST /kill", ordered(o.Kill))
	mux.HandleFunc("POST /lockdown", ordered(o.LockDown))
	mux.HandleFunc("POST /release", ordered(o.Release))
	mux.HandleFunc("GET /approvals", func(w http.ResponseWriter, _ *http.Request) { reply(w, o.Approvals(), nil) })
	mux.HandleFunc("GET /refusals/{id}", func(w http.ResponseWriter, r *http.Request) {
		refusal, err := o.Refusal(r.PathValue("id"))
		reply(w, refusal, err)
	})
	mux.HandleFunc("POST /allow", ordered(o.Allow))
	mux.HandleFunc("POST /revoke", ordered(o.Revoke))
	return &http.Server{
		Handler: mux, ReadTimeout: patience, WriteTimeout: patience, IdleTimeout: patience,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, peerKey{}, peerOf(c))
		},
	}
}

// ordered answers a request that changes something.
func ordered[Order, Answer any](do func(Order, Peer) (Answer, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var order Order
		body := json.NewDecoder(http.MaxBytesReader(w, r.Body, longestRequest))
		body.DisallowUnknownFields() // a misspelt condition must not widen what is meant
		if err := body.Decode(&order); err != nil {
			http.Error(w, "read the request: "+err.Error(), http.StatusBadRequest)
			return
		}
		peer, ok := r.Context().Value(peerKey{}).(Peer)
		if !ok {
			peer = unknownPeer
		}
		answer, err := do(order, peer)
		reply(w, answer, err)
	}
}

func reply(w http.ResponseWriter, answer any, err error) {
	switch {
	case errors.Is(err, ErrUnknown):
		http.Error(w, err.Error(), http.StatusNotFound)
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadRequest)
	default:
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer) // whoever asked may be gone
	}
}
