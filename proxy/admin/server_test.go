package admin

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// nobody does what it is told and has nothing to tell.
type nobody struct{}

func (nobody) Sessions() []Session                  { return nil }
func (nobody) Lockdowns() []Lockdown                { return nil }
func (nobody) Kill(Kill, Peer) (Killed, error)      { return Killed{}, nil }
func (nobody) LockDown(Order, Peer) (Effect, error) { return Effect{}, nil }
func (nobody) Release(Order, Peer) (Effect, error)  { return Effect{}, ErrUnknown }
func (nobody) Refusal(string) (Refusal, error)      { return Refusal{}, ErrUnknown }
func (nobody) Approvals() []Approval                { return nil }
func (nobody) Allow(Allow, Peer) (Approval, error)  { return Approval{}, nil }
func (nobody) Revoke(Revoke, Peer) (Approval, error) {
	return Approval{}, nil
}

func TestRequestsThatCouldMeanSomethingElseAreRefused(t *testing.T) {
	handler := NewServer(nobody{}, slog.New(slog.DiscardHandler)).Handler
	for name, test := range map[string]struct {
		method, path, body string
		want               int
	}{
		"a misspelt condition":     {"POST", "/kill", `{"surce": "staging"}`, http.StatusBadRequest},
		"no JSON":                  {"POST", "/lockdown", `all`, http.StatusBadRequest},
		"too long":                 {"POST", "/kill", `{"reason": "` + strings.Repeat("x", longestRequest) + `"}`, http.StatusBadRequest},
		"an order by GET":          {"GET", "/kill", "", http.StatusMethodNotAllowed},
		"what is not there":        {"GET", "/", "", http.StatusNotFound},
		"a lockdown nobody knows":  {"POST", "/release", `{}`, http.StatusNotFound},
		"an order as it should be": {"POST", "/kill", `{"source": "staging"}`, http.StatusOK},
	} {
		t.Run(name, func(t *testing.T) {
			answer := httptest.NewRecorder()
			handler.ServeHTTP(answer, httptest.NewRequest(test.method, test.path, strings.NewReader(test.body)))
			if answer.Code != test.want {
				t.Errorf("status %d: %s", answer.Code, answer.Body)
			}
		})
	}
}
