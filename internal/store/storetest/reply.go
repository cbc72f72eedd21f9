package storetest

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

const leaseTTL = 8 * time.Second

// reply returns a reply of now to the call with that key.
func (b *bench) reply(key byte) *signon.Reply {
	return &signon.Reply{
		Key: signon.ReplyKey{key, 1}, Call: [32]byte{key, 2}, Sealed: []byte{key, 0, 3},
		OutdatedAt: b.Store.Now().Truncate(time.Millisecond).Add(signon.ReplyTTL),
		Tenant:     shop, About: signon.Person{Kind: signon.SubjectUser, Ref: signon.SubjectRef(fmt.Sprint(key))},
	}
}

// replyAbout is reply with another person that it is about.
func (b *bench) replyAbout(key byte, tenant signon.TenantID, about signon.Person) *signon.Reply {
	r := b.reply(key)
	r.Tenant, r.About = tenant, about
	return r
}

// until is the end of a lease that is claimed now.
func (b *bench) until() time.Time { return b.Store.Now().Truncate(time.Millisecond).Add(leaseTTL) }

var replyPromises = []promise{
	{"OneCallerHasTheLease", func(t *testing.T, b *bench) {
		key, until := b.reply(1).Key, b.until()
		b.leased(t, key, until)
		b.busy(t, key)
		b.leased(t, b.reply(2).Key, until) // another key is another matter
		b.release(t, key, until)
		b.leased(t, key, until)
	}},
	{"LeaseRunsOutByTheStoresClock", func(t *testing.T, b *bench) {
		key := b.reply(1).Key
		b.leased(t, key, b.until())
		b.clock.Advance(leaseTTL - time.Millisecond)
		b.busy(t, key)
		b.clock.Advance(-time.Hour) // the store's clock does not go back
		b.busy(t, key)
		b.clock.Advance(time.Hour + time.Millisecond)
		b.leased(t, key, b.until())
	}},
	{"WhoseLeaseRanOutGivesBackNobodyElses", func(t *testing.T, b *bench) {
		key, first := b.reply(1).Key, b.until()
		b.leased(t, key, first)
		b.clock.Advance(leaseTTL)
		second := b.until()
		b.leased(t, key, second)
		b.release(t, key, first)
		b.busy(t, key)
		b.release(t, key, second)
		b.leased(t, key, b.until())
	}},
	{"NoLeaseStandsAfterARestart", func(t *testing.T, b *bench) {
		key := b.reply(1).Key
		b.leased(t, key, b.until())
		b.Store = b.Reopen(t)
		b.leased(t, key, b.until())
	}},
	{"ReplyIsKeptWithWhatItAnswers", func(t *testing.T, b *bench) {
		for i, create := range b.answering() {
			want := b.reply(byte(i))
			b.leased(t, want.Key, b.until())
			if err := create(want); err != nil {
				t.Fatalf("%d: create: %v", i, err)
			}
			same(t, "reply while the lease stands", b.replied(t, want.Key), want)
		}
		b.Store = b.Reopen(t)
		for i := range b.answering() {
			same(t, "reply after a restart", b.replied(t, b.reply(byte(i)).Key), b.reply(byte(i)))
		}
	}},
	{"WhatWasNotDoneHasNoReply", func(t *testing.T, b *bench) {
		taken := b.issue(t)
		b.hire(t, user(1))
		again, sameName := b.newGrant(), bareUser(2, user(1).Username)
		again.Key = taken.Key
		for i, create := range []func(*signon.Reply) error{
			func(r *signon.Reply) error { return b.Store.CreateGrant(b.ctx, again, event(signon.EventIssued), r) },
			func(r *signon.Reply) error {
				return b.Store.CreateUser(b.ctx, sameName, event(signon.EventUserCreated), r)
			},
		} {
			r := b.reply(byte(i))
			fails(t, "create", create(r), signon.ErrConflict)
			b.leased(t, r.Key, b.until())
		}
	}},
	{"WhatWasAnsweredIsNotDoneAgain", func(t *testing.T, b *bench) {
		first := b.reply(1)
		if err := b.answering()[0](first); err != nil {
			t.Fatal(err)
		}
		before := len(b.events(t))
		g, u := b.newGrant(), user(7)
		second := b.reply(1)
		second.Sealed = []byte("another")
		fails(t, "grant", b.Store.CreateGrant(b.ctx, g, event(signon.EventIssued), second), signon.ErrAnswered)
		fails(t, "user", b.Store.CreateUser(b.ctx, u, event(signon.EventUserCreated), second), signon.ErrAnswered)
		taken := b.issue(t)
		g.Key = taken.Key
		fails(t, "grant that exists", b.Store.CreateGrant(b.ctx, g, event(signon.EventIssued), second), signon.ErrAnswered)
		_, err := b.Store.User(b.ctx, shop, u.ID)
		fails(t, "read the user", err, signon.ErrNotFound)
		same(t, "grant", b.grant(t, taken.Key), *taken)
		same(t, "reply", b.replied(t, first.Key), first)
		if n := len(b.events(t)); n != before+1 {
			t.Errorf("got %d events, want %d", n, before+1)
		}
	}},
	{"ReplyThatIsOutOfDateIsAsNone", func(t *testing.T, b *bench) {
		for i, create := range b.answering() {
			r := b.reply(byte(i))
			if err := create(r); err != nil {
				t.Fatal(err)
			}
		}
		b.clock.Advance(signon.ReplyTTL - time.Millisecond)
		b.replied(t, b.reply(0).Key)
		b.clock.Advance(time.Millisecond)
		for i, create := range b.answering() {
			b.leased(t, b.reply(byte(i)).Key, b.until())
			next := b.reply(byte(i))
			next.Call, next.Sealed = [32]byte{9}, []byte("next")
			if err := create(next); err != nil {
				t.Errorf("%d: create: %v", i, err)
			}
			same(t, "the next reply", b.replied(t, next.Key), next)
		}
	}},
	{"RepliesThatAreOutOfDateAreSwept", func(t *testing.T, b *bench) {
		for i := range 5 {
			if err := b.Store.CreateUser(b.ctx, user(int64(i)), event(signon.EventUserCreated), b.reply(byte(i))); err != nil {
				t.Fatal(err)
			}
		}
		sweep := func(want int) {
			t.Helper()
			if n, err := b.Store.Sweep(b.ctx, signon.GrantKey{}, time.Time{}, 2); err != nil || n != want {
				t.Errorf("sweep: got %d, %v, want %d", n, err, want)
			}
		}
		sweep(0)
		b.clock.Advance(time.Hour)
		last := b.reply(5)
		if err := b.Store.CreateUser(b.ctx, user(5), event(signon.EventUserCreated), last); err != nil {
			t.Fatal(err)
		}
		b.clock.Advance(signon.ReplyTTL - time.Hour)
		for _, want := range []int{2, 2, 1, 0} {
			sweep(want)
		}
		same(t, "the one that is not out of date", b.replied(t, last.Key), last)
	}},
	{"DeletedUserTakesAnswersAlong", func(t *testing.T, b *bench) {
		b.hire(t, user(1))
		about := signon.Person{Kind: signon.SubjectUser, Ref: "1"}
		kept := []*signon.Reply{
			b.replyAbout(0, shop, about), b.replyAbout(1, shop, about), b.replyAbout(2, other, about), b.replyAbout(3, "", signon.Person{}),
			b.replyAbout(4, shop, signon.Person{Kind: signon.SubjectCustomer, Ref: "1"}), b.replyAbout(5, shop, signon.Person{Kind: signon.SubjectUser, Ref: "11"}),
		}
		for i, r := range kept {
			if err := b.Store.CreateGrant(b.ctx, b.newGrant(), event(signon.EventIssued), r); err != nil {
				t.Fatalf("%d: %v", i, err)
			}
			same(t, "reply", b.replied(t, r.Key), r)
		}
		b.dismiss(t, 1)
		for range 2 {
			for i, want := range kept {
				got := b.replied(t, want.Key) // the call is known all the same, and is not done again
				if i > 1 {
					same(t, fmt.Sprintf("answer %d, about somebody else", i), got, want)
				} else if len(got.Sealed) != 0 || got.About != (signon.Person{}) || got.Call != want.Call || !got.OutdatedAt.Equal(want.OutdatedAt) {
					t.Errorf("answer %d: got %+v, want it empty", i, got)
				}
				fails(t, "another with its key", b.Store.CreateGrant(b.ctx, b.newGrant(), event(signon.EventIssued), want), signon.ErrAnswered)
			}
			b.Store = b.Reopen(t)
		}
	}},
	{"CallIsDoneOnceByManyAtTheSameTime", func(t *testing.T, b *bench) {
		for round := range shortened(20) {
			key, until := byte(round), b.until()
			var created, answered, busy atomic.Int32
			together(racers, func(i int) {
				switch err := b.once(key, until, byte(i)); {
				case err == nil:
					created.Add(1)
				case errors.Is(err, signon.ErrConflict):
					busy.Add(1)
				case errors.Is(err, signon.ErrAnswered):
					answered.Add(1)
				default:
					t.Errorf("racer %d: %v", i, err)
				}
			})
			if created.Load() != 1 {
				t.Errorf("done %d times, answered %d times, in progress %d times; want it done once", created.Load(), answered.Load(), busy.Load())
			}
			b.replied(t, signon.ReplyKey{key, 1})
		}
		b.count(t, signon.EventIssued, shortened(20))
	}},
	{"CallIsDoneOnceThoughNoLeaseHolds", func(t *testing.T, b *bench) {
		var created atomic.Int32
		together(racers, func(i int) {
			r := b.reply(1)
			r.Sealed = []byte{byte(i)}
			var err error
			if i%2 == 0 {
				err = b.Store.CreateGrant(b.ctx, b.newGrant(), event(signon.EventIssued), r)
			} else {
				err = b.Store.CreateUser(b.ctx, user(int64(i)), event(signon.EventIssued), r)
			}
			if err == nil {
				created.Add(1)
			} else {
				fails(t, fmt.Sprint("racer ", i), err, signon.ErrAnswered)
			}
		})
		if created.Load() != 1 {
			t.Errorf("done %d times, want once", created.Load())
		}
		b.count(t, signon.EventIssued, 1)
	}},
}

// answering are the calls that keep a reply, each of something new.
func (b *bench) answering() []func(*signon.Reply) error {
	return []func(*signon.Reply) error{
		func(r *signon.Reply) error {
			return b.Store.CreateGrant(b.ctx, b.newGrant(), event(signon.EventIssued), r)
		},
		func(r *signon.Reply) error {
			id := r.OutdatedAt.UnixMilli()
			return b.Store.CreateUser(b.ctx, user(id), event(signon.EventUserCreated), r)
		},
	}
}

// once makes a grant if nobody did so under that key, as the core goes about it:
// ErrConflict while somebody is at it, ErrAnswered when somebody has.
func (b *bench) once(key byte, until time.Time, racer byte) error {
	r := b.reply(key)
	r.Sealed = []byte{racer}
	_, err := b.Store.ClaimReply(b.ctx, r.Key, until)
	switch {
	case err == nil:
		return signon.ErrAnswered
	case !errors.Is(err, signon.ErrNotFound):
		return err
	}
	err = b.Store.CreateGrant(b.ctx, b.newGrant(), event(signon.EventIssued), r)
	return errors.Join(err, b.Store.ReleaseReply(b.ctx, r.Key, until))
}

// leased claims a key and fails the test unless that gives the lease.
func (b *bench) leased(t *testing.T, key signon.ReplyKey, until time.Time) {
	t.Helper()
	_, err := b.Store.ClaimReply(b.ctx, key, until)
	fails(t, "claim", err, signon.ErrNotFound)
}

// busy fails the test unless somebody else has the lease.
func (b *bench) busy(t *testing.T, key signon.ReplyKey) {
	t.Helper()
	_, err := b.Store.ClaimReply(b.ctx, key, b.until())
	fails(t, "claim", err, signon.ErrConflict)
}

func (b *bench) release(t *testing.T, key signon.ReplyKey, until time.Time) {
	t.Helper()
	if err := b.Store.ReleaseReply(b.ctx, key, until); err != nil {
		t.Fatalf("release: %v", err)
	}
}

// replied returns the reply with that key.
func (b *bench) replied(t *testing.T, key signon.ReplyKey) *signon.Reply {
	t.Helper()
	r, err := b.Store.ClaimReply(b.ctx, key, b.until())
	if err != nil {
		t.Fatalf("read reply: %v", err)
	}
	return r
}
