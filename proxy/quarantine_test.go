package proxy

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pgcordon/pgcordon/audit"
	"github.com/pgcordon/pgcordon/identity"
	"github.com/pgcordon/pgcordon/metrics"
	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/admin"
)

// warden is a server without listeners, in a bubble whose time the test moves.
type warden struct {
	*Server
	t        *testing.T
	policy   *policy.Policy
	log, was string // the audit log, and the file of lockdowns
}

const halfAnHour = `
targets: [{name: shop, environment: production, listen: "127.0.0.1:6432", upstream: "127.0.0.1:5432"}]
sources: [{name: stage, environment: staging, cidr: 10.0.0.0/8}]
tripwires: [{name: w, when: {source: staging}, refusals: 1, within: 1m, quarantine: 30m}]
`

func newWarden(t *testing.T, dir string) *warden {
	t.Helper()
	p, err := policy.Parse("p.yaml", []byte(halfAnHour))
	if err != nil {
		t.Fatal(err)
	}
	w := &warden{t: t, policy: p, log: filepath.Join(dir, "audit"), was: filepath.Join(dir, "lockdowns")}
	log, err := audit.Open(audit.Config{File: w.log})
	if err != nil {
		t.Fatal(err)
	}
	w.Server = New(Config{
		Log: slog.New(slog.DiscardHandler), Audit: log, Lockdowns: open(t, w.was),
		Metrics: metrics.New(prometheus.NewRegistry(), metrics.BuildInfo{}, nil),
	})
	return w
}

// refuses counts a refused statement of staging, and opens the incident.
func (w *warden) refuses() {
	client := policy.Client{Source: identity.Match{Environment: "staging"}}
	w.openIncident(w.tripwires.Count(policy.Between{Source: "staging", Target: "shop"},
		w.policy.TripwiresOf(w.policy.Targets[0], client), false, &policy.Deed{Event: "cause", Refused: true}))
}

// want checks whether staging is locked out now.
func (w *warden) want(locked bool) {
	w.t.Helper()
	synctest.Wait()
	found := w.lockdowns.find(func(s admin.Scope) bool { return s == admin.Scope{Source: "staging", Target: "shop"} }, time.Now())
	if (found != nil) != locked {
		w.t.Errorf("at %s: %+v", time.Now().Format(time.TimeOnly), found)
	}
}

// gone is what a process is that does not write its file any more.
func (w *warden) gone() {
	w.lockdowns.changes.Lock()
	defer w.lockdowns.changes.Unlock()
	w.lockdowns.file = ""
}

// events ends the audit log and returns the types of its events.
func (w *warden) events() (all []audit.Event) {
	w.t.Helper()
	if err := w.audit.Close(context.Background()); err != nil {
		w.t.Fatal(err)
	}
	file, err := os.Open(w.log)
	if err != nil {
		w.t.Fatal(err)
	}
	defer file.Close()
	for lines := json.NewDecoder(file); lines.More(); {
		var e audit.Event
		if err := lines.Decode(&e); err != nil {
			w.t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

func TestQuarantineEndsOnTime(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := newWarden(t, dir)
		w.refuses()
		w.want(true)
		time.Sleep(30*time.Minute - time.Nanosecond)
		w.want(true)
		if len(open(t, w.was).all()) != 1 {
			t.Error("it is not in the file")
		}
		time.Sleep(time.Nanosecond)
		w.want(false)
		if left := open(t, w.was).all(); len(left) > 0 {
			t.Errorf("left in the file: %+v", left)
		}
		w.refuses() // counts from the beginning
		w.want(true)
		var kinds []string
		for _, e := range w.events() {
			kinds = append(kinds, e.Type)
		}
		if !slices.Equal(kinds, []string{audit.IncidentEvent, audit.ReleaseEvent, audit.IncidentEvent}) {
			t.Errorf("%v", kinds)
		}
	})
}

func TestQuarantineEndsOnTimeAlsoBehindARestart(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		before := newWarden(t, dir)
		before.refuses()
		before.events()
		before.gone()
		time.Sleep(10 * time.Minute)
		w := newWarden(t, dir)
		w.want(true)
		time.Sleep(20*time.Minute - time.Second)
		w.want(true)
		time.Sleep(time.Second)
		w.want(false)
		w.events()
		time.Sleep(time.Hour)
		late := newWarden(t, dir) // nothing is left to lift
		late.want(false)
		if n := len(late.events()); n != 2 {
			t.Errorf("%d events", n)
		}
	})
}

func TestQuarantineThatEndedWhileNobodyRanIsLifted(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		before := newWarden(t, dir)
		before.refuses()
		before.events()
		before.gone()
		time.Sleep(time.Hour)
		w := newWarden(t, dir)
		w.want(false)
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if left := open(t, w.was).all(); len(left) > 0 {
			t.Errorf("left in the file: %+v", left)
		}
		w.events()
	})
}

func TestNoQuarantineTakesThePlaceOfAnOrder(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := newWarden(t, dir)
		scope := admin.Scope{Source: "staging", Target: "shop"}
		if _, err := w.LockDown(admin.Order{Scope: scope, Reason: "until morning"}, admin.Peer{}); err != nil {
			t.Fatal(err)
		}
		w.refuses()
		time.Sleep(time.Hour)
		w.want(true)
		if _, err := w.Release(admin.Order{Scope: scope}, admin.Peer{}); err != nil {
			t.Fatal(err)
		}
		w.want(false)
		w.refuses()
		time.Sleep(time.Minute)
		if _, err := w.LockDown(admin.Order{Scope: scope, Reason: "longer"}, admin.Peer{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		w.want(true)
		w.events()
	})
}
