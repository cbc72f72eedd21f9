package signon_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// withPolicy gives the shop's cart a policy.
func (w *world) withPolicy(change func(*signon.Destination)) {
	w.t.Helper()
	ts := tenants()
	change(&ts[0].Destinations[0])
	if err := w.Apply(w.t.Context(), ts); err != nil {
		w.t.Fatal(err)
	}
}

func confirmed(ticket string) func(*signon.RedeemRequest) {
	return func(r *signon.RedeemRequest) { r.Confirmed = ticket }
}

func (w *world) asked(token signon.Token, browser byte, change func(*signon.RedeemRequest)) *signon.Ask {
	w.t.Helper()
	signOn, err := w.redeem(token, browser, change)
	if err != nil || signOn.Ask == nil {
		w.t.Fatalf("got %+v, %v; want a question", signOn, err)
	}
	return signOn.Ask
}

func TestLongLinksAskTheBrowserFirst(t *testing.T) {
	w := newWorld(t)
	if signOn, err := w.redeem(w.issue(func(r *signon.IssueRequest) { r.TTL = signon.DirectTTL }).Token, 1, nil); err != nil || signOn.Ask != nil {
		t.Errorf("60 s: got %+v, %v; want it redeemed directly", signOn, err)
	}
	issued := w.issue(func(r *signon.IssueRequest) { r.TTL = signon.DirectTTL + time.Second })
	ask := w.asked(issued.Token, 1, nil)
	if ask.Policy != signon.PolicyAuto || ask.Subject != "1" || ask.Current != nil {
		t.Errorf("61 s: got %+v", ask)
	}
	if g, err := w.store.Grant(t.Context(), issued.Grant.Key); err != nil || g.State != signon.GrantLive {
		t.Errorf("asking spent the grant: %s, %v", g.State, err)
	}
	if signOn, err := w.redeem(issued.Token, 1, confirmed(ask.Ticket)); err != nil || !signOn.First {
		t.Errorf("answered: got %+v, %v", signOn, err)
	}
	if again, err := w.redeem(issued.Token, 1, nil); err != nil || again.Ask != nil || again.First {
		t.Errorf("repeat: got %+v, %v; want the same session unasked", again, err)
	}
}

func TestPolicyOfTheDestinationCounts(t *testing.T) {
	w := newWorld(t)
	w.withPolicy(func(d *signon.Destination) { d.Policy = signon.PolicyConfirm })
	if ask := w.asked(w.issue(nil).Token, 1, nil); ask.Policy != signon.PolicyConfirm {
		t.Errorf("got %+v", ask)
	}
	w.withPolicy(func(d *signon.Destination) { d.Policy = signon.PolicyDirect })
	if signOn, err := w.redeem(w.issue(func(r *signon.IssueRequest) { r.TTL = time.Hour }).Token, 1, nil); err != nil || signOn.Ask != nil {
		t.Errorf("direct for an hour: got %+v, %v", signOn, err)
	}
}

func TestAnAnswerInTimeCountsThoughTheLinkHasExpired(t *testing.T) {
	w := newWorld(t)
	w.withPolicy(func(d *signon.Destination) { d.Policy = signon.PolicyConfirm })
	issued := w.issue(nil)
	w.clock.move(9 * time.Second)
	ask := w.asked(issued.Token, 1, nil)
	w.clock.move(signon.AskTTL)
	signOn, err := w.redeem(issued.Token, 1, confirmed(ask.Ticket))
	if err != nil || !signOn.First {
		t.Fatalf("59 s after the link expired, asked before: got %+v, %v", signOn, err)
	}
	if again, err := w.redeem(issued.Token, 1, confirmed(ask.Ticket)); err != nil || again.Token != signOn.Token {
		t.Errorf("pressed twice: got %+v, %v", again, err)
	}
	late := w.issue(nil)
	ask = w.asked(late.Token, 1, nil)
	w.clock.move(signon.AskTTL + time.Millisecond)
	_, err = w.redeem(late.Token, 1, confirmed(ask.Ticket))
	wantRefusal(t, err, signon.ReasonExpired)
}

func TestATicketIsForOneLinkInOneBrowser(t *testing.T) {
	w := newWorld(t)
	w.withPolicy(func(d *signon.Destination) { d.Policy = signon.PolicyConfirm })
	issued, other := w.issue(nil), w.issue(nil)
	ticket := w.asked(issued.Token, 1, nil).Ticket
	w.asked(issued.Token, 2, confirmed(ticket))
	w.asked(other.Token, 1, confirmed(ticket))
	w.asked(issued.Token, 1, confirmed(ticket[:20]+"____"+ticket[24:]))
	w.asked(issued.Token, 1, confirmed(ticket+"A"))
	if signOn, err := w.redeem(issued.Token, 1, confirmed(ticket)); err != nil || !signOn.First {
		t.Errorf("the browser that was asked: got %+v, %v", signOn, err)
	}
}

func TestAnotherPersonIsAskedBeforeSwitching(t *testing.T) {
	w := newWorld(t)
	first, err := w.redeem(w.issue(nil).Token, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	holding := func(change func(*signon.RedeemRequest)) func(*signon.RedeemRequest) {
		return func(r *signon.RedeemRequest) {
			r.Session = &signon.HeldSession{Token: first.Token}
			if change != nil {
				change(r)
			}
		}
	}
	second := w.issue(func(r *signon.IssueRequest) { r.Subject = "2" })
	ask := w.asked(second.Token, 1, holding(nil))
	if ask.Current == nil || ask.Current.Subject != "1" || ask.Subject != "2" || ask.Policy != signon.PolicyDirect {
		t.Errorf("got %+v", ask)
	}
	elsewhere := func(r *signon.RedeemRequest) { r.Elsewhere = []signon.HeldSession{{Token: first.Token}} }
	if ask := w.asked(second.Token, 1, elsewhere); ask.Current == nil {
		t.Error("not asked for a session at another destination")
	}
	if signOn, err := w.redeem(second.Token, 1, holding(confirmed(ask.Ticket))); err != nil || signOn.Session.Subject != "2" {
		t.Errorf("answered: got %+v, %v", signOn, err)
	}
	if signOn, err := w.redeem(w.issue(nil).Token, 1, holding(nil)); err != nil || signOn.Ask != nil {
		t.Errorf("the same person again: got %+v, %v; want no question", signOn, err)
	}
	fake := forged(t, first.Token)
	if signOn, err := w.redeem(w.issue(func(r *signon.IssueRequest) { r.Subject = "2" }).Token, 3, func(r *signon.RedeemRequest) { r.Session = &signon.HeldSession{Token: fake} }); err != nil || signOn.Ask != nil {
		t.Errorf("with a forged session: got %+v, %v; want no question", signOn, err)
	}
}

func TestOnThisMachineAllItsAddressesAreOneWhereThatIsWanted(t *testing.T) {
	w := newWorld(t)
	four, six := netip.MustParseAddr("127.0.0.1"), netip.IPv6Loopback()
	for _, local := range []bool{false, true} {
		if local {
			w.Service = signon.New(signon.Options{
				Store: w.store, Keys: w.keys, People: w.people, Misses: w.misses, Failures: w.failures, Refusals: w.refusals, Log: quiet(), Local: true,
			})
			if err := w.Apply(t.Context(), tenants()); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []struct{ bound, from netip.Addr }{{four, six}, {six, four}, {six, six}} {
			issued := w.issue(func(r *signon.IssueRequest) { r.Bind = c.bound })
			_, err := w.redeem(issued.Token, 1, func(r *signon.RedeemRequest) { r.Addr = c.from })
			if got, want := err == nil, local || c.bound == c.from; got != want {
				t.Errorf("local %v, bound to %s, from %s: got %v", local, c.bound, c.from, err)
			}
		}
		issued := w.issue(func(r *signon.IssueRequest) { r.Bind = four })
		_, err := w.redeem(issued.Token, 1, func(r *signon.RedeemRequest) { r.Addr = abroad })
		wantRefusal(t, err, signon.ReasonWrongAddress)
	}
}

func TestAMismatchIsReportedWhereTheTenantTriesBindingOut(t *testing.T) {
	w := newWorld(t)
	w.withPolicy(func(d *signon.Destination) { d.OnMismatch = signon.MismatchReport })
	issued := w.issue(func(r *signon.IssueRequest) { r.Bind = home })
	signOn, err := w.redeem(issued.Token, 1, func(r *signon.RedeemRequest) { r.Addr = abroad })
	if err != nil || !signOn.First {
		t.Fatalf("got %+v, %v; want it let pass", signOn, err)
	}
	e := w.lastEvent()
	personal, err := signon.OpenPersonal(signon.PrivacyKey{1}, e.Personal)
	if err != nil || e.Type != signon.EventRedeemed || e.Note == "" || personal.Addr != "198.51.100.9, bound to 192.0.2.7" {
		t.Errorf("recorded as %+v with %q, %v", e, personal.Addr, err)
	}
	found, err := w.Explain(t.Context(), "REDEEM")
	if err != nil || !strings.Contains(found.Traces[0].Note, "let pass") {
		t.Errorf("explained as %+v, %v", found, err)
	}
}

func TestARepeatAsksBeforeItReplacesAnotherPerson(t *testing.T) {
	w := newWorld(t)
	ones, twos := w.issue(nil), w.issue(func(r *signon.IssueRequest) { r.Subject = "2" })
	one, err := w.redeem(ones.Token, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	two, err := w.redeem(twos.Token, 1, nil) // followed at the same moment, before the first answer came
	if err != nil {
		t.Fatal(err)
	}
	holding := func(r *signon.RedeemRequest) { r.Session = &signon.HeldSession{Token: two.Token} }
	ask := w.asked(ones.Token, 1, holding)
	if ask.Current == nil || ask.Current.Subject != "2" {
		t.Errorf("got %+v", ask)
	}
	again, err := w.redeem(ones.Token, 1, func(r *signon.RedeemRequest) {
		r.Session, r.Confirmed = &signon.HeldSession{Token: two.Token}, ask.Ticket
	})
	if err != nil || again.Token != one.Token {
		t.Errorf("answered: got %+v, %v; want the first session", again, err)
	}
}
