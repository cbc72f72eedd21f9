package signon_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

func (w *staffWorld) activity(q signon.ActivityQuery) []signon.Activity {
	w.t.Helper()
	if q.Limit == 0 {
		q.Limit = 100
	}
	list, err := w.Activity(w.t.Context(), q)
	if err != nil {
		w.t.Fatalf("list activity: %v", err)
	}
	return list
}

func TestActivityTellsWhatBecameOfAUsersLinks(t *testing.T) {
	w := newStaffWorld(t)
	start := w.Now()
	user := signon.Person{Kind: signon.SubjectUser, Ref: "1"}
	issued := w.link(w.asks("shop"))
	w.clock.move(time.Second)
	_, err := w.Redeem(t.Context(), &signon.RedeemRequest{
		Tenant: "shop", Destination: w.dest("shop", signon.KindPortal), Token: issued.Token.Reveal(), Binding: signon.Binding{9}, Addr: abroad, SupportCode: "ABROAD",
	})
	wantRefusal(t, err, signon.ReasonWrongAddress)
	signOn, err := w.enter("shop", issued.Token.Reveal(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.enter("shop", issued.Token.Reveal(), 1); err != nil { // a repeat is none
		t.Fatal(err)
	}
	if err := w.SignOut(t.Context(), "shop", w.dest("shop", signon.KindPortal), signOn.Token, "OUT"); err != nil {
		t.Fatal(err)
	}
	unbound := w.asks("shop")
	unbound.Bind = unbound.Caller
	revoked := w.link(unbound)
	if _, err := w.Revoke(t.Context(), signon.Selection{Tenant: "shop", Reference: revoked.Grant.Key.Reference()}, "REVOKE"); err != nil {
		t.Fatal(err)
	}
	w.issue(nil) // a customer's
	w.link(w.asks("other"))

	later := start.Add(time.Second)
	want := []signon.Activity{
		{Type: signon.EventRevoked, At: later, SupportCode: "REVOKE"},
		{Type: signon.EventIssued, At: later, SupportCode: "ISSUE"},
		{Type: signon.EventSessionEnded, At: later, SupportCode: "OUT"},
		{Type: signon.EventRedeemed, At: later, Addr: home.String(), SupportCode: "REDEEM"},
		{Type: signon.EventRedeemRefused, At: later, Reason: signon.ReasonWrongAddress, Addr: abroad.String(), Bound: home.String(), SupportCode: "ABROAD"},
		{Type: signon.EventIssued, At: start, Addr: home.String(), SupportCode: "ISSUE"},
	}
	got := w.activity(signon.ActivityQuery{Tenant: "shop"})
	for i := range want {
		want[i].Client, want[i].Person = "shop", user
		if i < len(got) {
			want[i].Seq = got[i].Seq
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("activity (-want +got):\n%s", diff)
	}
	page := w.activity(signon.ActivityQuery{Tenant: "shop", Person: user, Before: got[1].Seq, Limit: 2})
	if diff := cmp.Diff(got[2:4], page); diff != "" {
		t.Errorf("a page (-want +got):\n%s", diff)
	}
	if theirs := w.activity(signon.ActivityQuery{Tenant: "other"}); len(theirs) != 1 || theirs[0].Client != "shop" {
		t.Errorf("of the tenant that shop acted for: got %+v, want one link by shop", theirs)
	}
}

func TestSigningOutEverywhereIsActivity(t *testing.T) {
	w := newStaffWorld(t)
	signOn, err := w.enter("shop", w.link(w.asks("shop")).Token.Reveal(), 1)
	if err != nil {
		t.Fatal(err)
	}
	w.signOutEverywhere(&signOn.Session)
	if got := w.activity(signon.ActivityQuery{Tenant: "shop", Limit: 1}); got[0].Type != signon.EventSignedOutEverywhere || got[0].SupportCode != "EVERYWHERE" {
		t.Errorf("got %+v", got)
	}
}

func TestActivityGoesWithItsPerson(t *testing.T) {
	w := newStaffWorld(t)
	link := w.link(w.asks("shop"))
	second := w.asks("shop")
	second.Subject = "2"
	w.link(second)
	w.link(w.asks("other"))
	if err := w.directory.DeleteUser(t.Context(), "shop", 1, directory.Act{}); err != nil {
		t.Fatal(err)
	}
	_, err := w.enter("shop", link.Token.Reveal(), 1)
	wantRefusal(t, err, signon.ReasonSubject)
	got := w.activity(signon.ActivityQuery{Tenant: "shop"})
	if len(got) != 1 || got[0].Person.Ref != "2" || got[0].Addr != home.String() {
		t.Errorf("got %+v, want the other user's alone", got)
	}
	if theirs := w.activity(signon.ActivityQuery{Tenant: "other"}); len(theirs) != 1 {
		t.Errorf("another tenant's: got %+v", theirs)
	}
	for _, e := range w.events() { // what is in the log can't be read any more
		if _, err := signon.OpenPersonal(signon.PrivacyKey{}, e.Personal); err == nil {
			t.Errorf("%s opens without a key", e.Type)
		}
	}
}

func TestActivityWithoutItsPersonHasNoAddress(t *testing.T) {
	w := newStaffWorld(t)
	e := &signon.Event{
		Type: signon.EventRedeemed, Tenant: "shop", Activity: signon.Person{Kind: signon.SubjectUser, Ref: "9"},
		Personal: signon.SealPersonal(signon.PrivacyKey{9}, signon.Personal{Subject: "9", Addr: home.String()}),
	}
	if err := w.store.AppendEvent(t.Context(), e); err != nil { // as when the person was removed just then
		t.Fatal(err)
	}
	if got := w.activity(signon.ActivityQuery{Tenant: "shop"}); len(got) != 1 || got[0].Addr != "" || got[0].Person.Ref != "9" {
		t.Errorf("got %+v, want it without an address", got)
	}
}

func TestActivityThatCanNotBeReadIsAnError(t *testing.T) {
	w := newStaffWorld(t)
	w.link(w.asks("shop"))
	_ = w.store.Close()
	if list, err := w.Activity(t.Context(), signon.ActivityQuery{Tenant: "shop", Limit: 9}); signon.AsError(err) == nil || signon.AsError(err).Code != signon.CodeUnavailable {
		t.Errorf("got %v, %v, want unavailable", list, err)
	}
}
