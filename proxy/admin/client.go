package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
)

// Client asks a running pgcordon through its admin socket.
type Client struct {
	path string
	http http.Client
}

// NewClient returns a client of the socket at path. It does not connect yet.
func NewClient(path string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}
	return &Client{path: path, http: http.Client{
		Timeout:   patience,
		Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true},
	}}
}

// Sessions returns the sessions that are open, oldest first.
func (c *Client) Sessions() (all []Session, err error) {
	return all, c.ask("GET", "/sessions", nil, &all)
}

// Lockdowns returns the lockdowns in force, oldest first.
func (c *Client) Lockdowns() (all []Lockdown, err error) {
	return all, c.ask("GET", "/lockdowns", nil, &all)
}

// Kill ends sessions.
func (c *Client) Kill(k Kill) (done Killed, err error) { return done, c.ask("POST", "/kill", k, &done) }

// LockDown locks a scope down.
func (c *Client) LockDown(o Order) (done Effect, err error) {
	return done, c.ask("POST", "/lockdown", o, &done)
}

// Release lifts a lockdown.
func (c *Client) Release(o Order) (done Effect, err error) {
	return done, c.ask("POST", "/release", o, &done)
}

// Refusal returns a refused statement.
func (c *Client) Refusal(id string) (r Refusal, err error) {
	return r, c.ask("GET", "/refusals/"+url.PathEscape(id), nil, &r)
}

// Approvals returns what is let through or proposed to be, oldest first.
func (c *Client) Approvals() (all []Approval, err error) {
	return all, c.ask("GET", "/approvals", nil, &all)
}

// Allow lets a refused statement through, or proposes it.
func (c *Client) Allow(a Allow) (done Approval, err error) {
	return done, c.ask("POST", "/allow", a, &done)
}

// Revoke ends an approval.
func (c *Client) Revoke(r Revoke) (done Approval, err error) {
	return done, c.ask("POST", "/revoke", r, &done)
}

func (c *Client) ask(method, path string, order, answer any) error {
	var body bytes.Buffer
	if order != nil {
		if err := json.NewEncoder(&body).Encode(order); err != nil {
			return fmt.Errorf("write the request: %w", err)
		}
	}
	request, err := http.NewRequest(method, "http://pgcordon"+path, &body)
	if err != nil {
		return err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return c.unreachable(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(response.Body, longestRequest))
		return errors.New(strings.TrimSpace(string(said)))
	}
	if err := json.NewDecoder(response.Body).Decode(answer); err != nil {
		return fmt.Errorf("read the answer of %s: %w", c.path, err)
	}
	return nil
}

// unreachable says what to do about a socket that does not answer.
func (c *Client) unreachable(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no socket at %s: is pgcordon running, with admin.socket set to it?", c.path)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("no permission to use %s: run this as the user that pgcordon runs as", c.path)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("nobody answers at %s: pgcordon is not running", c.path)
	}
	return fmt.Errorf("ask pgcordon at %s: %w", c.path, err)
}
