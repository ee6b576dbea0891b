package breakglass

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/pgcordon/pgcordon/policy"
	"github.com/pgcordon/pgcordon/proxy/admin"
	"github.com/pgcordon/pgcordon/proxy/guard"
)

// maxApprovals bounds what is let through or proposed at a time.
const maxApprovals = 256

// Session is who sends a statement.
type Session struct {
	Target, Source, User, Database string // names; Source is the environment
}

// Book remembers what was refused and what operators let through. It is safe for
// concurrent use.
type Book struct {
	now    func() time.Time
	orders sync.Mutex // held by an operator's order, before mu: it waits for the disk

	mu        sync.Mutex
	refused   refusals
	approvals []*approval // oldest first
}

// approval is immutable.
type approval struct {
	admin.Approval
	fingerprint guard.Fingerprint
}

// New returns a book in which nothing stands. now is asked for the time.
func New(now func() time.Time) *Book {
	return &Book{now: now, refused: refusals{byID: map[string]*Statement{}}}
}

// Refused remembers a statement, as refused now. It must not be changed afterwards.
func (b *Book) Refused(s *Statement) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s.At = b.now()
	b.refused.add(s)
}

// Refusal returns a refused statement by its id.
func (b *Book) Refusal(id string) (admin.Refusal, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.refused.find(id, b.now())
	if s == nil {
		return admin.Refusal{}, unknown(id)
	}
	return s.Refusal, nil
}

func unknown(id string) error {
	return fmt.Errorf("%w id %q: no statement that was refused in the last %s has it; ids are good for that long, for the last %d refusals, "+
		"and until a restart. Send the statement again to get another one", admin.ErrUnknown, id, policy.Period(Memory), MaxRefusals)
}

// Approvals returns what is let through and what is proposed, oldest first.
func (b *Book) Approvals() []admin.Approval {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := []admin.Approval{}
	for _, a := range b.current() {
		all = append(all, a.Approval)
	}
	return all
}

// current returns the approvals that have not run out, and forgets the others.
func (b *Book) current() []*approval {
	now := b.now()
	b.approvals = slices.DeleteFunc(b.approvals, func(a *approval) bool { return !now.Before(a.Until) })
	return b.approvals
}

// Covers tells whether a statement of a session would be let through now.
func (b *Book) Covers(who Session, f guard.Fingerprint) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.covering(who, f) >= 0
}

// Take returns the approval that lets a statement through, and uses it up where it is for
// once; nil where there is none.
func (b *Book) Take(who Session, f guard.Fingerprint) *guard.Approval {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := b.covering(who, f)
	if i < 0 {
		return nil
	}
	a := b.approvals[i]
	if a.Once {
		b.approvals = slices.Delete(b.approvals, i, i+1)
	}
	taken := &guard.Approval{ID: a.ID}
	for _, c := range a.By {
		taken.By = append(taken.By, guard.Consent{UID: c.UID, PID: c.PID, Reason: c.Reason})
	}
	return taken
}

// covering returns the place of an approval; -1 where there is none. One for a time goes
// before one for once.
func (b *Book) covering(who Session, f guard.Fingerprint) (found int) {
	found = -1
	for i, a := range b.current() {
		s := Statement{Refusal: a.Refusal}
		if a.Lacks == 0 && a.fingerprint == f && s.from(who) && (found < 0 || !a.Once) {
			found = i
		}
	}
	return found
}

// Allow lets a refused statement through, or proposes it where it takes two. record has
// to note the order before it is in force; where it fails, so does the order.
func (b *Book) Allow(order admin.Allow, by admin.Peer, t policy.BreakGlass, record func(admin.Approval) error) (admin.Approval, error) {
	b.orders.Lock()
	defer b.orders.Unlock()
	next, before, err := b.next(order, by, t)
	if err != nil {
		return admin.Approval{}, err
	}
	if err := record(next.Approval); err != nil {
		return admin.Approval{}, fmt.Errorf("nothing is let through, because that could not be written to the audit log: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.find(order.ID) != before {
		return admin.Approval{}, errors.New("nothing is let through: what was proposed has been withdrawn or has run out in the meantime")
	}
	b.approvals = append(b.without(order.ID), next)
	return next.Approval, nil
}

// next returns what an order makes of the approval of a statement, and what that was before;
// nil where there was none.
func (b *Book) next(order admin.Allow, by admin.Peer, t policy.BreakGlass) (next, before *approval, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	s := b.refused.find(order.ID, now)
	if s == nil {
		return nil, nil, unknown(order.ID)
	}
	if s.Barred != "" {
		return nil, nil, fmt.Errorf("%s cannot be let through: %s", order.ID, s.Barred)
	}
	if order, err = settled(order, t); err != nil {
		return nil, nil, err
	}
	next = &approval{fingerprint: s.Fingerprint, Approval: admin.Approval{Refusal: s.Refusal, Once: order.Once, For: order.For}}
	switch before = b.find(order.ID); {
	case before != nil:
		if err := before.confirmable(order, by); err != nil {
			return nil, nil, err
		}
		next.By = slices.Clone(before.By)
	case len(b.approvals) >= maxApprovals:
		return nil, nil, errors.New("too many statements are let through or proposed to be; revoke some")
	}
	next.By = append(next.By, admin.Consent{Peer: by, At: now, Reason: order.Reason})
	next.Lacks, next.Until = max(t.Approvals-len(next.By), 0), now.Add(order.For)
	if next.Lacks > 0 {
		next.Until = s.At.Add(Memory)
	}
	return next, before, nil
}

// Revoke ends an approval, or withdraws a proposal.
func (b *Book) Revoke(id string) (admin.Approval, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	a := b.find(id)
	if a == nil {
		return admin.Approval{}, fmt.Errorf("%w approval of %s: it was never given, is used up or has run out", admin.ErrUnknown, id)
	}
	b.approvals = b.without(id)
	return a.Approval, nil
}

func (b *Book) find(id string) *approval {
	if i := slices.IndexFunc(b.current(), func(a *approval) bool { return a.ID == id }); i >= 0 {
		return b.approvals[i]
	}
	return nil
}

func (b *Book) without(id string) []*approval {
	return slices.DeleteFunc(b.approvals, func(a *approval) bool { return a.ID == id })
}
