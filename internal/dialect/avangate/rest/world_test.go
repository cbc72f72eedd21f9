package rest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
	"github.com/latchkey-sso/latchkey/internal/dialect/avangate/rest"
	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/inbound"
	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/sqlite"
	"github.com/latchkey-sso/latchkey/internal/throttle"
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

func (c *handClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// world is the dialect over a real store, with two vendors, and what a test
// needs of them.
type world struct {
	t         testing.TB
	clock     *handClock
	store     *flakyStore
	signOn    *signon.Service
	directory *directory.Service
	handler   http.Handler
	log       *bytes.Buffer
	caller    netip.Addr // where calls come from
}

func newWorld(t testing.TB) *world {
	t.Helper()
	return newWorldWith(t, vendors())
}

func newWorldWith(t testing.TB, tenants []signon.Tenant) *world {
	t.Helper()
	w := &world{t: t, clock: &handClock{now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}, log: &bytes.Buffer{}, caller: netip.MustParseAddr("192.0.2.10")}
	keys, err := signon.NewKeyring(bytes.Repeat([]byte{7}, signon.RootKeyLen), nil)
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(t.TempDir(), "latchkey.db"), Keys: keys, Clock: w.clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	w.store = &flakyStore{Store: store}
	log := slog.New(slog.NewTextHandler(w.log, nil))
	w.directory = directory.New(w.store, w.clock)
	w.signOn = signon.New(signon.Options{
		Store: w.store, Keys: keys, People: w.directory, Log: log,
		Misses: throttle.New(30, 1000), Failures: throttle.New(10, 1000), Refusals: throttle.New(10_000, 1000),
	})
	w.handler = rest.New(rest.Options{SignOn: w.signOn, Directory: w.directory, Log: log})
	if err := w.signOn.Apply(t.Context(), tenants); err != nil {
		t.Fatal(err)
	}
	w.fill()
	return w
}

// flakyStore is a store that fails when it is told to.
type flakyStore struct {
	*sqlite.Store
	err          error  // of new grants and of reading subscriptions
	beforeUpdate func() // called before a customer is updated, unless nil
}

func (s *flakyStore) UpdateCustomer(ctx context.Context, c *directory.Customer, e *signon.Event) error {
	if s.beforeUpdate != nil {
		s.beforeUpdate()
	}
	return s.Store.UpdateCustomer(ctx, c, e)
}

func (s *flakyStore) CreateGrant(ctx context.Context, g *signon.Grant, e *signon.Event) error {
	if s.err != nil {
		return s.err
	}
	return s.Store.CreateGrant(ctx, g, e)
}

func (s *flakyStore) Subscriptions(ctx context.Context, q directory.SubscriptionQuery) ([]directory.Subscription, error) {
	if s.err != nil {
		return nil, s.err
	}
	return s.Store.Subscriptions(ctx, q)
}

const (
	shop      signon.TenantID = "shop"
	otherShop signon.TenantID = "othershop"
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

func vendors() []signon.Tenant {
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
		vendor(shop, "AVANGATE", "SECRET_KEY", origins("https://store.avancart.com", "http://localhost:8080"), origins("https://secure.2co.com")),
		vendor(otherShop, "OTHERSHOP", "OTHER_SECRET", origins("https://other.example"), origins("https://my.other.example")),
	}
}

// fill stores the people that tests ask for.
func (w *world) fill() {
	w.t.Helper()
	john := directory.Contact{
		FirstName: "John", LastName: "Newman", Address1: "12 Orchard Street", City: "Springfield", State: "Illinois", Zip: "62704",
		CountryCode: "us", Phone: "2175550100", Email: "john.newman@example.com",
	}
	maria := directory.Contact{
		FirstName: "Maria", LastName: "Keller", Address1: "Lindenweg 8", City: "Berlin", Zip: "10115", CountryCode: "de", Email: "maria.keller@example.com",
	}
	delivery := directory.Contact{FirstName: "John", LastName: "Newman", Address1: "400 Market Road", Address2: "Unit 5", City: "Peoria", State: "Illinois", Zip: "61602", CountryCode: "us"}
	w.load(shop, &directory.Batch{
		Customers: []*directory.Customer{{
			Tenant: shop, ID: 352365983, ExternalRef: "HotTalks1Customer123", Language: "en", Billing: john, Delivery: &delivery,
			Cards: []directory.Card{
				{Type: "visa", LastDigits: "1111", ExpirationMonth: 12, ExpirationYear: 2029, Cardholder: "John Newman", Token: "tok-visa"},
				{Type: "mastercard", LastDigits: "4444", ExpirationMonth: 3, ExpirationYear: 2028, Cardholder: "John Newman", Token: "tok-mc"},
			},
			Credit: directory.Credit{Limit: 51_00, Remaining: 21_50, Currency: "EUR"},
		}, {
			Tenant: shop, ID: 352365984, ExternalRef: "NoCards1", Language: "de", Billing: maria,
		}, {
			Tenant: shop, ID: 352365985, ExternalRef: "a/b c?ö%2F", Language: "de", Billing: maria,
		}},
		Subscriptions: []*directory.Subscription{
			subscription(shop, "123D40F123", 352365983, 2027), subscription(shop, "115D3F5ED1", 352365983, 2027),
			subscription(shop, "DC47E143FA", 352365984, 2026),
		},
	})
	w.load(otherShop, &directory.Batch{
		Customers:     []*directory.Customer{{Tenant: otherShop, ID: 100000001, ExternalRef: "Other1", Language: "en", Billing: john}},
		Subscriptions: []*directory.Subscription{subscription(otherShop, "0AE5000001", 100000001, 2027)},
	})
}

func subscription(tenant signon.TenantID, reference string, customer int64, until int) *directory.Subscription {
	return &directory.Subscription{
		Tenant: tenant, Reference: reference, CustomerID: customer,
		Product:  directory.SubscribedProduct{ID: "4639321", Code: "ANTI", Name: "Antivirus", Version: "2", Quantity: 1},
		StartsOn: directory.Date{Year: 2026, Month: 1, Day: 1}, ExpiresOn: directory.Date{Year: until, Month: 11, Day: 1},
		Recurring: true, ReceiveNotifications: true,
	}
}

func (w *world) load(tenant signon.TenantID, batch *directory.Batch) {
	w.t.Helper()
	if _, err := w.directory.Import(w.t.Context(), tenant, batch, directory.Act{}); err != nil {
		w.t.Fatal(err)
	}
}

// sign returns a header of the vendor for now.
func (w *world) sign(code string) string {
	w.t.Helper()
	secrets := map[string]signon.Secret{"AVANGATE": "SECRET_KEY", "OTHERSHOP": "OTHER_SECRET"}
	header, err := rest.Sign(code, w.clock.Now(), secrets[code], "sha256")
	if err != nil {
		w.t.Fatal(err)
	}
	return header
}

// request builds a call of AVANGATE. The target stays as it is written.
func (w *world) request(method, target, body string) *http.Request {
	w.t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r := httptest.NewRequest(method, target, reader)
	r.Header.Set(rest.AuthHeader, w.sign("AVANGATE"))
	return r
}

// send lets the handler answer, behind what the server does for every request,
// and holds the answer against our OpenAPI document.
func (w *world) send(r *http.Request) *httptest.ResponseRecorder {
	w.t.Helper()
	recorder := httptest.NewRecorder()
	info := &inbound.Info{SupportCode: "TESTCODE00", Addr: w.caller}
	recorder.Header().Set(inbound.Header, info.SupportCode)
	body := drain(r)
	w.handler.ServeHTTP(recorder, r.WithContext(inbound.With(r.Context(), info)))
	checkAnswer(w.t, r, body, recorder)
	return recorder
}

// drain returns the request's body and puts it back.
func drain(r *http.Request) []byte {
	if r.Body == nil {
		return nil
	}
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	return body
}

func (w *world) get(target string) *httptest.ResponseRecorder {
	w.t.Helper()
	return w.send(w.request(http.MethodGet, target, ""))
}

// failure is an error's answer.
type failure struct {
	Status  int    `json:"-"`
	Code    string `json:"error_code"`
	Message string `json:"message"`
}

func failureOf(t testing.TB, a *httptest.ResponseRecorder) failure {
	t.Helper()
	f := failure{Status: a.Code}
	if err := json.Unmarshal(a.Body.Bytes(), &f); err != nil {
		t.Fatalf("answer %d is no error: %s", a.Code, a.Body)
	}
	return f
}

// link returns the link of an answer that has to be one.
func link(t testing.TB, a *httptest.ResponseRecorder) string {
	t.Helper()
	var l string
	if a.Code != http.StatusOK || json.Unmarshal(a.Body.Bytes(), &l) != nil {
		t.Fatalf("got %d %s, want a link", a.Code, a.Body)
	}
	return l
}

// tokenOf returns the token of a link.
func tokenOf(t testing.TB, l string) string {
	t.Helper()
	_, token, ok := strings.Cut(l, "logintoken=")
	if !ok {
		t.Fatal("the link has no token")
	}
	return token
}

const buyLink = "https://store.avancart.com/order/checkout.php?PRODS=4639321&QTY=1&CART=1&CARD=2"

func cartTarget(customer, buy string) string {
	return "/rest/6.0/customers/" + customer + "/cart/?Url=" + url.QueryEscape(buy)
}

// redeem spends a cart token like a browser.
func (w *world) redeem(token string) error {
	cart, _ := w.signOn.Registry().Destination(shop, signon.KindCart)
	_, err := w.signOn.Redeem(context.Background(), &signon.RedeemRequest{
		Tenant: shop, Destination: cart, Token: token, Binding: signon.Binding{1}, Addr: netip.MustParseAddr("198.51.100.1"),
	})
	return err
}

// placeOrder lets the demo customer order two things, and returns the number.
func (w *world) placeOrder(t testing.TB) string {
	t.Helper()
	c, err := w.directory.CustomerByID(t.Context(), shop, 352365983)
	if err != nil {
		t.Fatal(err)
	}
	price := directory.Money{Hundredths: 19_90, Currency: "EUR"}
	o, err := w.directory.PlaceOrder(t.Context(), &directory.Order{
		Tenant: shop, CartID: "cart-1", CustomerID: c.ID, Status: directory.OrderPending, Language: "en", Billing: c.Billing, Delivery: c.DeliveryOrBilling(),
		Card: c.Cards[0], Items: []directory.OrderItem{
			{ProductID: "4639321", ProductCode: "ANTI", Name: "Antivirus", Quantity: 2, UnitPrice: price},
			{ProductID: "1112233", ProductCode: "BACK", Name: "Backup & Restore", Quantity: 1, UnitPrice: price, Options: "years=2"},
		},
	}, directory.Act{})
	if err != nil {
		t.Fatal(err)
	}
	return o.RefNo
}
