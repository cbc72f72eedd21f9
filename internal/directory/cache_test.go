package directory_test

import (
	"context"
	"errors"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// slowStore lets tests stop a call of the store before or after its work.
type slowStore struct {
	directory.Store
	afterRead   func() // called with a customer read and not returned yet
	beforeWrite func()
	afterWrite  func()
	reads       int
}

func (s *slowStore) Customer(ctx context.Context, tenant signon.TenantID, id int64) (*directory.Customer, error) {
	s.reads++
	c, err := s.Store.Customer(ctx, tenant, id)
	call(s.afterRead)
	return c, err
}

func (s *slowStore) UpdateCustomer(ctx context.Context, c *directory.Customer, e *signon.Event) error {
	call(s.beforeWrite)
	defer call(s.afterWrite)
	return s.Store.UpdateCustomer(ctx, c, e)
}

func (s *slowStore) Import(ctx context.Context, b *directory.Batch, e *signon.Event) error {
	call(s.beforeWrite)
	defer call(s.afterWrite)
	return s.Store.Import(ctx, b, e)
}

func call(f func()) {
	if f != nil {
		f()
	}
}

// slowService returns a service over a slow store with one customer in it.
func slowService(t *testing.T) (*directory.Service, *slowStore, *directory.Customer) {
	c := newClock()
	store := openStore(t, c)
	customer := john()
	create(t, directory.New(store, c), customer)
	slow := &slowStore{Store: store}
	return directory.New(slow, c), slow, customer
}

// ways are the ways to move a customer to another city.
var ways = map[string]func(context.Context, *directory.Service, *directory.Customer) error{
	"update": func(ctx context.Context, s *directory.Service, c *directory.Customer) error {
		own := c.Clone()
		own.Billing.City = "Peoria"
		return s.UpdateCustomer(ctx, own, directory.Act{})
	},
	"import": func(ctx context.Context, s *directory.Service, c *directory.Customer) error {
		own := c.Clone()
		own.Billing.City = "Peoria"
		_, err := s.Import(ctx, shop, &directory.Batch{Customers: []*directory.Customer{own}}, directory.Act{})
		return err
	},
}

func wantCity(t *testing.T, s *directory.Service, c *directory.Customer, want string) {
	t.Helper()
	byID, err := s.CustomerByID(t.Context(), shop, c.ID)
	if err != nil || byID.Billing.City != want {
		t.Errorf("by ID: got %q, %v, want %q", byID.Billing.City, err, want)
	}
	byRef, err := s.CustomerByExternalRef(t.Context(), shop, c.ExternalRef)
	if err != nil || byRef.Billing.City != want {
		t.Errorf("by external reference: got %q, %v, want %q", byRef.Billing.City, err, want)
	}
}

func TestCustomersAreRemembered(t *testing.T) {
	s, slow, c := slowService(t)
	for range 3 {
		wantCity(t, s, c, "Springfield")
	}
	if slow.reads != 1 {
		t.Errorf("the store was asked %d times, want once", slow.reads)
	}
}

func TestAChangeIsSeenAtOnce(t *testing.T) {
	for name, change := range ways {
		t.Run(name, func(t *testing.T) {
			s, _, c := slowService(t)
			wantCity(t, s, c, "Springfield")
			if err := change(t.Context(), s, c); err != nil {
				t.Fatal(err)
			}
			wantCity(t, s, c, "Peoria")
		})
	}
}

func TestAReadFromBeforeAChangeIsNotRemembered(t *testing.T) {
	for name, change := range ways {
		t.Run(name, func(t *testing.T) {
			s, slow, c := slowService(t)
			slow.afterRead = func() {
				slow.afterRead = nil
				if err := change(t.Context(), s, c); err != nil {
					t.Error(err)
				}
			}
			if _, err := s.CustomerByID(t.Context(), shop, c.ID); err != nil {
				t.Fatal(err)
			}
			wantCity(t, s, c, "Peoria")
		})
	}
}

func TestAReadDuringAChangeIsNotRemembered(t *testing.T) {
	for name, change := range ways {
		t.Run(name, func(t *testing.T) {
			s, slow, c := slowService(t)
			slow.beforeWrite = func() { wantCity(t, s, c, "Springfield") }
			slow.afterWrite = func() { wantCity(t, s, c, "Peoria") }
			if err := change(t.Context(), s, c); err != nil {
				t.Fatal(err)
			}
			wantCity(t, s, c, "Peoria")
		})
	}
}

// The caller of a change gives up while it is being written. What was read
// until it is written must not be remembered after.
func TestAChangeWhoseCallerGaveUpIsSeen(t *testing.T) {
	for name, change := range ways {
		t.Run(name, func(t *testing.T) {
			s, slow, c := slowService(t)
			ctx, giveUp := context.WithCancel(t.Context())
			write, written := make(chan struct{}), make(chan struct{})
			slow.beforeWrite = func() { giveUp(); <-write }
			slow.afterWrite = func() { close(written) }
			err := change(ctx, s, c)
			if signon.AsError(err).Code != signon.CodeUnavailable || !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want unavailable for a canceled context", err)
			}
			wantCity(t, s, c, "Springfield")
			close(write)
			<-written
			wantCity(t, s, c, "Peoria")
		})
	}
}

func TestAGivenUpExternalReferenceIsForgotten(t *testing.T) {
	s, _, c := slowService(t)
	wantCity(t, s, c, "Springfield")
	own := c.Clone()
	own.ExternalRef = "another"
	if err := s.UpdateCustomer(t.Context(), own, directory.Act{}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.CustomerByExternalRef(t.Context(), shop, c.ExternalRef); !errors.Is(err, signon.ErrNotFound) {
		t.Errorf("got %v, want signon.ErrNotFound", err)
	}
	heir := john()
	create(t, s, heir)
	if got, err := s.CustomerByExternalRef(t.Context(), shop, c.ExternalRef); err != nil || got.ID != heir.ID {
		t.Errorf("got %v, %v, want the customer who has the reference now", got, err)
	}
}
