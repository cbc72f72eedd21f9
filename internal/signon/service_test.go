package signon_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/sqlite"
)

// handClock is a clock that a test moves.
type handClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *handClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *handClock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// people is a directory of a few subjects.
type people struct {
	mu    sync.Mutex
	known map[signon.SubjectRef]signon.Subject
	store signon.Store
}

func newPeople(store signon.Store) *people {
	return &people{store: store, known: map[signon.SubjectRef]signon.Subject{
		"1": {Kind: signon.SubjectCustomer, Ref: "1", PrivacyKey: signon.PrivacyKey{1}},
		"2": {Kind: signon.SubjectCustomer, Ref: "2", PrivacyKey: signon.PrivacyKey{2}},
	}}
}

func (p *people) Subject(_ context.Context, tenant signon.TenantID, _ signon.SubjectKind, ref signon.SubjectRef) (signon.Subject, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s, ok := p.known[ref]; ok && tenant == "shop" {
		return s, nil
	}
	return signon.Subject{}, signon.ErrNotFound
}

// SignOut keeps the promise of signon.People: later than all that was handed out.
func (p *people) SignOut(ctx context.Context, _ signon.TenantID, _ signon.SubjectKind, ref signon.SubjectRef, e *signon.Event) error {
	if err := p.store.AppendEvent(ctx, e); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	s, at := p.known[ref], p.store.Now().Truncate(time.Millisecond)
	if at.Before(s.SignedOutBefore) {
		at = s.SignedOutBefore
	}
	s.SignedOutBefore = at.Add(time.Millisecond)
	p.known[ref] = s
	return nil
}

// counter is a throttle that blocks a key after a number of failures.
type counter struct {
	most  int
	mu    sync.Mutex
	count map[string]int
	hold  func() // unless nil, called before a failure is counted
}

func (c *counter) Blocked(key string, _ time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.most > 0 && c.count[key] >= c.most {
		return time.Minute
	}
	return 0
}

func (c *counter) Count(key string, _ time.Time) bool {
	if c.hold != nil {
		c.hold()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count[key]++
	return c.most == 0 || c.count[key] <= c.most
}

// world is a service over a real store, with a shop, another shop and a person.
type world struct {
	*signon.Service
	t        *testing.T
	clock    *handClock
	store    *sqlite.Store
	keys     *signon.Keyring
	people   *people
	misses   *counter
	failures *counter
	refusals *counter
}

var (
	home   = netip.MustParseAddr("192.0.2.7")
	abroad = netip.MustParseAddr("198.51.100.9")
)

func newWorld(t *testing.T) *world {
	t.Helper()
	return openWorld(t, filepath.Join(t.TempDir(), "latchkey.db"), bytes.Repeat([]byte{1}, 32), nil)
}

func openWorld(t *testing.T, path string, root, previous []byte) *world {
	t.Helper()
	return openWorldAt(t, &handClock{now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}, path, root, previous)
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// openWorldAt is openWorld on a clock that has run already.
func openWorldAt(t *testing.T, clock *handClock, path string, root, previous []byte) *world {
	t.Helper()
	keys, err := signon.NewKeyring(root, previous)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{
		t: t, clock: clock, keys: keys,
		misses: &counter{count: map[string]int{}}, failures: &counter{count: map[string]int{}}, refusals: &counter{count: map[string]int{}},
	}
	log := quiet()
	w.store, err = sqlite.Open(t.Context(), sqlite.Options{Path: path, Keys: keys, Clock: w.clock, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.store.Close() })
	w.people = newPeople(w.store)
	w.Service = signon.New(signon.Options{
		Store: w.store, Keys: keys, People: w.people, Misses: w.misses, Failures: w.failures, Refusals: w.refusals, Log: log,
	})
	if err := w.Apply(t.Context(), tenants()); err != nil {
		t.Fatal(err)
	}
	return w
}

func origin(text string) signon.Origin {
	o, err := signon.ParseOrigin(text)
	if err != nil {
		panic(err)
	}
	return o
}

func tenants() []signon.Tenant {
	tenant := func(id signon.TenantID, host, secret string) signon.Tenant {
		dest := func(kind signon.DestinationKind, path string) signon.Destination {
			return signon.Destination{
				ID: string(kind), Kind: kind, Origins: []signon.Origin{origin("https://" + host)}, Paths: []string{path}, TokenParam: "token",
				DefaultTTL: 10 * time.Second, MaxTTL: time.Hour, SessionTTL: 30 * time.Minute, AddrPolicy: signon.AddrExact,
			}
		}
		return signon.Tenant{
			ID: id, Name: string(id), Language: "en",
			Clients:      []signon.Client{{Realm: "r", ID: strings.ToUpper(string(id)), Secrets: []signon.Secret{signon.Secret(secret), "older"}, Algorithms: []string{"sha256"}}},
			Destinations: []signon.Destination{dest(signon.KindCart, "/buy"), dest(signon.KindAccount, "/me")},
		}
	}
	return []signon.Tenant{tenant("shop", "shop.example", "s1"), tenant("other", "other.example", "s2")}
}

func (w *world) dest(tenant signon.TenantID, kind signon.DestinationKind) *signon.Destination {
	d, ok := w.Registry().Destination(tenant, kind)
	if !ok {
		w.t.Fatalf("no %s of %s", kind, tenant)
	}
	return d
}

func (w *world) client(id string) *signon.Client {
	c, ok := w.Registry().Client("r", id)
	if !ok {
		w.t.Fatalf("no client %s", id)
	}
	return c
}

func (w *world) request() *signon.IssueRequest {
	return &signon.IssueRequest{
		Client: w.client("SHOP"), Destination: w.dest("shop", signon.KindCart), Kind: signon.SubjectCustomer, Subject: "1",
		Target: "https://shop.example/buy?p=1", SupportCode: "ISSUE",
	}
}

func (w *world) issue(change func(*signon.IssueRequest)) *signon.Issued {
	w.t.Helper()
	req := w.request()
	if change != nil {
		change(req)
	}
	issued, err := w.Issue(w.t.Context(), req)
	if err != nil {
		w.t.Fatalf("Issue: %v", err)
	}
	return issued
}

func (w *world) redeem(token signon.Token, browser byte, change func(*signon.RedeemRequest)) (*signon.SignOn, error) {
	req := &signon.RedeemRequest{
		Tenant: "shop", Destination: w.dest("shop", signon.KindCart), Token: token.Reveal(), Binding: signon.Binding{browser}, Addr: home, SupportCode: "REDEEM",
	}
	if change != nil {
		change(req)
	}
	return w.Redeem(w.t.Context(), req)
}

func (w *world) browserSession(tenant signon.TenantID, kind signon.DestinationKind, held signon.HeldSession) (*signon.LiveSession, error) {
	return w.Session(w.t.Context(), &signon.SessionRequest{Tenant: tenant, Destination: w.dest(tenant, kind), HeldSession: held, SupportCode: "SESSION"})
}

func (w *world) resolve(token signon.Token, client string, kind signon.DestinationKind) (*signon.Grant, error) {
	c := w.client(client)
	return w.Resolve(w.t.Context(), &signon.ResolveRequest{Client: c, Destination: w.dest(c.Tenant, kind), Token: token.Reveal(), SupportCode: "RESOLVE"})
}

// events returns the audit log, verified.
func (w *world) events() []*signon.Event {
	w.t.Helper()
	if _, err := w.keys.VerifyAudit(w.t.Context(), w.store, signon.ChainHead{}, nil); err != nil {
		w.t.Fatalf("audit log: %v", err)
	}
	chained, err := w.store.Events(w.t.Context(), 0, 10_000)
	if err != nil {
		w.t.Fatal(err)
	}
	var events []*signon.Event
	for i := range chained {
		e, err := chained[i].Event()
		if err != nil {
			w.t.Fatal(err)
		}
		events = append(events, e)
	}
	return events
}

func (w *world) lastEvent() *signon.Event {
	w.t.Helper()
	events := w.events()
	return events[len(events)-1]
}

func wantRefusal(t *testing.T, err error, reason signon.Reason) {
	t.Helper()
	e := signon.AsError(err)
	if e == nil || e.Code != signon.CodeTokenInvalid || e.Reason != reason {
		t.Errorf("got %v, want token_invalid because of %q", err, reason)
	}
}

func TestIssueAppendsTheTokenAsLastParameter(t *testing.T) {
	w := newWorld(t)
	issued := w.issue(func(r *signon.IssueRequest) { r.Target = "https://shop.example/buy?p=1&q=2#frag" })
	if want := "https://shop.example/buy?p=1&q=2&token=" + issued.Token.Reveal(); issued.Link != want {
		t.Error("the link is not the target followed by the token")
	}
	if _, err := signon.ParseToken(issued.Token.Reveal()); err != nil {
		t.Error(err)
	}
	if plain := w.issue(func(r *signon.IssueRequest) { r.Target = "https://shop.example/buy" }); !strings.HasPrefix(plain.Link, "https://shop.example/buy?token=") {
		t.Error("a target without a query does not get one")
	}
}

func TestIssueRefusesBadArguments(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		change func(*signon.IssueRequest)
		code   signon.Code
		arg    string
	}{
		"target":    {func(r *signon.IssueRequest) { r.Target = "https://evil.example/buy" }, signon.CodeInvalid, signon.ArgTarget},
		"no ttl":    {func(r *signon.IssueRequest) { r.TTL = -time.Second }, signon.CodeInvalid, signon.ArgTTL},
		"short ttl": {func(r *signon.IssueRequest) { r.TTL = time.Millisecond }, signon.CodeInvalid, signon.ArgTTL},
		"long ttl":  {func(r *signon.IssueRequest) { r.TTL = time.Hour + time.Second }, signon.CodeInvalid, signon.ArgTTL},
		"language":  {func(r *signon.IssueRequest) { r.Language = "xx" }, signon.CodeInvalid, signon.ArgLanguage},
		"subject":   {func(r *signon.IssueRequest) { r.Subject = "9" }, signon.CodeSubjectUnknown, ""},
		"other's people": {func(r *signon.IssueRequest) {
			r.Client, r.Destination, r.Target = w.client("OTHER"), w.dest("other", signon.KindCart), "https://other.example/buy"
		}, signon.CodeSubjectUnknown, ""},
	} {
		t.Run(name, func(t *testing.T) {
			req := w.request()
			c.change(req)
			_, err := w.Issue(t.Context(), req)
			if e := signon.AsError(err); e == nil || e.Code != c.code || e.Argument != c.arg {
				t.Errorf("got %v, want %s %s", err, c.code, c.arg)
			}
			if e := w.lastEvent(); e.Type != signon.EventIssueRefused || e.SupportCode != "ISSUE" {
				t.Errorf("recorded as %v", e)
			}
		})
	}
}

func TestRedeemWorksOnce(t *testing.T) {
	w := newWorld(t)
	issued := w.issue(nil)
	first, err := w.redeem(issued.Token, 1, nil)
	if err != nil || !first.First || first.Session.Subject != "1" {
		t.Fatalf("first redemption: %+v, %v", first, err)
	}
	_, err = w.redeem(issued.Token, 2, nil)
	wantRefusal(t, err, signon.ReasonUsed)
	session, err := w.browserSession("shop", signon.KindCart, signon.HeldSession{Token: first.Token})
	if err != nil || session.Subject != "1" {
		t.Errorf("the session does not live: %v", err)
	}
}

func TestRepeatInTheSameBrowserGetsTheSameSession(t *testing.T) {
	w := newWorld(t)
	issued := w.issue(nil)
	first, err := w.redeem(issued.Token, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	again, err := w.redeem(issued.Token, 1, nil)
	if err != nil || again.First || again.Token != first.Token {
		t.Errorf("by binding: got %+v, %v; want the same session", again, err)
	}
	again, err = w.redeem(issued.Token, 2, func(r *signon.RedeemRequest) { r.Session = &signon.HeldSession{Token: first.Token} })
	if err != nil || again.First || again.Token != first.Token {
		t.Errorf("by session: got %+v, %v; want the same session", again, err)
	}
	w.clock.move(10 * time.Second)
	_, err = w.redeem(issued.Token, 1, nil)
	wantRefusal(t, err, signon.ReasonExpired)
}

func TestRepeatAfterSignOutIsRefused(t *testing.T) {
	w := newWorld(t)
	issued := w.issue(nil)
	first, err := w.redeem(issued.Token, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.SignOut(t.Context(), "shop", w.dest("shop", signon.KindCart), first.Token, "OUT"); err != nil {
		t.Fatal(err)
	}
	_, err = w.redeem(issued.Token, 1, func(r *signon.RedeemRequest) { r.Session = &signon.HeldSession{Token: first.Token} })
	wantRefusal(t, err, signon.ReasonSessionEnded)
	if _, err := w.browserSession("shop", signon.KindCart, signon.HeldSession{Token: first.Token}); signon.AsError(err).Code != signon.CodeSessionInvalid {
		t.Errorf("after signing out: %v", err)
	}
}

// forged returns the session's token with another secret.
func forged(t *testing.T, token signon.SessionToken) signon.SessionToken {
	t.Helper()
	text := token.Reveal()
	last := "A"
	if strings.HasSuffix(text, last) {
		last = "E"
	}
	other, ok := signon.ParseSessionToken(text[:len(text)-1] + last)
	if !ok || other == token {
		t.Fatal("no other token made")
	}
	return other
}

func TestASessionIsProvenByItsSecretAtItsDestination(t *testing.T) {
	w := newWorld(t)
	issued := w.issue(nil)
	first, err := w.redeem(issued.Token, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	fake := forged(t, first.Token)
	for name, call := range map[string]func() error{
		"forged secret": func() error {
			_, err := w.browserSession("shop", signon.KindCart, signon.HeldSession{Token: fake})
			return err
		},
		"other destination": func() error {
			_, err := w.browserSession("shop", signon.KindAccount, signon.HeldSession{Token: first.Token})
			return err
		},
		"other tenant": func() error {
			_, err := w.browserSession("other", signon.KindCart, signon.HeldSession{Token: first.Token})
			return err
		},
	} {
		if e := signon.AsError(call()); e == nil || e.Code != signon.CodeSessionInvalid {
			t.Errorf("%s: got %v, want session_invalid", name, e)
		}
	}
	_, err = w.redeem(issued.Token, 2, func(r *signon.RedeemRequest) { r.Session = &signon.HeldSession{Token: fake} })
	wantRefusal(t, err, signon.ReasonUsed)
	w.clock.move(10 * time.Second)
	_, err = w.redeem(issued.Token, 2, func(r *signon.RedeemRequest) { r.Session = &signon.HeldSession{Token: first.Token} })
	wantRefusal(t, err, signon.ReasonExpired)
	w.clock.move(30 * time.Minute)
	if _, err := w.browserSession("shop", signon.KindCart, signon.HeldSession{Token: first.Token}); err == nil {
		t.Error("the session outlives its lifetime")
	}
}

func TestRefusalsKeepTheirReasonForOperators(t *testing.T) {
	for name, c := range map[string]struct {
		reason  signon.Reason
		spoil   func(w *world, issued *signon.Issued)
		request func(w *world, r *signon.RedeemRequest)
		silent  bool // unknown tokens are not recorded
	}{
		"malformed":   {signon.ReasonMalformed, nil, func(_ *world, r *signon.RedeemRequest) { r.Token = strings.ToUpper(r.Token) + "x" }, true},
		"never given": {signon.ReasonUnknown, nil, func(_ *world, r *signon.RedeemRequest) { r.Token = r.Token[:8] + strings.Repeat("0", 32) }, true},
		"far future":  {signon.ReasonUnknown, nil, func(_ *world, r *signon.RedeemRequest) { r.Token = "ffffffff" + r.Token[8:] }, true},
		"other tenant": {signon.ReasonUnknown, nil, func(w *world, r *signon.RedeemRequest) {
			r.Tenant, r.Destination = "other", w.dest("other", signon.KindCart)
		}, true},
		"other destination": {signon.ReasonUnknown, nil, func(w *world, r *signon.RedeemRequest) { r.Destination = w.dest("shop", signon.KindAccount) }, true},
		"expired":           {signon.ReasonExpired, func(w *world, _ *signon.Issued) { w.clock.move(10 * time.Second) }, nil, false},
		"revoked": {signon.ReasonRevoked, func(w *world, i *signon.Issued) {
			if n, err := w.Revoke(w.t.Context(), signon.Selection{Tenant: "shop", Reference: i.Grant.Key.Reference()}, "R"); n != 1 || err != nil {
				w.t.Fatalf("Revoke: %d, %v", n, err)
			}
		}, nil, false},
		"person erased": {signon.ReasonSubject, func(w *world, _ *signon.Issued) { delete(w.people.known, "1") }, nil, false},
		"host gone": {signon.ReasonWrongTarget, func(w *world, _ *signon.Issued) {
			ts := tenants()
			ts[0].Destinations[0].Origins[0] = origin("https://new.example")
			if err := w.Apply(w.t.Context(), ts); err != nil {
				w.t.Fatal(err)
			}
		}, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			issued := w.issue(nil)
			if c.spoil != nil {
				c.spoil(w, issued)
			}
			before := len(w.events())
			_, err := w.redeem(issued.Token, 1, func(r *signon.RedeemRequest) {
				r.Destination = w.dest("shop", signon.KindCart)
				if c.request != nil {
					c.request(w, r)
				}
			})
			wantRefusal(t, err, c.reason)
			events := w.events()[before:]
			if c.silent {
				if len(events) != 0 {
					t.Errorf("an unknown token was recorded: %v", events[0])
				}
				return
			}
			if len(events) != 1 || events[0].Type != signon.EventRedeemRefused || events[0].Reason != c.reason || events[0].SupportCode != "REDEEM" {
				t.Errorf("recorded as %v", events)
			}
		})
	}
}

func TestBoundGrantOpensFromItsAddressOnly(t *testing.T) {
	w := newWorld(t)
	issued := w.issue(func(r *signon.IssueRequest) { r.Bind = home })
	from := func(addr netip.Addr) func(*signon.RedeemRequest) {
		return func(r *signon.RedeemRequest) { r.Addr = addr }
	}
	for range signon.MaxMisses - 1 {
		_, err := w.redeem(issued.Token, 2, from(abroad))
		wantRefusal(t, err, signon.ReasonWrongAddress)
	}
	if _, err := w.redeem(issued.Token, 1, from(netip.MustParseAddr("::ffff:192.0.2.7"))); err != nil {
		t.Errorf("the bound address, IPv4-mapped, after four misses: %v", err)
	}
	voided := w.issue(func(r *signon.IssueRequest) { r.Bind = home })
	for range signon.MaxMisses {
		_, err := w.redeem(voided.Token, 2, from(abroad))
		if signon.AsError(err).Code != signon.CodeTokenInvalid {
			t.Fatalf("from abroad: %v", err)
		}
	}
	_, err := w.redeem(voided.Token, 1, nil)
	wantRefusal(t, err, signon.ReasonVoided)
}

func TestIPv6IsBoundExactlyOrByNetwork(t *testing.T) {
	w := newWorld(t)
	phone, moved := netip.MustParseAddr("2001:db8::1:2:3:4"), netip.MustParseAddr("2001:db8::9:9:9:9")
	bound := func(r *signon.IssueRequest) { r.Bind = phone }
	other := func(r *signon.RedeemRequest) { r.Addr = moved }
	_, err := w.redeem(w.issue(bound).Token, 1, other)
	wantRefusal(t, err, signon.ReasonWrongAddress)
	ts := tenants()
	ts[0].Destinations[0].AddrPolicy = signon.AddrNet64
	if err := w.Apply(t.Context(), ts); err != nil {
		t.Fatal(err)
	}
	if _, err := w.redeem(w.issue(bound).Token, 1, other); err != nil {
		t.Errorf("the same /64: %v", err)
	}
}

func TestResolveSpendsNothing(t *testing.T) {
	w := newWorld(t)
	issued := w.issue(nil)
	for _, when := range []string{"before", "after"} {
		if g, err := w.resolve(issued.Token, "SHOP", signon.KindCart); err != nil || g.Subject != "1" {
			t.Errorf("%s redemption: %v", when, err)
		}
		if when == "before" {
			if _, err := w.redeem(issued.Token, 1, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	_, err := w.resolve(issued.Token, "OTHER", signon.KindCart)
	wantRefusal(t, err, signon.ReasonUnknown)
	_, err = w.resolve(issued.Token, "SHOP", signon.KindAccount)
	wantRefusal(t, err, signon.ReasonUnknown)
	w.clock.move(10 * time.Second)
	_, err = w.resolve(issued.Token, "SHOP", signon.KindCart)
	wantRefusal(t, err, signon.ReasonExpired)
}

func TestResolveOfABoundGrantNeedsNoAddress(t *testing.T) {
	w := newWorld(t)
	issued := w.issue(func(r *signon.IssueRequest) { r.Bind = home })
	if _, err := w.resolve(issued.Token, "SHOP", signon.KindCart); err != nil {
		t.Error(err)
	}
}

func TestRevokeEndsGrantsAndSessions(t *testing.T) {
	w := newWorld(t)
	used, unused := w.issue(nil), w.issue(nil)
	neighbour := w.issue(func(r *signon.IssueRequest) { r.Subject = "2" })
	first, err := w.redeem(used.Token, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	n, err := w.Revoke(t.Context(), signon.Selection{Tenant: "shop", Kind: signon.SubjectCustomer, Subject: "1"}, "R")
	if err != nil || n != 2 {
		t.Fatalf("Revoke: %d, %v; want 2 ended", n, err)
	}
	if _, err := w.browserSession("shop", signon.KindCart, signon.HeldSession{Token: first.Token}); err == nil {
		t.Error("the session outlives its revocation")
	}
	_, err = w.redeem(unused.Token, 1, nil)
	wantRefusal(t, err, signon.ReasonRevoked)
	if _, err := w.redeem(neighbour.Token, 1, nil); err != nil {
		t.Errorf("another person's link: %v", err)
	}
	if n, err := w.Revoke(t.Context(), signon.Selection{Tenant: "other", Client: "SHOP"}, "R"); n != 0 || err != nil {
		t.Errorf("another tenant revoked %d, %v", n, err)
	}
}

func TestRevokeLeavesLinksThatAreOverByThemselves(t *testing.T) {
	w := newWorld(t)
	over := w.issue(nil)
	w.clock.move(10*time.Second + signon.AskTTL + time.Second)
	open := w.issue(nil)
	w.clock.move(11 * time.Second) // expired, but a page that asked may still be answered
	if n, err := w.Revoke(t.Context(), signon.Selection{Tenant: "shop", Client: "SHOP"}, "R"); n != 1 || err != nil {
		t.Errorf("got %d ended, %v; want 1", n, err)
	}
	for token, reason := range map[signon.Token]signon.Reason{over.Token: signon.ReasonExpired, open.Token: signon.ReasonRevoked} {
		_, err := w.redeem(token, 1, nil)
		wantRefusal(t, err, reason)
	}
}

func TestLimitsRefuseAndTellWhenToComeBack(t *testing.T) {
	w := newWorld(t)
	ts := tenants()
	ts[0].Limits = signon.TenantLimits{LinksPerSubject: 2}
	if err := w.Apply(t.Context(), ts); err != nil {
		t.Fatal(err)
	}
	first := w.issue(nil)
	w.issue(nil)
	_, err := w.Issue(t.Context(), w.request())
	if e := signon.AsError(err); e == nil || e.Code != signon.CodeLimit || e.RetryAfter != 11*time.Second {
		t.Fatalf("third link: got %v, want a limit for 11 s", err)
	}
	if _, err := w.redeem(first.Token, 1, nil); err != nil {
		t.Fatal(err)
	}
	w.issue(nil) // a used link makes room
	if err := w.CountLive(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Issue(t.Context(), w.request()); signon.AsError(err) == nil || signon.AsError(err).Code != signon.CodeLimit {
		t.Errorf("after counting anew: got %v, want a limit", err)
	}
}

func TestTooManyMissesBlockAnAddress(t *testing.T) {
	w := newWorld(t)
	w.misses.most = 3
	good := w.issue(nil)
	for range 3 {
		_, _ = w.redeem("0123456789abcdef0123456789abcdef01234567", 1, nil)
	}
	_, err := w.redeem(good.Token, 1, nil)
	if e := signon.AsError(err); e == nil || e.Code != signon.CodeLimit || e.RetryAfter <= 0 {
		t.Errorf("got %v, want a limit", err)
	}
	if _, err := w.redeem(good.Token, 1, func(r *signon.RedeemRequest) { r.Addr = abroad }); err != nil {
		t.Errorf("another address is blocked as well: %v", err)
	}
}

func TestMissesOfOneIPv6NetworkCountTogether(t *testing.T) {
	w := newWorld(t)
	w.misses.most = 3
	for i := range 3 {
		_, _ = w.redeem("0123456789abcdef0123456789abcdef01234567", 1, func(r *signon.RedeemRequest) {
			r.Addr = netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 15: byte(i)})
		})
	}
	_, err := w.redeem(w.issue(nil).Token, 1, func(r *signon.RedeemRequest) { r.Addr = netip.MustParseAddr("2001:db8::ffff") })
	if e := signon.AsError(err); e == nil || e.Code != signon.CodeLimit {
		t.Errorf("another address of the network: got %v, want a limit", err)
	}
}

func TestLimitsGivenByAChangeCountWhatIsThere(t *testing.T) {
	w := newWorld(t)
	w.issue(nil)
	w.issue(nil)
	ts := tenants()
	ts[0].Limits = signon.TenantLimits{LinksPerSubject: 2}
	if err := w.Apply(t.Context(), ts); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Issue(t.Context(), w.request()); signon.AsError(err) == nil || signon.AsError(err).Code != signon.CodeLimit {
		t.Errorf("got %v, want a limit", err)
	}
}

func TestAuthenticateTellsNothingApart(t *testing.T) {
	w := newWorld(t)
	claim := func(id, secret string) (*signon.Client, error) {
		return w.Authenticate(signon.Claim{Realm: "r", ID: id, Caller: home, SupportCode: "AUTH", Verify: func(_ *signon.Client, s string) signon.Reason {
			if s == secret {
				return ""
			}
			return signon.ReasonBadProof
		}})
	}
	for _, secret := range []string{"s1", "older"} {
		if c, err := claim("SHOP", secret); err != nil || c.Tenant != "shop" {
			t.Errorf("an active secret is refused: %v", err)
		}
	}
	for name, c := range map[string][2]string{"wrong secret": {"SHOP", "s2"}, "unknown client": {"NOBODY", "s1"}, "stand-in's secret": {"NOBODY", "stranger"}} {
		client, err := claim(c[0], c[1])
		if e := signon.AsError(err); client != nil || e == nil || e.Code != signon.CodeUnauthenticated || e.Rule != "" || e.Argument != "" {
			t.Errorf("%s: got %v, %v", name, client, err)
		}
	}
	w.Finish()
	if e := w.events()[1]; e.Type != signon.EventClientRefused || e.Client != "SHOP" || e.SupportCode != "AUTH" {
		t.Errorf("recorded as %v", e)
	}
	w.failures.most = 1
	if _, err := claim("SHOP", "s1"); signon.AsError(err).Code != signon.CodeLimit {
		t.Errorf("after too many failures: %v", err)
	}
}

func TestFailedAuthenticationsDoNotCrowdOutRefusalsOfGrants(t *testing.T) {
	w := newWorld(t)
	w.refusals.most = 2
	for range 5 {
		_, _ = w.Authenticate(signon.Claim{Realm: "r", ID: "SHOP", Caller: abroad, Verify: func(*signon.Client, string) signon.Reason { return signon.ReasonBadProof }})
	}
	w.Finish()
	issued := w.issue(nil)
	_, _ = w.redeem(issued.Token, 1, nil)
	_, _ = w.redeem(issued.Token, 2, nil)
	if e := w.lastEvent(); e.Type != signon.EventRedeemRefused || e.Reason != signon.ReasonUsed {
		t.Errorf("the last event is %v, want the refusal of the grant", e)
	}
}

func TestRepeatsWriteABoundedNumberOfEvents(t *testing.T) {
	w := newWorld(t)
	w.refusals.most = 3
	issued := w.issue(nil)
	for range 20 { // by its binding value alone
		if _, err := w.redeem(issued.Token, 1, nil); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := len(w.events()), 3+3; got != want { // beside tenants.applied, grant.issued, grant.redeemed
		t.Errorf("got %d events, want %d", got, want)
	}
}

func TestTokenOfThePreviousRootKeyStillRedeems(t *testing.T) {
	path := filepath.Join(t.TempDir(), "latchkey.db")
	old, next := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	w := openWorld(t, path, old, nil)
	issued := w.issue(nil)
	if err := w.store.Close(); err != nil {
		t.Fatal(err)
	}
	w = openWorld(t, path, next, old)
	signOn, err := w.redeem(issued.Token, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := w.redeem(issued.Token, 1, nil); err != nil || again.Token != signOn.Token {
		t.Errorf("repeat: %v", err)
	}
}

func TestWildcardHostIsMatchedWithItsPort(t *testing.T) {
	ts := tenants()
	ts[0].Destinations[0].Origins = append(ts[0].Destinations[0].Origins, origin("https://*.wild.example:8443"), origin("https://*.std.example"))
	r, err := signon.NewRegistry(ts)
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]bool{
		"a.wild.example:8443": true, "A.wild.example:8443": true, "a.wild.example": false, "a.wild.example:443": false,
		"a.b.wild.example:8443": false, "wild.example:8443": false, "a.std.example": true, "a.std.example:443": false, "a.std.example:8443": false,
	} {
		if _, _, ok := r.At(host, signon.KindCart); ok != want {
			t.Errorf("%s: got %v, want %v", host, ok, want)
		}
	}
}

func TestRegistryReportsEveryMistake(t *testing.T) {
	ts := tenants()
	ts[1].Destinations[0].Origins = ts[0].Destinations[0].Origins
	ts[1].Clients[0].ID = "SHOP"
	ts[0].Destinations[1].TokenParam = ""
	_, err := signon.NewRegistry(ts)
	for _, want := range []string{`"shop.example"`, `client "SHOP"`, "parameter that carries the token"} {
		if err == nil || !strings.Contains(strings.ReplaceAll(err.Error(), "https://shop.example", `"shop.example"`), want) {
			t.Errorf("got %v, want %s named", err, want)
		}
	}
}

// brokenStore fails on demand, to see that nothing is mistaken for success.
type brokenStore struct {
	signon.Store
	fail string
}

var errBroken = errors.New("disk on fire")

func (b *brokenStore) CreateGrant(ctx context.Context, g *signon.Grant, e *signon.Event, reply *signon.Reply) error {
	if b.fail == "CreateGrant" {
		return signon.Unavailable("commit", errBroken)
	}
	return b.Store.CreateGrant(ctx, g, e, reply)
}

func (b *brokenStore) Grant(ctx context.Context, k signon.GrantKey) (signon.Grant, error) {
	if b.fail == "Grant" {
		return signon.Grant{}, errBroken
	}
	return b.Store.Grant(ctx, k)
}

func (b *brokenStore) GrantHint(ctx context.Context, k signon.GrantKey) (signon.Grant, error) {
	return b.Grant(ctx, k)
}

func (b *brokenStore) RedeemGrant(ctx context.Context, r *signon.Redemption) (signon.RedeemOutcome, error) {
	if b.fail == "RedeemGrant" {
		return signon.RedeemOutcome{}, signon.Unavailable("commit", errBroken)
	}
	return b.Store.RedeemGrant(ctx, r)
}

func (b *brokenStore) AppendEvent(ctx context.Context, e *signon.Event) error {
	if b.fail == "AppendEvent" {
		return signon.Unavailable("commit", errBroken)
	}
	return b.Store.AppendEvent(ctx, e)
}

func (b *brokenStore) Confirm(ctx context.Context) error {
	if b.fail == "Confirm" {
		return signon.Unavailable("commit", errBroken)
	}
	return b.Store.Confirm(ctx)
}

// standOn has the world's service use another store, with throttles that block
// nobody yet. Nothing is loaded.
func (w *world) standOn(store signon.Store) {
	none := func() *counter { return &counter{count: map[string]int{}} }
	w.Service = signon.New(signon.Options{
		Store: store, Keys: w.keys, People: w.people, Misses: none(), Failures: none(), Refusals: none(), Log: slog.New(slog.DiscardHandler),
	})
}

func TestAnUncertainOutcomeIsNeverSuccess(t *testing.T) {
	w := newWorld(t)
	broken := &brokenStore{Store: w.store}
	w.standOn(broken)
	if err := w.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	issued := w.issue(nil)
	codes := map[string]signon.Code{}
	attempt := func(name, fail string, call func() error) {
		broken.fail = fail
		if e := signon.AsError(call()); e != nil {
			codes[name] = e.Code
		}
		broken.fail = ""
	}
	attempt("issue", "CreateGrant", func() error { _, err := w.Issue(t.Context(), w.request()); return err })
	attempt("redeem read", "Grant", func() error { _, err := w.redeem(issued.Token, 1, nil); return err })
	attempt("redeem", "RedeemGrant", func() error { _, err := w.redeem(issued.Token, 1, nil); return err })
	attempt("resolve", "AppendEvent", func() error { _, err := w.resolve(issued.Token, "SHOP", signon.KindCart); return err })
	want := map[string]signon.Code{
		"issue": signon.CodeUnavailable, "redeem read": signon.CodeUnavailable, "redeem": signon.CodeUnavailable, "resolve": signon.CodeUnavailable,
	}
	if diff := cmp.Diff(want, codes); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if _, err := w.redeem(issued.Token, 1, nil); err != nil {
		t.Errorf("a repeat afterwards: %v", err)
	}
}
