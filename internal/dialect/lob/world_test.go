package lob_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"log/slog"
	"net/http"
	"net/netip"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/dialect/lob"
	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/jwt"
	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/sqlite"
	"github.com/latchkey-sso/latchkey/internal/throttle"
)

// clock is a clock that a test moves, and that moves by itself with every look at
// it if a test wants that.
type clock struct {
	mu   sync.Mutex
	now  time.Time
	tick time.Duration
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(c.tick)
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// store is a store that fails or waits when it is told to.
type store struct {
	*sqlite.Store

	err  error // of everything that this dialect asks for
	hang bool  // until the deadline
}

func (s *store) fails(ctx context.Context) error {
	if s.hang {
		<-ctx.Done()
		return ctx.Err()
	}
	return s.err
}

func (s *store) CreateGrant(ctx context.Context, g *signon.Grant, e *signon.Event, reply *signon.Reply) error {
	if err := s.fails(ctx); err != nil {
		return err
	}
	return s.Store.CreateGrant(ctx, g, e, reply)
}

func (s *store) RedeemGrant(ctx context.Context, r *signon.Redemption) (signon.RedeemOutcome, error) {
	if err := s.fails(ctx); err != nil {
		return signon.RedeemOutcome{}, err
	}
	return s.Store.RedeemGrant(ctx, r)
}

func (s *store) Member(ctx context.Context, tenant signon.TenantID, number string) (*directory.Member, error) {
	if err := s.fails(ctx); err != nil {
		return nil, err
	}
	return s.Store.Member(ctx, tenant, number)
}

func (s *store) SigningKeys(ctx context.Context, tenant signon.TenantID, owner string) ([]signon.SigningKey, error) {
	if err := s.fails(ctx); err != nil {
		return nil, err
	}
	return s.Store.SigningKeys(ctx, tenant, owner)
}

// world is the dialect over a real store, with two groups: own and other.
type world struct {
	testing.TB
	clock     *clock
	store     *store
	signOn    *signon.Service
	directory *directory.Service
	handler   http.Handler
	logged    *lockedBuffer
	caller    netip.Addr // where calls come from
	cognito   *foreign
	oidc      *foreign
}

const (
	own   signon.TenantID = "own"
	other signon.TenantID = "other"

	ownHost   = "api.example"
	otherHost = "api.other.example:8443"
	base      = "https://login.example"

	group   = "1RrLMyLrZGA=" // issues for all, is 01 and 02
	third   = "TE9CMDM="     // is 03
	asker   = "asker"        // issues for 01, is none
	idle    = "idle"         // may nothing
	member  = "10001004"     // linked to 01, 02 and 03
	second  = "10001005"     // linked to 03
	nowhere = "10001006"     // linked to none

	audience = "https://api.example/sso"
)

func app(id string) signon.Destination {
	return signon.Destination{
		ID: id, Kind: signon.KindApp, DefaultTTL: time.Hour, MaxTTL: time.Hour,
		Settings: map[string]string{lob.SettingName: "LOB " + id, lob.SettingDescription: "Line <" + id + ">"},
	}
}

func lobClient(id, name string, issuesFor, is []string, bearers ...string) signon.Client {
	return signon.Client{Realm: lob.Realm, ID: id, Name: name, Bearers: bearers, IssuesFor: issuesFor, Is: is}
}

func oauthClient(id string, scopes ...string) signon.Client {
	return signon.Client{Realm: lob.IssuerRealm, ID: id, Secrets: []signon.Secret{signon.Secret(id + "-secret")}, Scopes: scopes}
}

const scope = "sso/generate"

// groups are what is declared.
func (w *world) groups() []signon.Tenant {
	reusable := app("02")
	reusable.Reusable, reusable.DefaultTTL = true, 15*time.Minute
	scopes := []string{scope, "sso/all"}
	first := signon.Tenant{
		ID: own, Hosts: []string{ownHost, "api.example:8443"},
		Networks: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::/32")},
		Issuers: []signon.Issuer{
			{URL: base + "/oauth2", Own: true, Scopes: scopes, Clients: []string{"demo", "weak", "demo-03", "none", "a b+c"}},
			{URL: w.cognito.URL + "/pool", KeysURL: w.cognito.URL + "/pool/.well-known/jwks.json", Scopes: scopes, Clients: []string{"app-client", "listed"}},
			{URL: w.oidc.URL, KeysURL: w.oidc.URL + "/keys", Audience: audience, Scopes: scopes, Clients: []string{"oidc-client"}},
		},
		Clients: []signon.Client{
			lobClient(group, "ABC App", []string{"01", "02", "03", "04", "05"}, []string{"01", "02"}, "demo", "weak", "app-client", "oidc-client"),
			lobClient(third, "", nil, []string{"03"}, "demo-03"),
			lobClient(asker, "", []string{"01"}, nil, "demo"),
			lobClient(idle, "", nil, nil, "demo"),
			oauthClient("demo", scope), oauthClient("weak", "profile/read"), oauthClient("demo-03", scope, "profile/read"), oauthClient("none"),
			oauthClient("a b+c", scope),
		},
		Destinations: []signon.Destination{app("01"), reusable, app("03"), app("04"), app("05")},
	}
	foreignCart := signon.Tenant{
		ID: other, Hosts: []string{otherHost}, Issuers: []signon.Issuer{{URL: base + "/oauth2", Own: true}},
		Clients:      []signon.Client{lobClient("b3RoZXI=", "Other", []string{"01"}, []string{"01"}, "other", "demo"), oauthClient("other", scope)},
		Destinations: []signon.Destination{app("01")},
	}
	foreignCart.Destinations[0].Settings[lob.SettingCodeAsString] = "true"
	return []signon.Tenant{first, foreignCart}
}

func newWorld(tb testing.TB) *world { return newSlowWorld(tb, 0) }

func newSlowWorld(tb testing.TB, timeout time.Duration) *world {
	tb.Helper()
	w := &world{
		TB: tb, clock: &clock{now: time.Date(2026, 11, 21, 12, 0, 0, 756e6, time.UTC)}, logged: &lockedBuffer{}, caller: netip.MustParseAddr("192.0.2.10"),
		cognito: newForeign(tb, keyFor("cognito", jwt.RS256)), oidc: newForeign(tb, keyFor("oidc", jwt.RS256)),
	}
	keys, err := signon.NewKeyring(bytes.Repeat([]byte{7}, signon.RootKeyLen), nil)
	if err != nil {
		tb.Fatal(err)
	}
	opened, err := sqlite.Open(tb.Context(), sqlite.Options{Path: filepath.Join(tb.TempDir(), "latchkey.db"), Keys: keys, Clock: w.clock})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = opened.Close() })
	w.store = &store{Store: opened}
	logger := slog.New(slog.NewTextHandler(w.logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w.directory = directory.New(w.store, w.clock)
	w.signOn = signon.New(signon.Options{
		Store: w.store, Keys: keys, People: w.directory, Log: logger,
		Misses: throttle.New(30, 1000), Failures: throttle.New(10, 1000), Refusals: throttle.New(10_000, 1000),
	})
	tb.Cleanup(w.signOn.Finish)
	w.apply(w.groups())
	roots := x509.NewCertPool()
	roots.AddCert(w.cognito.Certificate())
	roots.AddCert(w.oidc.Certificate())
	w.handler = lob.New(lob.Options{SignOn: w.signOn, Directory: w.directory, Log: logger, BaseURL: base, Roots: roots, Timeout: timeout})
	w.fill()
	return w
}

func (w *world) apply(tenants []signon.Tenant) {
	w.Helper()
	if err := w.signOn.Apply(w.Context(), tenants); err != nil {
		w.Fatal(err)
	}
}

// fill stores keys and members.
func (w *world) fill() {
	w.Helper()
	w.addKey(own, signon.OwnIssuer, "k1", keyFor("own", jwt.RS256))
	w.addKey(other, signon.OwnIssuer, "k1", keyFor("other", jwt.RS256))
	for owner, key := range map[string]jwt.Key{
		"01": secretKey(demoKey), "02": keyFor("02", jwt.ES256), "03": secretKey("latchkey-demo-lob-03-key-32bytes"),
		"04": keyFor("04", jwt.RS256), "05": keyFor("05", jwt.EdDSA),
	} {
		w.addKey(own, signon.AppOwner(owner), "k1", key)
	}
	w.addKey(other, signon.AppOwner("01"), "k1", secretKey("another group's key for its lob 1"))
	for number, apps := range map[string][]string{member: {"01", "02", "03", "04", "05"}, second: {"03"}, nowhere: nil} {
		w.addMember(&directory.Member{Tenant: own, Number: number, Name: "Asha <Menon>", Email: "asha@example.com", Mobile: "9000010004", Apps: apps})
	}
	w.addMember(&directory.Member{Tenant: other, Number: member, Name: "Somebody Else", Apps: []string{"01"}})
}

func (w *world) addMember(m *directory.Member) {
	w.Helper()
	if err := w.directory.CreateMember(w.Context(), m, directory.Act{}); err != nil {
		w.Fatal(err)
	}
}

func (w *world) addKey(tenant signon.TenantID, owner, id string, key jwt.Key) {
	w.Helper()
	w.rotate(&signon.Rotation{Tenant: tenant, Owner: owner, ID: id, Longest: time.Hour}, key)
}

func (w *world) rotate(r *signon.Rotation, key jwt.Key) {
	w.Helper()
	jwk, err := key.JWK()
	if err != nil {
		w.Fatal(err)
	}
	r.Secret = signon.Secret(jwk)
	if _, err := w.signOn.RotateKey(w.Context(), r); err != nil {
		w.Fatal(err)
	}
}

// lockedBuffer is a log that several write to.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
