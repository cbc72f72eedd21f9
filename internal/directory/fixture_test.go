package directory_test

import (
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/sqlite"
)

const shop signon.TenantID = "shop"

// clock is a clock that tests set.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func newClock() *clock { return &clock{at: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)} }

// openStore opens an empty database that ends with the test.
func openStore(t testing.TB, c *clock) *sqlite.Store {
	t.Helper()
	keys, err := signon.NewKeyring(make([]byte, signon.RootKeyLen), nil)
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(t.Context(), sqlite.Options{
		Path: filepath.Join(t.TempDir(), "latchkey.db"), Keys: keys, Clock: c, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return store
}

func newService(t testing.TB) (*directory.Service, *sqlite.Store, *clock) {
	t.Helper()
	c := newClock()
	store := openStore(t, c)
	return directory.New(store, c), store, c
}

// john returns a customer with everything in it.
func john() *directory.Customer {
	return &directory.Customer{
		Tenant: shop, ExternalRef: "HotTalks1Customer123",
		Billing: directory.Contact{
			FirstName: "John", LastName: "Newman", Company: "Newman Ltd", Address1: "12 Orchard Street", Address2: "Unit 5", City: "Springfield",
			State: "Illinois", Zip: "62704", CountryCode: "us", Phone: "2175550100", Fax: "2175550101", Email: "john.newman@example.com",
		},
		Delivery: &directory.Contact{
			FirstName: "John", LastName: "Newman", Address1: "400 Market Road", City: "Peoria", State: "Illinois", Zip: "61602", CountryCode: "us",
		},
		FiscalCode: "US123", Language: "en",
		Cards: []directory.Card{
			{Type: "visa", LastDigits: "1111", ExpirationMonth: 12, ExpirationYear: 2029, Cardholder: "John Newman", Token: "tok_visa"},
			{Type: "mastercard", LastDigits: "4444", ExpirationMonth: 3, ExpirationYear: 2028, Cardholder: "John Newman", Token: "tok_mc"},
		},
		Credit: directory.Credit{Limit: 5100, Remaining: 2150, Currency: "EUR"},
	}
}

// subscription returns one with everything in it.
func subscription(customer int64) *directory.Subscription {
	user := john().Billing
	return &directory.Subscription{
		Tenant: shop, ExternalRef: "sub-1", CustomerID: customer, EndUser: &user, EndUserLanguage: "de",
		Product:  directory.SubscribedProduct{ID: "4639321", Code: "ANTI", Name: "Antivirus", Version: "2", Quantity: 3, PriceOptionCodes: []string{"users-5", "years-2"}},
		StartsOn: directory.Date{Year: 2026, Month: 1, Day: 1}, ExpiresOn: directory.Date{Year: 2027, Month: 1, Day: 1},
		Recurring: true, ReceiveNotifications: true, SKU: "sku", PartnerCode: "partner", DeliveryDescription: "Enter the code:\nthen restart.",
		DeliveryCodes:    []directory.DeliveryCode{{Code: "AAAA-BBBB", Description: "code", ExtraInfo: "extra", File: "file"}},
		NextRenewalPrice: directory.Money{Hundredths: 1999, Currency: "EUR"},
	}
}

func product() *directory.Product {
	return &directory.Product{
		Tenant: shop, ID: "4639321", Code: "ANTI", Name: "Antivirus", Version: "2",
		Prices: []directory.Money{{Hundredths: 1999, Currency: "EUR"}, {Hundredths: 2199, Currency: "USD"}},
	}
}

func order(cart string, status directory.OrderStatus) *directory.Order {
	c := john()
	o := &directory.Order{
		Tenant: shop, CartID: cart, CustomerID: 352365983, Status: status, Language: "en", Billing: c.Billing, FiscalCode: c.FiscalCode, Delivery: *c.Delivery,
		Items: []directory.OrderItem{
			{ProductID: "4639321", ProductCode: "ANTI", Name: "Antivirus", Quantity: 2, UnitPrice: directory.Money{Hundredths: 1999, Currency: "EUR"}},
			{ProductID: "1112233", Name: "Backup", Quantity: 1, UnitPrice: directory.Money{Hundredths: 500, Currency: "EUR"}, Options: "a=1"},
		},
	}
	if status == directory.OrderPending {
		o.Card = c.Cards[0]
	}
	return o
}

func create(t testing.TB, s *directory.Service, c *directory.Customer) int64 {
	t.Helper()
	id, err := s.CreateCustomer(t.Context(), c, directory.Act{})
	if err != nil {
		t.Fatalf("create customer: %v", err)
	}
	return id
}

// wantInvalid checks that the error refuses the field, with that code.
func wantRefused(t *testing.T, err error, code signon.Code, field string) {
	t.Helper()
	var e *signon.Error
	if !errors.As(err, &e) || e.Code != code || e.Argument != field || e.Rule == "" {
		t.Errorf("got error %v, want %s of %s", err, code, field)
	}
}

// events returns the notes of the events of a type, in order.
func events(t *testing.T, store signon.AuditStore, of signon.EventType) []string {
	t.Helper()
	chained, err := store.Events(t.Context(), 0, 100_000)
	if err != nil {
		t.Fatal(err)
	}
	var notes []string
	for i := range chained {
		e, err := chained[i].Event()
		if err != nil {
			t.Fatal(err)
		}
		if e.Type == of {
			notes = append(notes, e.Note)
		}
	}
	return notes
}
