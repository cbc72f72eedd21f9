// Package avangatetest is the world that the tests of the 2Checkout dialects
// share: their calls over a real store, with two vendors and their people.
package avangatetest

import (
	"bytes"
	"context"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/sqlite"
	"github.com/latchkey-sso/latchkey/internal/throttle"
)

// Clock is a clock that a test moves.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now returns the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the time.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// World is the calls of the 2Checkout dialects over a real store, with two
// vendors, and what a test needs of them.
type World struct {
	testing.TB
	Clock     *Clock
	Store     *Store
	SignOn    *signon.Service
	Directory *directory.Service
	API       *avangate.API
	Logger    *slog.Logger
	Logged    *bytes.Buffer // what Logger was told
}

// New returns a world with the tenants that Vendors returns.
func New(t testing.TB) *World {
	t.Helper()
	return With(t, Vendors())
}

// With returns a world with these tenants, of which two are Shop and OtherShop.
func With(t testing.TB, tenants []signon.Tenant) *World {
	t.Helper()
	w := &World{TB: t, Clock: &Clock{now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}, Logged: &bytes.Buffer{}}
	keys, err := signon.NewKeyring(bytes.Repeat([]byte{7}, signon.RootKeyLen), nil)
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(t.TempDir(), "latchkey.db"), Keys: keys, Clock: w.Clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	w.Store = &Store{Store: store}
	w.Logger = slog.New(slog.NewTextHandler(w.Logged, nil))
	w.Directory = directory.New(w.Store, w.Clock)
	w.SignOn = signon.New(signon.Options{
		Store: w.Store, Keys: keys, People: w.Directory, Log: w.Logger,
		Misses: throttle.New(30, 1000), Failures: throttle.New(10, 1000), Refusals: throttle.New(10_000, 1000),
	})
	w.API = avangate.New(w.SignOn, w.Directory)
	if err := w.SignOn.Apply(t.Context(), tenants); err != nil {
		t.Fatal(err)
	}
	w.fill()
	return w
}

// Store is a store that fails when it is told to.
type Store struct {
	*sqlite.Store

	Err          error  // of new grants and of reading subscriptions
	BeforeUpdate func() // called before a customer is updated, unless nil
}

// UpdateCustomer calls BeforeUpdate before it updates.
func (s *Store) UpdateCustomer(ctx context.Context, c *directory.Customer, e *signon.Event) error {
	if s.BeforeUpdate != nil {
		s.BeforeUpdate()
	}
	return s.Store.UpdateCustomer(ctx, c, e)
}

// CreateGrant fails when it is told to.
func (s *Store) CreateGrant(ctx context.Context, g *signon.Grant, e *signon.Event, reply *signon.Reply) error {
	if s.Err != nil {
		return s.Err
	}
	return s.Store.CreateGrant(ctx, g, e, reply)
}

// Subscriptions fails when it is told to.
func (s *Store) Subscriptions(ctx context.Context, q directory.SubscriptionQuery) ([]directory.Subscription, error) {
	if s.Err != nil {
		return nil, s.Err
	}
	return s.Store.Subscriptions(ctx, q)
}

// The tenants.
const (
	Shop      signon.TenantID = "shop"
	OtherShop signon.TenantID = "othershop"
)

func origins(hosts ...string) []signon.Origin {
	list := make([]signon.Origin, len(hosts))
	for i, h := range hosts {
		var err error
		if list[i], err = signon.ParseOrigin(h); err != nil {
			panic(err)
		}
	}
	return list
}

// Vendors returns the tenants: AVANGATE with SECRET_KEY is Shop, OTHERSHOP with
// OTHER_SECRET is OtherShop.
func Vendors() []signon.Tenant {
	vendor := func(id signon.TenantID, code string, secret signon.Secret, cart, account []signon.Origin) signon.Tenant {
		return signon.Tenant{
			ID: id, Limits: signon.TenantLimits{LinksPerSubject: 50},
			Clients: []signon.Client{{
				Realm: avangate.Realm, ID: code, Secrets: []signon.Secret{secret}, Algorithms: avangate.Algorithms(), ProofSkew: 10 * time.Minute,
			}},
			Destinations: []signon.Destination{{
				ID: "cart", Kind: signon.KindCart, Origins: cart, Paths: []string{"/order/checkout.php", "/order/cart.php"},
				UnsupportedPaths: []string{"/checkout/"}, QueryRequired: true, TokenParam: "logintoken",
				DefaultTTL: 10 * time.Second, MaxTTL: 24 * time.Hour, SessionTTL: time.Hour, AddrPolicy: signon.AddrExact,
			}, {
				ID: "account", Kind: signon.KindAccount, Origins: account, Paths: avangate.PagePaths(), TokenParam: "logintoken",
				DefaultTTL: 10 * time.Second, MaxTTL: 24 * time.Hour, SessionTTL: time.Hour, AddrPolicy: signon.AddrExact,
			}},
		}
	}
	return []signon.Tenant{
		vendor(Shop, "AVANGATE", "SECRET_KEY", origins("https://store.avancart.com", "http://localhost:8080"), origins("https://secure.2co.com")),
		vendor(OtherShop, "OTHERSHOP", "OTHER_SECRET", origins("https://other.example"), origins("https://my.other.example")),
	}
}

// fill stores the people that tests ask for.
func (w *World) fill() {
	w.Helper()
	john := directory.Contact{
		FirstName: "John", LastName: "Newman", Address1: "12 Orchard Street", City: "Springfield", State: "Illinois", Zip: "62704",
		CountryCode: "us", Phone: "2175550100", Email: "john.newman@example.com",
	}
	maria := directory.Contact{
		FirstName: "Maria", LastName: "Keller", Address1: "Lindenweg 8", City: "Berlin", Zip: "10115", CountryCode: "de", Email: "maria.keller@example.com",
	}
	delivery := directory.Contact{FirstName: "John", LastName: "Newman", Address1: "400 Market Road", Address2: "Unit 5", City: "Peoria", State: "Illinois", Zip: "61602", CountryCode: "us"}
	w.Load(Shop, &directory.Batch{
		Customers: []*directory.Customer{{
			Tenant: Shop, ID: 352365983, ExternalRef: "HotTalks1Customer123", Language: "en", Billing: john, Delivery: &delivery,
			Cards: []directory.Card{
				{Type: "visa", LastDigits: "1111", ExpirationMonth: 12, ExpirationYear: 2029, Cardholder: "John Newman", Token: "tok-visa"},
				{Type: "mastercard", LastDigits: "4444", ExpirationMonth: 3, ExpirationYear: 2028, Cardholder: "John Newman", Token: "tok-mc"},
			},
			Credit: directory.Credit{Limit: 51_00, Remaining: 21_50, Currency: "EUR"},
		}, {
			Tenant: Shop, ID: 352365984, ExternalRef: "NoCards1", Language: "de", Billing: maria,
		}, {
			Tenant: Shop, ID: 352365985, ExternalRef: "a/b c?ö%2F", Language: "de", Billing: maria,
		}},
		Subscriptions: []*directory.Subscription{
			Subscription(Shop, "123D40F123", 352365983, 2027), Subscription(Shop, "115D3F5ED1", 352365983, 2027),
			Subscription(Shop, "DC47E143FA", 352365984, 2026),
		},
	})
	w.Load(OtherShop, &directory.Batch{
		Customers:     []*directory.Customer{{Tenant: OtherShop, ID: 100000001, ExternalRef: "Other1", Language: "en", Billing: john}},
		Subscriptions: []*directory.Subscription{Subscription(OtherShop, "0AE5000001", 100000001, 2027)},
	})
}

// Subscription returns a yearly subscription of the customer.
func Subscription(tenant signon.TenantID, reference string, customer int64, until int) *directory.Subscription {
	return &directory.Subscription{
		Tenant: tenant, Reference: reference, CustomerID: customer,
		Product:  directory.SubscribedProduct{ID: "4639321", Code: "ANTI", Name: "Antivirus", Version: "2", Quantity: 1},
		StartsOn: directory.Date{Year: 2026, Month: 1, Day: 1}, ExpiresOn: directory.Date{Year: until, Month: 11, Day: 1},
		Recurring: true, ReceiveNotifications: true,
	}
}

// Load imports the batch.
func (w *World) Load(tenant signon.TenantID, batch *directory.Batch) {
	w.Helper()
	if _, err := w.Directory.Import(w.Context(), tenant, batch, directory.Act{}); err != nil {
		w.Fatal(err)
	}
}
