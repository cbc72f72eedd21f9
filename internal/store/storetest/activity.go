package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

func staff(ref signon.SubjectRef) signon.Person {
	return signon.Person{Kind: signon.SubjectUser, Ref: ref}
}

// did returns an event that is listed as that person's activity.
func did(who signon.Person, code string) *signon.Event {
	return &signon.Event{Type: signon.EventSessionEnded, Tenant: shop, SupportCode: code, Activity: who}
}

var activityPromises = []promise{
	{"ActivityIsListedTheLatestFirst", func(t *testing.T, b *bench) {
		first := did(staff("1"), "A")
		first.Client, first.Personal, first.Reason = "API", []byte{0, 1}, signon.ReasonUsed
		b.append(t, first)
		b.append(t, event(signon.EventClientRefused)) // nobody's
		b.clock.Advance(time.Second)
		b.append(t, did(staff("2"), "B"))
		first.At = NewClock().Now()
		second := did(staff("2"), "B")
		second.At = first.At.Add(time.Second)
		want := []signon.ListedEvent{{Seq: 3, Event: second}, {Seq: 1, Event: first}}
		same(t, "activity", b.activity(t, signon.ActivityQuery{Limit: 10}), want)
		b.Store = b.Reopen(t)
		same(t, "activity after a restart", b.activity(t, signon.ActivityQuery{Limit: 10}), want)
	}},
	{"ActivityIsListedInPages", func(t *testing.T, b *bench) {
		for i := range 7 {
			b.append(t, did(staff("1"), fmt.Sprint("one ", i)))
			b.append(t, did(staff("2"), fmt.Sprint("two ", i)))
		}
		for _, c := range []struct {
			name string
			q    signon.ActivityQuery
			want []int64
		}{
			{"all", signon.ActivityQuery{}, []int64{14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1}},
			{"the first page", signon.ActivityQuery{Limit: 3}, []int64{14, 13, 12}},
			{"the next page", signon.ActivityQuery{Before: 12, Limit: 3}, []int64{11, 10, 9}},
			{"the last page", signon.ActivityQuery{Before: 3, Limit: 3}, []int64{2, 1}},
			{"beyond", signon.ActivityQuery{Before: 1, Limit: 3}, nil},
			{"one person's", signon.ActivityQuery{Person: staff("2"), Limit: 3}, []int64{14, 12, 10}},
			{"one person's next page", signon.ActivityQuery{Person: staff("2"), Before: 10, Limit: 9}, []int64{8, 6, 4, 2}},
			{"nobody's", signon.ActivityQuery{Person: staff("3")}, nil},
			{"of another kind", signon.ActivityQuery{Person: signon.Person{Kind: signon.SubjectCustomer, Ref: "2"}}, nil},
		} {
			if c.q.Limit == 0 {
				c.q.Limit = 100
			}
			var got []int64
			for _, e := range b.activity(t, c.q) {
				got = append(got, e.Seq)
			}
			same(t, c.name, got, c.want)
		}
	}},
	{"ActivityOfOtherTenantsIsTheirs", func(t *testing.T, b *bench) {
		theirs := did(staff("1"), "THEIRS")
		theirs.Tenant = other
		b.append(t, theirs)
		b.append(t, did(staff("1"), "OURS"))
		for _, who := range []signon.Person{{}, staff("1")} {
			for tenant, want := range map[signon.TenantID]int64{shop: 2, other: 1} {
				list := b.activity(t, signon.ActivityQuery{Tenant: tenant, Person: who, Limit: 10})
				if len(list) != 1 || list[0].Seq != want || list[0].Event.Tenant != tenant {
					t.Errorf("%s, %v: got %v, want event %d alone", tenant, who, list, want)
				}
			}
		}
	}},
	{"ActivityGoesWithTheUser", func(t *testing.T, b *bench) {
		b.hire(t, user(1))
		b.hire(t, user(12))
		b.hire(t, foreignUser(user(1)))
		theirs := did(staff("1"), "THEIRS")
		theirs.Tenant = other
		customers := did(signon.Person{Kind: signon.SubjectCustomer, Ref: "1"}, "CUSTOMER")
		for _, e := range []*signon.Event{did(staff("1"), "A"), did(staff("12"), "B"), theirs, customers} {
			b.append(t, e)
		}
		before := len(b.events(t))
		b.dismiss(t, 1)
		var codes []string
		for _, e := range b.activity(t, signon.ActivityQuery{Limit: 10}) {
			codes = append(codes, e.Event.SupportCode)
		}
		same(t, "what is left", codes, []string{"CUSTOMER", "B"})
		if list := b.activity(t, signon.ActivityQuery{Tenant: other, Limit: 10}); len(list) != 1 {
			t.Errorf("another tenant's user of the same number: got %d events, want 1", len(list))
		}
		if n := len(b.events(t)); n != before+1 { // the log itself is whole
			t.Errorf("got %d events in the log, want %d", n, before+1)
		}
	}},
	{"WhatWasNotDoneIsNoActivity", func(t *testing.T, b *bench) {
		g := b.issue(t)
		again := b.newGrant()
		again.Key = g.Key
		fails(t, "create", b.Store.CreateGrant(b.ctx, again, did(staff("1"), ""), nil), signon.ErrConflict)
		b.importFails(t, "import", &directory.Batch{Users: []*directory.User{user(1)}}, 0, signon.ErrNotFound)
		ended, err := b.Store.EndSession(b.ctx, g.Key, did(staff("1"), ""))
		if err != nil || ended {
			t.Errorf("end session: got %v, %v", ended, err)
		}
		same(t, "activity", b.activity(t, signon.ActivityQuery{Limit: 10}), []signon.ListedEvent{})
	}},
	{"EveryCallThatRecordsListsActivity", func(t *testing.T, b *bench) {
		b.hire(t, user(1))
		g := b.newGrant()
		for _, err := range []error{
			b.Store.CreateGrant(b.ctx, g, did(staff("1"), "CREATE"), nil),
			func() error {
				r := redemption(g, 1)
				r.Record = func(*signon.RedeemOutcome) *signon.Event { return did(staff("1"), "REDEEM") }
				_, err := b.Store.RedeemGrant(b.ctx, r)
				return err
			}(),
			func() error { _, err := b.Store.EndSession(b.ctx, g.Key, did(staff("1"), "END")); return err }(),
			func() error { _, err := b.Store.RevokeGrant(b.ctx, g.Key, did(staff("1"), "REVOKE")); return err }(),
			b.Store.SignOutUser(b.ctx, shop, 1, did(staff("1"), "EVERYWHERE")),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		var codes []string
		for _, e := range b.activity(t, signon.ActivityQuery{Person: staff("1"), Limit: 10}) {
			codes = append(codes, e.Event.SupportCode)
		}
		same(t, "activity", codes, []string{"EVERYWHERE", "REVOKE", "END", "REDEEM", "CREATE"})
	}},
}

// activity lists activity, of shop unless the query says otherwise.
func (b *bench) activity(t *testing.T, q signon.ActivityQuery) []signon.ListedEvent {
	t.Helper()
	if q.Tenant == "" {
		q.Tenant = shop
	}
	list, err := b.Store.Activity(b.ctx, q)
	if err != nil {
		t.Fatalf("list activity: %v", err)
	}
	return list
}
