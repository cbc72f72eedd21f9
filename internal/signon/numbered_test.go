package signon_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// apps returns the tenants with applications in the shop: 01 and 02, and 03 whose
// tokens may be read until they expire. "APP" may ask for tokens for all of them,
// and "ONE", "TWO" and "THREE" each are one.
func apps(change ...func(*signon.Tenant)) []signon.Tenant {
	all := tenants()
	shop := &all[0]
	client := func(id string, is ...string) signon.Client {
		return signon.Client{Realm: "r", ID: id, Bearers: []string{"b"}, Is: is}
	}
	shop.Clients = append(shop.Clients, client("APP"), client("ONE", "01"), client("TWO", "02"), client("THREE", "03"))
	for _, id := range []string{"01", "02", "03"} {
		shop.Clients[1].IssuesFor = append(shop.Clients[1].IssuesFor, id)
		shop.Destinations = append(shop.Destinations, signon.Destination{ID: id, Kind: signon.KindApp, DefaultTTL: time.Hour, MaxTTL: time.Hour, Reusable: id == "03"})
	}
	for _, c := range change {
		c(shop)
	}
	return all
}

// withApps applies the tenants with applications, and adds the members m, who is
// linked to all, and n, who is linked to 02.
func (w *world) withApps(change ...func(*signon.Tenant)) *world {
	w.t.Helper()
	if err := w.Apply(w.t.Context(), apps(change...)); err != nil {
		w.t.Fatal(err)
	}
	w.enrol("m", "01", "02", "03")
	w.enrol("n", "02")
	return w
}

func (w *world) enrol(ref signon.SubjectRef, linked ...string) {
	w.people.mu.Lock()
	defer w.people.mu.Unlock()
	s := w.people.known[ref]
	s.Kind, s.Ref, s.PrivacyKey, s.Apps = signon.SubjectMember, ref, signon.PrivacyKey{3}, linked
	w.people.known[ref] = s
}

func (w *world) app(id string) *signon.Destination {
	d, ok := w.Registry().DestinationByID("shop", id)
	if !ok {
		w.t.Fatalf("no application %s", id)
	}
	return d
}

func (w *world) numberedRequest(app string, change ...func(*signon.NumberedRequest)) *signon.NumberedRequest {
	req := &signon.NumberedRequest{
		Client: w.client("APP"), Destination: w.app(app), Member: "m", Target: "D", Caller: home, SupportCode: "ISSUE",
		Sign: func(n *signon.Numbered) (signon.Token, error) { return signon.Token("token " + n.Number), nil },
	}
	for _, c := range change {
		c(req)
	}
	return req
}

func (w *world) number(app string, change ...func(*signon.NumberedRequest)) *signon.Numbered {
	w.t.Helper()
	n, err := w.IssueNumbered(w.t.Context(), w.numberedRequest(app, change...))
	if err != nil {
		w.t.Fatalf("IssueNumbered: %v", err)
	}
	return n
}

// read reads a number for an application, as the client that is it.
func (w *world) read(app, number string, change ...func(*signon.ReadRequest)) (*signon.Grant, error) {
	client := map[string]string{"01": "ONE", "02": "TWO", "03": "THREE"}[app]
	req := &signon.ReadRequest{Client: w.client(client), Destination: w.app(app), Number: number, Caller: abroad, SupportCode: "READ"}
	for _, c := range change {
		c(req)
	}
	return w.Read(w.t.Context(), req)
}

// listed returns how each grant stands, in their order.
func (w *world) listed(f signon.GrantFilter) (all []signon.Standing) {
	w.t.Helper()
	err := w.ListGrants(w.t.Context(), f, func(_ *signon.Grant, s signon.Standing) bool { all = append(all, s); return true })
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

func TestNumberedTokenIsReadOnce(t *testing.T) {
	w := newWorld(t).withApps()
	w.clock.move(123456 * time.Microsecond)
	n := w.number("01")
	at := w.clock.Now().Truncate(time.Millisecond)
	if want := fmt.Sprint(at.UnixMilli()); len(n.Number) < 14 || len(n.Number) > 16 || n.Number[:13] != want {
		t.Errorf("got number %s, want %s and up to three digits", n.Number, want)
	}
	if !n.IssuedAt.Equal(at) || !n.ExpiresAt.Equal(at.Add(time.Hour)) || n.Token.Reveal() != "token "+n.Number {
		t.Errorf("got %s to %s, want an hour from %s", n.IssuedAt, n.ExpiresAt, at)
	}
	want := signon.Grant{
		Key: n.Grant.Key, Tenant: "shop", Client: "APP", Destination: "01", Subject: "m", SubjectKind: signon.SubjectMember, Target: "D",
		IssuedAt: at, ExpiresAt: at.Add(time.Hour), Epoch: w.store.Epoch(),
	}
	got, err := w.read("01", n.Number)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, *got); diff != "" {
		t.Errorf("the grant differs (-want +got):\n%s", diff)
	}
	w.clock.move(time.Second)
	for range 2 {
		_, err = w.read("01", n.Number)
		wantRefusal(t, err, signon.ReasonUsed)
		if e := signon.AsError(err); e.Received != "read at 2026-11-21T12:00:00.123Z" {
			t.Errorf("got %q", e.Received)
		}
	}
	var types []signon.EventType
	for _, e := range w.events()[2:] { // tenants were applied twice
		types = append(types, e.Type)
	}
	if diff := cmp.Diff([]signon.EventType{signon.EventIssued, signon.EventResolved, signon.EventResolveRefused, signon.EventResolveRefused}, types); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if e := w.lastEvent(); e.Client != "ONE" || e.Caller != abroad.String() || e.Grant != n.Grant.Key.Reference() || e.Reason != signon.ReasonUsed {
		t.Errorf("recorded as %+v", e)
	}
	if sessions, err := w.store.Sessions(t.Context(), signon.GrantKey{}, lastKey(), 9); err != nil || len(sessions) > 0 {
		t.Errorf("got %d sessions, %v, want none", len(sessions), err)
	}
	if diff := cmp.Diff([]signon.Standing{signon.StandingRedeemed}, w.listed(signon.GrantFilter{Destination: "01"})); diff != "" {
		t.Errorf("listed (-want +got):\n%s", diff)
	}
	found, err := w.Explain(t.Context(), "READ")
	if err != nil || len(found.Traces) != 3 || found.Traces[0].Failed != "" || found.Traces[1].Failed != signon.CheckFirstUse {
		t.Errorf("explained as %+v, %v", found, err)
	}
}

func lastKey() (k signon.GrantKey) {
	copy(k[:], bytes.Repeat([]byte{0xff}, len(k)))
	return k
}

func TestNumberedTokenIsReadOnceByRacers(t *testing.T) {
	w := newWorld(t).withApps()
	for range 20 {
		n := w.number("01")
		var wg sync.WaitGroup
		errs := make([]error, 32)
		for i := range errs {
			wg.Go(func() { _, errs[i] = w.read("01", n.Number) })
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
				continue
			}
			wantRefusal(t, err, signon.ReasonUsed)
		}
		if won != 1 {
			t.Fatalf("read %d times, want once", won)
		}
	}
}

func TestNumberedTokenIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		app    string              // of the token
		then   func(*world) error  // before it is read
		number func(string) string // as it is read
		change func(*signon.ReadRequest)
		reason signon.Reason
	}{
		"for another application": {app: "02", reason: signon.ReasonNotItself},
		"to another's back end":   {app: "01", change: func(r *signon.ReadRequest) { r.Client = &signon.Client{Tenant: "shop", ID: "X", Is: []string{"02"}} }, reason: signon.ReasonNotItself},
		"to one that may only ask": {app: "01", change: func(r *signon.ReadRequest) {
			r.Client = &signon.Client{Tenant: "shop", ID: "X", IssuesFor: []string{"01"}}
		}, reason: signon.ReasonNotItself},
		"of another tenant":               {app: "01", change: func(r *signon.ReadRequest) { r.Client = &signon.Client{Tenant: "other", ID: "X", Is: []string{"01"}} }, reason: signon.ReasonUnknown},
		"that names another member":       {app: "01", change: func(r *signon.ReadRequest) { r.Member = "n" }, reason: signon.ReasonSubject},
		"with another number":             {app: "01", number: func(s string) string { return s[:13] + fmt.Sprint((atoi(s[13:])+1)%1000) }, reason: signon.ReasonUnknown},
		"with a number filled up":         {app: "01", number: func(s string) string { return s[:13] + "0" + s[13:] }, reason: signon.ReasonMalformed},
		"with no number":                  {app: "01", number: func(string) string { return "" }, reason: signon.ReasonMalformed},
		"with a number of a sign":         {app: "01", number: func(s string) string { return "+" + s[1:] }, reason: signon.ReasonMalformed},
		"with a number too long":          {app: "01", number: func(s string) string { return s[:13] + "1234" }, reason: signon.ReasonMalformed},
		"at the instant of its expiry":    {app: "01", then: func(w *world) error { w.clock.move(time.Hour); return nil }, reason: signon.ReasonExpired},
		"after the application is voided": {app: "01", then: func(w *world) error { return w.VoidApp(w.t.Context(), "shop", "01", "VOID") }, reason: signon.ReasonRevoked},
		"after the member is signed out": {app: "01", then: func(w *world) error {
			return w.VoidMember(w.t.Context(), w.client("ONE"), "m", home, "VOID")
		}, reason: signon.ReasonRevoked},
		"after it is revoked": {app: "01", then: func(w *world) error {
			_, err := w.Revoke(w.t.Context(), signon.Selection{Tenant: "shop", Client: "APP"}, "REVOKE")
			return err
		}, reason: signon.ReasonRevoked},
		"after its member is removed":  {app: "01", then: func(w *world) error { delete(w.people.known, "m"); return nil }, reason: signon.ReasonSubject},
		"after its member is unlinked": {app: "01", then: func(w *world) error { w.enrol("m", "02"); return nil }, reason: signon.ReasonNotMember},
		"expired, and the clock was set back": {app: "01", then: func(w *world) error {
			w.clock.move(time.Hour)
			w.Now()
			w.clock.move(-2 * time.Hour)
			return nil
		}, reason: signon.ReasonExpired},
	} {
		for _, app := range []string{c.app, "03"} { // read once, and until it expires
			if app == "03" && (c.app == "02" || c.change != nil) {
				continue
			}
			t.Run(name+" "+app, func(t *testing.T) {
				w := newWorld(t).withApps()
				reads := app
				if app == "02" {
					reads = "01"
				}
				n := w.number(app)
				if c.then != nil {
					if err := c.then(w); err != nil {
						t.Fatal(err)
					}
					if app == "03" && name == "after the application is voided" {
						if err := w.VoidApp(t.Context(), "shop", "03", "VOID"); err != nil {
							t.Fatal(err)
						}
					}
					if name == "after its member is unlinked" {
						w.enrol("m", "02")
					}
				}
				number := n.Number
				if c.number != nil {
					number = c.number(number)
				}
				change := func(r *signon.ReadRequest) {}
				if c.change != nil {
					change = c.change
				}
				_, err := w.read(reads, number, change)
				wantRefusal(t, err, c.reason)
				if c.reason == signon.ReasonNotItself || c.reason == signon.ReasonSubject && c.then == nil { // and nothing is spent
					if _, err := w.read(app, n.Number); err != nil {
						t.Errorf("by the application itself, afterwards: %v", err)
					}
				}
			})
		}
	}
}

func atoi(text string) (n int) {
	_, _ = fmt.Sscan(text, &n)
	return n
}

func TestReusableTokenIsReadUntilItExpires(t *testing.T) {
	w := newWorld(t).withApps()
	n := w.number("03")
	for range 3 {
		if _, err := w.read("03", n.Number, func(r *signon.ReadRequest) { r.Member = "m" }); err != nil {
			t.Fatal(err)
		}
		w.clock.move(20*time.Minute - time.Millisecond)
	}
	w.clock.move(3 * time.Millisecond)
	_, err := w.read("03", n.Number)
	wantRefusal(t, err, signon.ReasonExpired)
}

func TestTokenThatWasReadOnceIsNotReadWhenTheApplicationAllowsIt(t *testing.T) {
	w := newWorld(t).withApps()
	n := w.number("01")
	if _, err := w.read("01", n.Number); err != nil {
		t.Fatal(err)
	}
	w.withApps(func(shop *signon.Tenant) { shop.Destinations[2].Reusable = true })
	_, err := w.read("01", n.Number)
	wantRefusal(t, err, signon.ReasonUsed)
}

func TestTokenIssuedAfterAVoidingIsGood(t *testing.T) {
	for name, void := range map[string]func(*world) error{
		"of the application": func(w *world) error { return w.VoidApp(w.t.Context(), "shop", "01", "VOID") },
		"of the member":      func(w *world) error { return w.VoidMember(w.t.Context(), w.client("ONE"), "m", home, "VOID") },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).withApps() // the clock stands still: all is in one millisecond
			for range 4 {
				before := w.number("01")
				for range 2 {
					if err := void(w); err != nil {
						t.Fatal(err)
					}
				}
				after, elsewhere := w.number("01"), w.number("02")
				_, err := w.read("01", before.Number)
				wantRefusal(t, err, signon.ReasonRevoked)
				for app, n := range map[string]*signon.Numbered{"01": after, "02": elsewhere} {
					if _, err := w.read(app, n.Number); err != nil {
						t.Errorf("issued afterwards for %s: %v", app, err)
					}
				}
			}
		})
	}
}

func TestVoidingAnApplicationLeavesOthersAlone(t *testing.T) {
	w := newWorld(t).withApps()
	n := w.number("02")
	if err := w.VoidApp(t.Context(), "shop", "01", "VOID"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.read("02", n.Number); err != nil {
		t.Error(err)
	}
	err := w.VoidMember(t.Context(), w.client("ONE"), "nobody", home, "VOID")
	if e := signon.AsError(err); e == nil || e.Code != signon.CodeSubjectUnknown {
		t.Errorf("got %v, want subject_unknown", err)
	}
}

func TestNumberedTokensAreForWhomTheyMayBe(t *testing.T) {
	w := newWorld(t).withApps()
	for name, c := range map[string]struct {
		change func(*signon.NumberedRequest)
		code   signon.Code
		reason signon.Reason
		failed signon.Check
	}{
		"a client that may not ask": {func(r *signon.NumberedRequest) { r.Client = w.client("ONE") }, signon.CodeForbidden, signon.ReasonNotOffered, signon.CheckCapability},
		"a cart":                    {func(r *signon.NumberedRequest) { r.Destination = w.dest("shop", signon.KindCart) }, signon.CodeForbidden, signon.ReasonNotOffered, signon.CheckCapability},
		"nobody":                    {func(r *signon.NumberedRequest) { r.Member = "9" }, signon.CodeSubjectUnknown, signon.ReasonSubject, signon.CheckSubject},
		"a member not linked":       {func(r *signon.NumberedRequest) { r.Member = "n" }, signon.CodeForbidden, signon.ReasonNotMember, signon.CheckSubject},
	} {
		_, err := w.IssueNumbered(t.Context(), w.numberedRequest("01", c.change))
		if e := signon.AsError(err); e == nil || e.Code != c.code || e.Reason != c.reason {
			t.Errorf("%s: got %v, want %s: %s", name, err, c.code, c.reason)
		}
		if e := w.lastEvent(); e.Type != signon.EventIssueRefused || e.Reason != c.reason {
			t.Errorf("%s: recorded as %+v", name, e)
		}
		traces := w.Traces("ISSUE")
		if got := traces[len(traces)-1].Failed; got != c.failed {
			t.Errorf("%s: the check %q failed, want %q", name, got, c.failed)
		}
	}
}

func TestSigningThatFailsIssuesNothing(t *testing.T) {
	w := newWorld(t).withApps()
	broken := errors.New("no key")
	_, err := w.IssueNumbered(t.Context(), w.numberedRequest("01", func(r *signon.NumberedRequest) {
		r.Sign = func(*signon.Numbered) (signon.Token, error) { return "", broken }
	}))
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if got := w.listed(signon.GrantFilter{}); len(got) > 0 {
		t.Errorf("listed are %v", got)
	}
}

func TestNumbersAreUniqueOverAllApplications(t *testing.T) {
	w := newWorld(t).withApps() // the clock stands still: all are of one millisecond
	seen, drawn := map[string]bool{}, map[string]bool{}
	again := 0
	for i := range 300 {
		n := w.number([]string{"01", "02", "03"}[i%3], func(r *signon.NumberedRequest) {
			sign := r.Sign
			r.Sign = func(n *signon.Numbered) (signon.Token, error) {
				if drawn[n.Number] {
					again++
				}
				drawn[n.Number] = true
				return sign(n)
			}
		})
		if seen[n.Number] {
			t.Fatalf("%s was given twice", n.Number)
		}
		if n.Token.Reveal() != "token "+n.Number || n.Grant.Key.Reference() == "" {
			t.Errorf("the token is not the number's")
		}
		seen[n.Number] = true
	}
	if again == 0 {
		t.Error("no number was drawn twice: the test shows nothing")
	}
}

// conflicting is a store in which so many keys are taken.
type conflicting struct {
	signon.Store
	mu    sync.Mutex
	taken int
}

func (s *conflicting) CreateGrant(ctx context.Context, g *signon.Grant, e *signon.Event, r *signon.Reply) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken--; s.taken >= 0 {
		return signon.ErrConflict
	}
	return s.Store.CreateGrant(ctx, g, e, r)
}

// node returns another service over the store, as another node would have it.
func (w *world) node(store signon.Store) *signon.Service {
	w.t.Helper()
	s := signon.New(signon.Options{Store: store, Keys: w.keys, People: w.people, Misses: w.misses, Failures: w.failures, Refusals: w.refusals, Log: quiet()})
	if err := s.Load(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	return s
}

func TestNumberIsDrawnUntilOneIsFree(t *testing.T) {
	w := newWorld(t).withApps()
	if _, err := w.node(&conflicting{Store: w.store, taken: 50}).IssueNumbered(t.Context(), w.numberedRequest("01")); err != nil {
		t.Errorf("with 50 taken: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := w.node(&conflicting{Store: w.store, taken: 1 << 30}).IssueNumbered(ctx, w.numberedRequest("01"))
	if e := signon.AsError(err); e == nil || e.Code != signon.CodeUnavailable {
		t.Errorf("with none free: got %v, want unavailable when the caller has no more time", err)
	}
}

func TestTokensOfOneSecondAllDiffer(t *testing.T) {
	tokens := 10_000
	if testing.Short() {
		tokens = 1000
	}
	w := newWorld(t).withApps(func(shop *signon.Tenant) { shop.Limits = signon.TenantLimits{LiveGrants: 100_000, LinksPerSubject: 50} })
	start := w.clock.Now()
	var (
		mu      sync.Mutex
		numbers = map[string]bool{}
		texts   = map[string]bool{}
		wg      sync.WaitGroup
	)
	const workers = 64
	for i := range workers {
		wg.Go(func() {
			for range (tokens + workers - 1 - i) / workers {
				n, err := w.IssueNumbered(context.Background(), w.numberedRequest("01"))
				if err != nil {
					t.Error(err)
					return
				}
				w.clock.move(time.Second / time.Duration(tokens+1))
				mu.Lock()
				numbers[n.Number], texts[n.Token.Reveal()] = true, true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if took := w.clock.Now().Sub(start); took >= time.Second {
		t.Errorf("they were issued in %v, not in one second", took)
	}
	if len(numbers) != tokens || len(texts) != tokens {
		t.Errorf("got %d numbers and %d tokens, want %d", len(numbers), len(texts), tokens)
	}
}

func TestTokenOfThePreviousRootKeyIsReadOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "latchkey.db")
	clock := &handClock{now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	first, second := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	w := openWorldAt(t, clock, path, first, nil).withApps()
	before := w.number("01")
	if err := w.store.Close(); err != nil {
		t.Fatal(err)
	}
	w = openWorldAt(t, clock, path, second, first).withApps()
	after := w.number("01")
	for _, n := range []*signon.Numbered{before, after} {
		if _, err := w.read("01", n.Number); err != nil {
			t.Errorf("%v", err)
		}
		_, err := w.read("01", n.Number)
		wantRefusal(t, err, signon.ReasonUsed)
	}
}

func TestNumberedTokensStandByTheirOwnExpiry(t *testing.T) {
	w := newWorld(t).withApps()
	spent, live, void := w.number("01"), w.number("01"), w.number("02")
	if _, err := w.read("01", spent.Number); err != nil {
		t.Fatal(err)
	}
	if err := w.VoidApp(t.Context(), "shop", "02", "VOID"); err != nil {
		t.Fatal(err)
	}
	stands := func(when string, f signon.GrantFilter, want map[signon.Reference]signon.Standing) {
		t.Helper()
		got := map[signon.Reference]signon.Standing{}
		err := w.ListGrants(t.Context(), f, func(g *signon.Grant, s signon.Standing) bool { got[g.Key.Reference()] = s; return true })
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", when, err, diff)
		}
	}
	all := map[signon.Reference]signon.Standing{
		spent.Grant.Key.Reference(): signon.StandingRedeemed, live.Grant.Key.Reference(): signon.StandingLive, void.Grant.Key.Reference(): signon.StandingRevoked,
	}
	stands("at first", signon.GrantFilter{}, all)
	stands("those that are live", signon.GrantFilter{Standing: signon.StandingLive}, map[signon.Reference]signon.Standing{live.Grant.Key.Reference(): signon.StandingLive})
	stands("those that are revoked", signon.GrantFilter{Standing: signon.StandingRevoked}, map[signon.Reference]signon.Standing{void.Grant.Key.Reference(): signon.StandingRevoked})
	w.clock.move(time.Hour)
	all[live.Grant.Key.Reference()], all[void.Grant.Key.Reference()] = signon.StandingExpired, signon.StandingExpired
	sweep := func() {
		for more := true; more; {
			var err error
			if more, err = w.Sweep(t.Context(), 100); err != nil {
				t.Fatal(err)
			}
		}
	}
	sweep()
	stands("an hour later", signon.GrantFilter{}, all)
	stands("those that are live an hour later", signon.GrantFilter{Standing: signon.StandingLive}, map[signon.Reference]signon.Standing{})
	stands("since then", signon.GrantFilter{Since: w.clock.Now()}, map[signon.Reference]signon.Standing{})
	if kind, ref, err := w.SubjectOf(t.Context(), live.Grant.Key.Reference()); kind != signon.SubjectMember || ref != "m" || err != nil {
		t.Errorf("the person of a grant: got %s %s, %v", kind, ref, err)
	}
	w.clock.move(23*time.Hour + 11*time.Minute)
	sweep()
	stands("a day later", signon.GrantFilter{}, map[signon.Reference]signon.Standing{})
}

func TestRevokingNumberedTokens(t *testing.T) {
	for name, c := range map[string]struct {
		sel  func(signon.Reference) signon.Selection
		want int
	}{
		"by reference": {func(ref signon.Reference) signon.Selection { return signon.Selection{Tenant: "shop", Reference: ref} }, 1},
		"by member": {func(signon.Reference) signon.Selection {
			return signon.Selection{Tenant: "shop", Kind: signon.SubjectMember, Subject: "m"}
		}, 2},
		"by client": {func(signon.Reference) signon.Selection { return signon.Selection{Tenant: "shop", Client: "APP"} }, 3},
		"of a customer": {func(signon.Reference) signon.Selection {
			return signon.Selection{Tenant: "shop", Kind: signon.SubjectCustomer, Subject: "m"}
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).withApps()
			old := w.number("01") // over by the time, though its key is not
			w.clock.move(2 * time.Hour)
			spent, n := w.number("01"), w.number("01")
			w.number("02")
			w.number("02", func(r *signon.NumberedRequest) { r.Member = "n" })
			if _, err := w.read("01", spent.Number); err != nil {
				t.Fatal(err)
			}
			for _, want := range []int{c.want, 0} {
				if ended, err := w.Revoke(t.Context(), c.sel(n.Grant.Key.Reference()), "REVOKE"); err != nil || ended != want {
					t.Errorf("ended %d, %v, want %d", ended, err, want)
				}
			}
			_, err := w.read("01", n.Number)
			if c.want == 0 {
				if err != nil {
					t.Error(err)
				}
			} else {
				wantRefusal(t, err, signon.ReasonRevoked)
			}
			for _, over := range []*signon.Numbered{old, spent} {
				if ended, err := w.Revoke(t.Context(), signon.Selection{Tenant: "shop", Reference: over.Grant.Key.Reference()}, "REVOKE"); err != nil || ended != 0 {
					t.Errorf("what is over: ended %d, %v", ended, err)
				}
			}
		})
	}
}

func TestNumberedTokensCountForTheTenantNotForThePerson(t *testing.T) {
	w := newWorld(t).withApps(func(shop *signon.Tenant) { shop.Limits = signon.TenantLimits{LiveGrants: 3, LinksPerSubject: 1} })
	full := func(when string) {
		t.Helper()
		_, err := w.IssueNumbered(t.Context(), w.numberedRequest("01"))
		if e := signon.AsError(err); e == nil || e.Code != signon.CodeLimit || e.RetryAfter <= 0 {
			t.Errorf("%s: one more than the tenant may have: got %v, want limit", when, err)
		}
	}
	n := w.number("01")
	w.number("01")
	w.number("01")
	full("at first")
	if _, err := w.read("01", n.Number); err != nil {
		t.Fatal(err)
	}
	w.number("02") // reading one has made room
	full("after one was read")
	for range 2 { // as after a start, when they are counted anew
		if err := w.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		full("counted anew")
		if err := w.VoidApp(t.Context(), "shop", "02", "VOID"); err != nil {
			t.Fatal(err)
		}
		w.clock.move(time.Millisecond)
		w.number("02")
	}
	if err := w.VoidMember(t.Context(), w.client("ONE"), "m", netip.Addr{}, "VOID"); err != nil {
		t.Fatal(err)
	}
	w.clock.move(time.Millisecond)
	for range 3 {
		w.number("01")
	}
	full("after the member was signed out")
	w.clock.move(time.Hour + 2*time.Second)
	if err := w.Load(t.Context()); err != nil { // their keys are not over, they are
		t.Fatal(err)
	}
	for range 3 {
		w.number("01")
	}
	full("after they had expired")
	w.issueRefused("the customer's link")
}

// issueRefused fails the test unless a link is refused for the tenant's limit.
func (w *world) issueRefused(what string) {
	w.t.Helper()
	_, err := w.Issue(w.t.Context(), w.request())
	if e := signon.AsError(err); e == nil || e.Code != signon.CodeLimit {
		w.t.Errorf("%s: got %v, want limit", what, err)
	}
}

func TestClientsNameApplicationsThatThereAre(t *testing.T) {
	for name, change := range map[string]func(*signon.Client){
		"issues for none": func(c *signon.Client) { c.IssuesFor = []string{"09"} },
		"is none":         func(c *signon.Client) { c.Is = []string{"cart"} },
	} {
		all := apps()
		change(&all[0].Clients[1])
		if _, err := signon.NewRegistry(all); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
