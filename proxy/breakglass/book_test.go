package breakglass

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/admin"
	"github.com/pgcordon/pgcordon/proxy/guard"
)

var (
	app   = Session{Target: "shop", Source: "production", User: "app", Database: "shop"}
	print = guard.Fingerprint{1}
	one   = policy.BreakGlass{Approvals: 1, Longest: time.Hour}
	two   = policy.BreakGlass{Approvals: 2, Longest: time.Hour}
)

// open is a book in which R was refused, and the time by which it goes.
func open() (*Book, *time.Time) {
	now := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	b := New(func() time.Time { return now })
	b.Refused(refused("R", app, print))
	return b, &now
}

func refused(id string, who Session, f guard.Fingerprint) *Statement {
	return &Statement{Fingerprint: f, Refusal: admin.Refusal{
		ID: id, Target: who.Target, Source: who.Source, User: who.User, Database: who.Database, SQL: "TRUNCATE t",
	}}
}

func recorded(admin.Approval) error { return nil }

func by(uid int) admin.Peer { return admin.Peer{UID: uid, PID: 1} }

func allow(t *testing.T, b *Book, order admin.Allow, uid int, terms policy.BreakGlass) admin.Approval {
	t.Helper()
	order.ID, order.Reason = "R", "meant"
	a, err := b.Allow(order, by(uid), terms, recorded)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestOnceIsOnce(t *testing.T) {
	b, _ := open()
	if b.Covers(app, print) || b.Take(app, print) != nil {
		t.Fatal("it is let through although nobody said so")
	}
	allow(t, b, admin.Allow{Once: true}, 7, one)
	for range 2 {
		if !b.Covers(app, print) {
			t.Error("to ask uses it up")
		}
	}
	if a := b.Take(app, print); a == nil || a.ID != "R" || a.By[0] != (guard.Consent{UID: 7, PID: 1, Reason: "meant"}) {
		t.Errorf("%+v", a)
	}
	if b.Covers(app, print) || b.Take(app, print) != nil || len(b.Approvals()) != 0 {
		t.Error("it is let through again")
	}
	allow(t, b, admin.Allow{Once: true}, 7, one) // the id is still good
	if b.Take(app, print) == nil {
		t.Error("it is not let through again where an operator says so again")
	}
}

func TestATimeRunsOut(t *testing.T) {
	for name, order := range map[string]admin.Allow{"for a time": {For: 10 * time.Minute}, "once within it": {Once: true, For: 10 * time.Minute}} {
		t.Run(name, func(t *testing.T) {
			b, now := open()
			allow(t, b, order, 7, one)
			*now = now.Add(10*time.Minute - 1)
			if !b.Covers(app, print) {
				t.Error("it has run out too early")
			}
			for n := 0; !order.Once && n < 3; n++ {
				if b.Take(app, print) == nil {
					t.Error("it is not let through as often as it comes")
				}
			}
			*now = now.Add(1)
			if b.Covers(app, print) || b.Take(app, print) != nil || len(b.Approvals()) != 0 {
				t.Error("it has not run out")
			}
		})
	}
}

func TestWhatIsLetThroughIsForTheSessionsOfWhomItWasRefused(t *testing.T) {
	b, _ := open()
	allow(t, b, admin.Allow{For: time.Hour}, 7, one)
	for _, other := range []Session{
		{"other", app.Source, app.User, app.Database}, {app.Target, "staging", app.User, app.Database},
		{app.Target, app.Source, "App", app.Database}, {app.Target, app.Source, app.User, "other"},
	} {
		if b.Covers(other, print) || b.Take(other, print) != nil {
			t.Errorf("%+v is let through", other)
		}
	}
	if b.Covers(app, guard.Fingerprint{2}) {
		t.Error("another statement is let through")
	}
}

func TestATimeGoesBeforeOnce(t *testing.T) {
	b, _ := open()
	allow(t, b, admin.Allow{Once: true}, 7, one)
	b.Refused(refused("S", app, print))
	if _, err := b.Allow(admin.Allow{ID: "S", For: time.Minute, Reason: "meant"}, by(7), one, recorded); err != nil {
		t.Fatal(err)
	}
	if a := b.Take(app, print); a.ID != "S" || len(b.Approvals()) != 2 {
		t.Errorf("%s was used up", a.ID)
	}
}

func TestOnceOfManySessionsIsOne(t *testing.T) {
	b, _ := open()
	allow(t, b, admin.Allow{Once: true}, 7, one)
	var taken atomic.Int64
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if b.Take(app, print) != nil {
				taken.Add(1)
			}
		})
	}
	if all.Wait(); taken.Load() != 1 {
		t.Errorf("%d sessions were let through", taken.Load())
	}
}

func TestTwoOperatorsAreTwo(t *testing.T) {
	b, now := open()
	order := admin.Allow{Once: true, For: time.Minute}
	if a := allow(t, b, order, 7, two); a.Lacks != 1 || b.Covers(app, print) {
		t.Fatalf("one operator is enough: %+v", a)
	}
	order.ID, order.Reason = "R", "meant"
	for uid, want := range map[int]string{7: "another operator has to confirm", -1: "another operator has to confirm"} {
		if _, err := b.Allow(order, by(uid), two, recorded); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("uid %d: %v", uid, err)
		}
	}
	longer := order
	longer.For = time.Hour
	if _, err := b.Allow(longer, by(8), two, recorded); err == nil || !strings.Contains(err.Error(), "proposed once within 1m") {
		t.Errorf("another extent: %v", err)
	}
	if b.Covers(app, print) {
		t.Fatal("it is let through before the second operator came")
	}
	*now = now.Add(30 * time.Minute)
	a := allow(t, b, order, 8, two)
	if a.Lacks != 0 || len(a.By) != 2 || !a.Until.Equal(now.Add(time.Minute)) || b.Take(app, print) == nil {
		t.Errorf("two operators are not enough: %+v", a)
	}
}

func TestAProposalIsForgottenWithItsRefusal(t *testing.T) {
	b, now := open()
	allow(t, b, admin.Allow{Once: true}, 7, two)
	*now = now.Add(Memory)
	if len(b.Approvals()) != 0 {
		t.Error("it is still proposed")
	}
	if _, err := b.Allow(admin.Allow{ID: "R", Once: true, Reason: "meant"}, by(8), two, recorded); !errors.Is(err, admin.ErrUnknown) {
		t.Errorf("it can be confirmed: %v", err)
	}
}

func TestWhatIsRevokedIsRefusedAgain(t *testing.T) {
	b, _ := open()
	for _, terms := range []policy.BreakGlass{one, two} {
		allow(t, b, admin.Allow{For: time.Minute}, 7, terms)
		if a, err := b.Revoke("R"); err != nil || a.ID != "R" {
			t.Fatal(err)
		}
		if b.Covers(app, print) || len(b.Approvals()) != 0 {
			t.Error("it is let through")
		}
	}
	if _, err := b.Revoke("R"); !errors.Is(err, admin.ErrUnknown) {
		t.Errorf("what is not in force was revoked: %v", err)
	}
}

func TestOrdersThatCannotBeGiven(t *testing.T) {
	b, _ := open()
	barred := refused("BARRED", app, guard.Fingerprint{3})
	barred.Barred = "nobody knows what it does"
	b.Refused(barred)
	for want, order := range map[string]admin.Allow{
		`unknown id "X"`:                {ID: "X", Once: true, Reason: "r"},
		"needs a reason":                {ID: "R", Once: true},
		"say how often":                 {ID: "R", Reason: "r"},
		"longest is 1h":                 {ID: "R", For: time.Hour + 1, Reason: "r"},
		"-1ns is no time":               {ID: "R", Once: true, For: -1, Reason: "r"},
		"BARRED cannot be let through:": {ID: "BARRED", Once: true, Reason: "r"},
	} {
		if _, err := b.Allow(order, by(7), one, recorded); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %s", order, err, want)
		}
	}
	allow(t, b, admin.Allow{Once: true}, 7, one)
	if _, err := b.Allow(admin.Allow{ID: "R", Once: true, Reason: "r"}, by(8), one, recorded); err == nil || !strings.Contains(err.Error(), "let through already") {
		t.Errorf("twice: %v", err)
	}
}

func TestNothingIsLetThroughThatIsNotRecorded(t *testing.T) {
	b, _ := open()
	full := func(admin.Approval) error {
		if b.Covers(app, print) {
			t.Error("it is in force before it is recorded")
		}
		return errors.New("disk full")
	}
	if _, err := b.Allow(admin.Allow{ID: "R", Once: true, Reason: "r"}, by(7), one, full); err == nil || b.Covers(app, print) {
		t.Errorf("it is let through: %v", err)
	}
}

func TestAProposalThatIsRevokedWhileItIsConfirmedIsNotInForce(t *testing.T) {
	b, _ := open()
	allow(t, b, admin.Allow{Once: true}, 7, two)
	_, err := b.Allow(admin.Allow{ID: "R", Once: true, Reason: "r"}, by(8), two, func(admin.Approval) error {
		_, err := b.Revoke("R")
		return err
	})
	if err == nil || b.Covers(app, print) {
		t.Errorf("it is let through: %v", err)
	}
}

func TestMemoryOfRefusalsIsBounded(t *testing.T) {
	b, now := open()
	for i := range 2 * MaxRefusals {
		b.Refused(refused(fmt.Sprint(i), app, print))
	}
	if n := len(b.refused.queue); n != MaxRefusals || len(b.refused.byID) != n {
		t.Errorf("%d refusals are remembered", n)
	}
	text := strings.Repeat("x", 1<<20)
	for i := range 2 * MaxRefusals {
		long := refused(fmt.Sprint("long", i), app, print)
		long.SQL = text
		b.Refused(long)
	}
	if n := b.refused.bytes; n > MaxBytes {
		t.Errorf("%d bytes of refusals are remembered", n)
	}
	if _, err := b.Refusal("R"); !errors.Is(err, admin.ErrUnknown) {
		t.Errorf("the oldest is remembered: %v", err)
	}
	newest := fmt.Sprint("long", 2*MaxRefusals-1)
	if r, err := b.Refusal(newest); err != nil || !strings.HasSuffix(r.SQL, "x... (1048576 bytes)") {
		t.Errorf("the newest is not remembered: %v", err)
	}
	*now = now.Add(Memory)
	if _, err := b.Refusal(newest); !errors.Is(err, admin.ErrUnknown) || len(b.refused.queue) != 0 || b.refused.bytes != 0 {
		t.Errorf("it is remembered for ever: %v", err)
	}
}

func TestApprovalsAreBounded(t *testing.T) {
	b, now := open()
	var err error
	for i := range maxApprovals + 1 {
		id := fmt.Sprint(i)
		b.Refused(refused(id, app, print))
		_, err = b.Allow(admin.Allow{ID: id, Once: true, For: time.Minute, Reason: "r"}, by(7), one, recorded)
	}
	if err == nil || len(b.Approvals()) != maxApprovals {
		t.Errorf("%d approvals", len(b.Approvals()))
	}
	*now = now.Add(time.Minute)
	allow(t, b, admin.Allow{Once: true}, 7, one)
}
