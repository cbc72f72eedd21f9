package signon_test

import (
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// visitors returns shop's link for its customer 1 that does not say yet where to.
func (w *staffWorld) visitors() *signon.Issued {
	w.t.Helper()
	return w.link(&signon.IssueRequest{
		Client: w.api("shop"), Destination: w.dest("shop", signon.KindEntrance), Kind: signon.SubjectCustomer, Subject: "1", Target: "https://shop.example/in",
	})
}

// through redeems at the entrance, on the way to a kind of destination.
func (w *staffWorld) through(token signon.Token, browser byte, to signon.DestinationKind, change func(*signon.RedeemRequest)) (*signon.SignOn, error) {
	return w.redeem(token, browser, func(r *signon.RedeemRequest) {
		r.Destination, r.Enter = w.dest("shop", signon.KindEntrance), w.dest("shop", to)
		if change != nil {
			change(r)
		}
	})
}

func TestAnEntranceLeadsToASessionWhereItWasAskedFor(t *testing.T) {
	for _, to := range []signon.DestinationKind{signon.KindCart, signon.KindAccount} {
		w := newStaffWorld(t)
		issued := w.visitors()
		signOn, err := w.through(issued.Token, 1, to, nil)
		if err != nil {
			t.Fatal(err)
		}
		b := signOn.Session
		if !signOn.First || b.Destination != string(to) || b.Subject != "1" || b.ExpiresAt.Sub(b.StartedAt) != 30*time.Minute {
			t.Errorf("got %+v, want a session at the %s for as long as one there", b, to)
		}
		for _, kind := range []signon.DestinationKind{signon.KindCart, signon.KindAccount, signon.KindEntrance} {
			_, err := w.browserSession("shop", kind, signon.HeldSession{Token: signOn.Token})
			if (err == nil) != (kind == to) {
				t.Errorf("the session at the %s, by way to the %s: %v", kind, to, err)
			}
		}
		for filter, want := range map[string]int{string(to): 1, "entrance": 0} {
			n := 0
			if err := w.ListGrants(t.Context(), signon.GrantFilter{Destination: filter}, func(*signon.Grant, signon.Standing) bool { n++; return true }); err != nil || n != want {
				t.Errorf("listed at %s: %d, %v; want %d", filter, n, err, want)
			}
		}
	}
}

func TestARepeatAtAnEntranceGetsTheSessionThatThereIs(t *testing.T) {
	w := newStaffWorld(t)
	issued := w.visitors()
	first, err := w.through(issued.Token, 1, signon.KindCart, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, again := range map[string]func() (*signon.SignOn, error){
		"by binding":               func() (*signon.SignOn, error) { return w.through(issued.Token, 1, signon.KindCart, nil) },
		"by binding, to elsewhere": func() (*signon.SignOn, error) { return w.through(issued.Token, 1, signon.KindAccount, nil) },
		"by session": func() (*signon.SignOn, error) {
			return w.through(issued.Token, 2, signon.KindCart, func(r *signon.RedeemRequest) { r.Session = &signon.HeldSession{Token: first.Token} })
		},
	} {
		got, err := again()
		if err != nil || got.First || got.Token != first.Token || got.Session.Destination != "cart" {
			t.Errorf("%s: got %+v, %v, want the same session at the cart", name, got, err)
		}
	}
	_, err = w.through(issued.Token, 3, signon.KindAccount, nil)
	wantRefusal(t, err, signon.ReasonUsed)
	if _, err := w.Revoke(t.Context(), signon.Selection{Tenant: "shop", Reference: issued.Grant.Key.Reference()}, ""); err != nil {
		t.Fatal(err)
	}
	_, err = w.browserSession("shop", signon.KindCart, signon.HeldSession{Token: first.Token})
	wantCode(t, "after revoking", err, signon.CodeSessionInvalid, signon.ReasonSessionEnded)
}

func TestAnEntranceLeadsNowhereElse(t *testing.T) {
	w := newStaffWorld(t)
	issued, plain := w.visitors(), w.issue(nil)
	for name, change := range map[string]func(*signon.RedeemRequest){
		"to nowhere":            func(r *signon.RedeemRequest) { r.Enter = nil },
		"to itself":             func(r *signon.RedeemRequest) { r.Enter = r.Destination },
		"to the portal":         func(r *signon.RedeemRequest) { r.Enter = w.dest("shop", signon.KindPortal) },
		"to what is not theirs": func(r *signon.RedeemRequest) { r.Enter = &signon.Destination{ID: "elsewhere", Kind: signon.KindCart} },
		"under a false name":    func(r *signon.RedeemRequest) { r.Enter = &signon.Destination{ID: "portal", Kind: signon.KindCart} },
		"from a cart": func(r *signon.RedeemRequest) {
			r.Destination, r.Token = w.dest("shop", signon.KindCart), plain.Token.Reveal()
		},
	} {
		_, err := w.through(issued.Token, 1, signon.KindAccount, change)
		if e := signon.AsError(err); e == nil || e.Code != signon.CodeInternal {
			t.Errorf("%s: got %v, want an internal error", name, err)
		}
	}
	if _, err := w.through(issued.Token, 1, signon.KindAccount, nil); err != nil {
		t.Errorf("nothing was spent, yet: %v", err)
	}
}

func TestASessionByAnEntranceGoesIdleAsThoseWhereItIs(t *testing.T) {
	w := newStaffWorld(t)
	ts := staffTenants()
	ts[0].Destinations[0].IdleTTL = 5 * time.Minute
	if err := w.Apply(t.Context(), ts); err != nil {
		t.Fatal(err)
	}
	cart, err := w.through(w.visitors().Token, 1, signon.KindCart, nil)
	if err != nil {
		t.Fatal(err)
	}
	link := w.visitors()
	account, err := w.through(link.Token, 2, signon.KindAccount, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.clock.move(5 * time.Minute)
	w.wantOver(cart.Token, "", signon.ReasonIdle)
	if _, err := w.browserSession("shop", signon.KindAccount, signon.HeldSession{Token: account.Token}); err != nil {
		t.Errorf("at the account: %v", err)
	}
	if again, err := w.through(link.Token, 2, signon.KindCart, nil); err != nil || again.Token != account.Token {
		t.Errorf("a repeat: got %v", err)
	}
}

func TestAnotherPersonIsAskedAboutAtWhereAnEntranceLeads(t *testing.T) {
	w := newStaffWorld(t)
	_, err := w.through(w.visitors().Token, 1, signon.KindCart, nil)
	if err != nil {
		t.Fatal(err)
	}
	user, err := w.enter("shop", w.link(w.asks("shop")).Token.Reveal(), 1) // of the same number, and somebody else
	if err != nil {
		t.Fatal(err)
	}
	signOn, err := w.through(w.visitors().Token, 1, signon.KindCart, func(r *signon.RedeemRequest) {
		r.Elsewhere = []signon.HeldSession{{Token: user.Token}}
	})
	if err != nil || signOn.Ask == nil || signOn.Ask.Current.SubjectKind != signon.SubjectUser {
		t.Errorf("got %+v, %v, want to be asked", signOn, err)
	}
}
