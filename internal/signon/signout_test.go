package signon_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/sqlite"
)

func (w *world) signOutEverywhere(session *signon.BrowserSession) {
	w.t.Helper()
	if err := w.SignOutEverywhere(w.t.Context(), session, "EVERYWHERE"); err != nil {
		w.t.Fatalf("sign out everywhere: %v", err)
	}
}

// atAccount asks for a link to the account, and signs on by it.
func atAccount(r *signon.RedeemRequest, w *world) { r.Destination = w.dest("shop", signon.KindAccount) }

func TestSigningOutEverywhereEndsSessionsAndLinks(t *testing.T) {
	w := newWorld(t)
	cart, secondCart, theirs := w.signOn("1", 1), w.signOn("1", 2), w.signOn("2", 3)
	toAccount := w.issue(func(r *signon.IssueRequest) {
		r.Destination, r.Target = w.dest("shop", signon.KindAccount), "https://shop.example/me"
	})
	account, err := w.redeem(toAccount.Token, 4, func(r *signon.RedeemRequest) { atAccount(r, w) })
	if err != nil {
		t.Fatal(err)
	}
	link, used, theirLink := w.issue(nil), w.issue(nil), w.issue(func(r *signon.IssueRequest) { r.Subject = "2" })
	usedBy, err := w.redeem(used.Token, 5, nil)
	if err != nil {
		t.Fatal(err)
	}

	w.signOutEverywhere(&account.Session)

	w.wantOver(cart.Token, "", signon.ReasonRevoked)
	w.wantOver(secondCart.Token, "", signon.ReasonRevoked)
	if _, err := w.browserSession("shop", signon.KindAccount, signon.HeldSession{Token: account.Token}); signon.AsError(err).Reason != signon.ReasonRevoked {
		t.Errorf("at the account: got %v", err)
	}
	_, err = w.redeem(link.Token, 1, nil)
	wantRefusal(t, err, signon.ReasonRevoked)
	_, err = w.redeem(used.Token, 5, nil) // a repeat of the same browser, by its binding
	wantRefusal(t, err, signon.ReasonRevoked)
	_, err = w.redeem(used.Token, 5, func(r *signon.RedeemRequest) { r.Session = &signon.HeldSession{Token: usedBy.Token} })
	wantRefusal(t, err, signon.ReasonRevoked)
	for _, token := range []signon.Token{link.Token, used.Token} {
		_, err = w.resolve(token, "SHOP", signon.KindCart)
		wantRefusal(t, err, signon.ReasonRevoked)
		if e := w.lastEvent(); e.Type != signon.EventResolveRefused || e.Reason != signon.ReasonRevoked {
			t.Errorf("resolving is recorded as %s, %s", e.Type, e.Reason)
		}
	}

	w.visit(theirs.Token, "")
	if _, err := w.redeem(theirLink.Token, 6, nil); err != nil {
		t.Errorf("another person's link: %v", err)
	}
	var event *signon.Event
	for _, e := range w.events() {
		if e.Type == signon.EventSignedOutEverywhere {
			event = e
		}
	}
	personal, err := signon.OpenPersonal(signon.PrivacyKey{1}, event.Personal)
	if err != nil || personal.Subject != "1" || event.Grant != account.Session.Key.Reference() || event.Destination != "account" || event.SupportCode != "EVERYWHERE" {
		t.Errorf("recorded as %+v for %q, %v", event, personal.Subject, err)
	}
}

func TestSigningOnRightAfterSigningOutEverywhereWorks(t *testing.T) {
	w := newWorld(t) // and the clock stands still
	before := w.signOn("1", 1)
	for range 5 {
		pending := w.issue(nil)
		w.signOutEverywhere(&before.Session)
		w.wantOver(before.Token, "", signon.ReasonRevoked)
		_, err := w.redeem(pending.Token, 1, nil)
		wantRefusal(t, err, signon.ReasonRevoked)

		issued := w.issue(nil)
		if left := issued.Grant.ExpiresAt.Sub(w.clock.Now()); left != 10*time.Second {
			t.Errorf("a link of 10 s is good for %v", left)
		}
		if _, err := w.resolve(issued.Token, "SHOP", signon.KindCart); err != nil {
			t.Errorf("resolve a new link: %v", err)
		}
		if before, err = w.redeem(issued.Token, 1, nil); err != nil {
			t.Fatalf("a new link: %v", err)
		}
		w.visit(before.Token, "")
		if again, err := w.redeem(issued.Token, 1, nil); err != nil || again.Token != before.Token {
			t.Errorf("a repeat: got %+v, %v", again, err)
		}
	}
}

func TestLinksIssuedLaterWorkAsEver(t *testing.T) {
	w := newWorld(t)
	w.signOutEverywhere(&w.signOn("1", 1).Session)
	w.clock.move(time.Minute)
	issued := w.issue(nil)
	if want := w.clock.Now(); !issued.Grant.IssuedAt.Equal(want) {
		t.Errorf("issued at %v, want %v", issued.Grant.IssuedAt, want)
	}
	if _, err := w.redeem(issued.Token, 1, nil); err != nil {
		t.Error(err)
	}
}

func TestAnAnswerAfterSigningOutEverywhereDoesNotCount(t *testing.T) {
	w := newWorld(t)
	session := w.signOn("1", 1)
	w.withPolicy(func(d *signon.Destination) { d.Policy = signon.PolicyConfirm })
	issued := w.issue(nil)
	ask := w.asked(issued.Token, 2, nil)
	w.signOutEverywhere(&session.Session)
	_, err := w.redeem(issued.Token, 2, confirmed(ask.Ticket))
	wantRefusal(t, err, signon.ReasonRevoked)
}

func TestNobodyIsAskedAboutAPersonWhoSignedOutEverywhere(t *testing.T) {
	w := newWorld(t)
	first := w.signOn("1", 1)
	w.signOutEverywhere(&first.Session)
	signOn, err := w.redeem(w.issue(func(r *signon.IssueRequest) { r.Subject = "2" }).Token, 1, func(r *signon.RedeemRequest) {
		r.Session = &signon.HeldSession{Token: first.Token}
	})
	if err != nil || signOn.Ask != nil {
		t.Errorf("got %+v, %v; want no question", signOn, err)
	}
}

// interrupted lets a test act right before the store redeems or creates a grant.
type interrupted struct {
	*sqlite.Store
	mu     sync.Mutex
	before func()
}

func (s *interrupted) act() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.before; f != nil {
		s.before = nil
		f()
	}
}

func (s *interrupted) RedeemGrant(ctx context.Context, r *signon.Redemption) (signon.RedeemOutcome, error) {
	s.act()
	return s.Store.RedeemGrant(ctx, r)
}

func (s *interrupted) CreateGrant(ctx context.Context, g *signon.Grant, e *signon.Event, reply *signon.Reply) error {
	s.act()
	return s.Store.CreateGrant(ctx, g, e, reply)
}

// over wraps the world's store.
func (w *world) over(store signon.Store) {
	w.t.Helper()
	w.Service = signon.New(signon.Options{
		Store: store, Keys: w.keys, People: w.people, Misses: w.misses, Failures: w.failures, Refusals: w.refusals, Log: quiet(),
	})
	if err := w.Apply(w.t.Context(), tenants()); err != nil {
		w.t.Fatal(err)
	}
}

func TestWhatIsOnItsWayEndsWithSigningOutEverywhere(t *testing.T) {
	w := newWorld(t)
	store := &interrupted{Store: w.store}
	w.over(store)
	session := w.signOn("1", 1)
	signOut := func() {
		w.clock.move(time.Second) // what is stored after it has a later time
		w.signOutEverywhere(&session.Session)
		w.clock.move(time.Second)
	}

	issued := w.issue(nil)
	store.before = signOut
	signOn, err := w.redeem(issued.Token, 2, nil)
	if err == nil { // it may come to be, but does not outlive it
		w.wantOver(signOn.Token, "", signon.ReasonRevoked)
	}

	store.before = signOut
	issued = w.issue(nil)
	_, err = w.redeem(issued.Token, 2, nil)
	wantRefusal(t, err, signon.ReasonRevoked)
}

func TestSigningOutEverywhereBesideSignOns(t *testing.T) {
	w := newWorld(t)
	clock := w.clock
	for round := range 10 {
		session := w.signOn("1", 1)
		var before []signon.Token
		for range 16 {
			before = append(before, w.issue(nil).Token)
		}
		var all sync.WaitGroup
		signedOn := make([]*signon.SignOn, len(before))
		for i, token := range before {
			all.Go(func() { signedOn[i], _ = w.redeem(token, byte(i), nil) })
		}
		all.Go(func() { w.signOutEverywhere(&session.Session) })
		if round%2 == 0 {
			all.Go(func() { clock.move(time.Millisecond) })
		}
		all.Wait()
		for i, s := range signedOn {
			if s != nil {
				w.wantOver(s.Token, "", signon.ReasonRevoked)
			}
			_, err := w.redeem(before[i], byte(i), nil)
			wantRefusal(t, err, signon.ReasonRevoked)
		}
		w.visit(w.signOn("1", 1).Token, "")
	}
}

func TestLinksThatWereSignedOutOfAreNotCounted(t *testing.T) {
	w := newWorld(t)
	ts := tenants()
	ts[0].Limits = signon.TenantLimits{LiveGrants: 10, LinksPerSubject: 3}
	if err := w.Apply(t.Context(), ts); err != nil {
		t.Fatal(err)
	}
	session := w.signOn("1", 1)
	for range 3 { // a person who signs out everywhere gets new links at once
		for i := range 3 {
			w.issue(func(r *signon.IssueRequest) { r.TTL = time.Duration(i+1) * time.Minute })
		}
		if _, err := w.Issue(t.Context(), w.request()); signon.AsError(err).Code != signon.CodeLimit {
			t.Errorf("a fourth link: got %v, want the limit", err)
		}
		w.signOutEverywhere(&session.Session)
	}
}

func TestListedGrantsTellThatTheirPersonSignedOutEverywhere(t *testing.T) {
	w := newWorld(t)
	session := w.signOn("1", 1)
	link := w.issue(nil)
	theirs := w.issue(func(r *signon.IssueRequest) { r.Subject = "2" })
	w.signOutEverywhere(&session.Session)
	later := w.issue(nil)
	delete(w.people.known, "2") // what was issued to somebody who was removed is void, too
	want := map[signon.GrantKey]signon.Standing{
		session.Session.Key: signon.StandingRevoked, link.Grant.Key: signon.StandingRevoked,
		theirs.Grant.Key: signon.StandingRevoked, later.Grant.Key: signon.StandingLive,
	}
	for _, only := range append(signon.Standings(), "") {
		got := map[signon.GrantKey]signon.Standing{}
		err := w.ListGrants(t.Context(), signon.GrantFilter{Standing: only}, func(g *signon.Grant, s signon.Standing) bool {
			got[g.Key] = s
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
		for key, standing := range want {
			if found, ok := got[key]; ok != (only == "" || only == standing) || ok && found != standing {
				t.Errorf("only %q: got %q for %s", only, found, key.Reference())
			}
		}
	}
}

// forgetful is a directory that can't be asked, or can't be told.
type forgetful struct {
	signon.People
	ask, tell error
}

func (f *forgetful) Subject(ctx context.Context, t signon.TenantID, k signon.SubjectKind, ref signon.SubjectRef) (signon.Subject, error) {
	if f.ask != nil {
		return signon.Subject{}, f.ask
	}
	return f.People.Subject(ctx, t, k, ref)
}

func (f *forgetful) SignOut(context.Context, signon.TenantID, signon.SubjectKind, signon.SubjectRef, *signon.Event) error {
	return f.tell
}

func TestADirectoryThatFailsSignsNobodyOut(t *testing.T) {
	w := newWorld(t)
	session := w.signOn("1", 1)
	away := signon.Unavailable("write", errors.New("the disk is full"))
	people := &forgetful{People: w.people, tell: away}
	w.Service = signon.New(signon.Options{
		Store: w.store, Keys: w.keys, People: people, Misses: w.misses, Failures: w.failures, Refusals: w.refusals, Log: quiet(),
	})
	if err := w.Apply(t.Context(), tenants()); err != nil {
		t.Fatal(err)
	}
	if err := w.SignOutEverywhere(t.Context(), &session.Session, ""); signon.AsError(err).Code != signon.CodeUnavailable {
		t.Errorf("got %v, want unavailable", err)
	}
	w.visit(session.Token, "")

	// Where it is not known whether the person signed out, no session is shown to live
	// or to be over.
	issued := w.issue(nil)
	people.ask = away
	if _, err := w.browserSession("shop", signon.KindCart, signon.HeldSession{Token: session.Token}); signon.AsError(err).Code != signon.CodeUnavailable {
		t.Errorf("session: got %v, want unavailable", err)
	}
	if _, err := w.resolve(issued.Token, "SHOP", signon.KindCart); signon.AsError(err).Code != signon.CodeUnavailable {
		t.Errorf("resolve: got %v, want unavailable", err)
	}
	people.ask = signon.ErrNotFound
	w.wantOver(session.Token, "", signon.ReasonSubject)
	_, err := w.resolve(issued.Token, "SHOP", signon.KindCart)
	wantRefusal(t, err, signon.ReasonSubject)
}

func TestExplainTellsThatThePersonSignedOutEverywhere(t *testing.T) {
	w := newWorld(t)
	session := w.signOn("1", 1)
	issued := w.issue(nil)
	w.signOutEverywhere(&session.Session)
	_, _ = w.redeem(issued.Token, 1, nil)
	w.wantOver(session.Token, "", signon.ReasonRevoked)
	for _, code := range []string{"REDEEM", "SESSION"} {
		trace := w.explained(code)
		if checks := failed(trace); len(checks) != 1 || checks[0] != signon.CheckRevocation || !strings.Contains(trace.Expected, "signed out everywhere") {
			t.Errorf("%s: got %+v, failed %v", code, trace, checks)
		}
	}
}
