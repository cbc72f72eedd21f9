package directory_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

func place(t *testing.T, s *directory.Service, o *directory.Order) *directory.Order {
	t.Helper()
	placed, err := s.PlaceOrder(t.Context(), o, directory.Act{})
	if err != nil {
		t.Fatalf("place order: %v", err)
	}
	return placed
}

func TestOrderIsStoredWithItsTotal(t *testing.T) {
	s, store, c := newService(t)
	o := place(t, s, order("cart", directory.OrderPending))
	want := order("cart", directory.OrderPending)
	want.RefNo, want.PlacedAt, want.Total = o.RefNo, c.Now(), directory.Money{Hundredths: 4498, Currency: "EUR"}
	got, err := s.Order(t.Context(), shop, o.RefNo)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("error %v, order (-want +got):\n%s", err, diff)
	}
	if diff := cmp.Diff([]string{"order " + o.RefNo}, events(t, store, signon.EventOrderPlaced)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestACartPlacesOneOrderHoweverOftenItIsSent(t *testing.T) {
	s, store, _ := newService(t)
	numbers := make([]string, 16)
	var wg sync.WaitGroup
	for i := range numbers {
		wg.Go(func() {
			o, err := s.PlaceOrder(t.Context(), order("cart", directory.OrderPending), directory.Act{})
			if err != nil {
				t.Errorf("place order: %v", err)
				return
			}
			numbers[i] = o.RefNo
		})
	}
	wg.Wait()
	for _, n := range numbers {
		if n != numbers[0] || n == "" {
			t.Fatalf("got the numbers %q, want one", numbers)
		}
	}
	if got := events(t, store, signon.EventOrderPlaced); len(got) != 1 {
		t.Errorf("got events %q, want one", got)
	}
}

func TestAPlacedOrderStaysAsItIs(t *testing.T) {
	s, _, c := newService(t)
	first := place(t, s, order("cart", directory.OrderPending))
	c.advance(time.Minute)
	other := order("cart", directory.OrderPending)
	other.Items = other.Items[:1]
	if diff := cmp.Diff(first, place(t, s, other)); diff != "" {
		t.Errorf("the second one (-want +got):\n%s", diff)
	}
	back := order("cart", directory.OrderIncomplete)
	if got := place(t, s, back); got.Status != directory.OrderPending {
		t.Errorf("got %s, want the placed order", got.Status)
	}
}

// A cart lies in a cookie, and cookies can be copied.
func TestTheOrderOfAnotherCustomersCartIsOutOfReach(t *testing.T) {
	for _, status := range []directory.OrderStatus{directory.OrderIncomplete, directory.OrderPending} {
		s, _, _ := newService(t)
		theirs := place(t, s, order("cart", status))
		mine := order("cart", directory.OrderPending)
		mine.CustomerID++
		got, err := s.PlaceOrder(t.Context(), mine, directory.Act{})
		if e := signon.AsError(err); e == nil || e.Code != signon.CodeConflict {
			t.Errorf("%s: got %+v, %v; want a conflict", status, got, err)
		}
		stands, err := s.OrderByCart(t.Context(), shop, "cart")
		if diff := cmp.Diff(theirs, stands); err != nil || diff != "" {
			t.Errorf("%s: error %v, stored (-want +got):\n%s", status, err, diff)
		}
	}
}

func TestAnIncompleteOrderIsReplacedAndKeepsItsNumber(t *testing.T) {
	s, store, _ := newService(t)
	begun := place(t, s, order("cart", directory.OrderIncomplete))
	other := order("cart", directory.OrderIncomplete)
	other.Items = other.Items[:1]
	if again := place(t, s, other); again.RefNo != begun.RefNo || len(again.Items) != 1 {
		t.Errorf("got %s with %d items, want %s with 1", again.RefNo, len(again.Items), begun.RefNo)
	}
	done := place(t, s, order("cart", directory.OrderPending))
	if done.RefNo != begun.RefNo || done.Status != directory.OrderPending {
		t.Errorf("got %s %s, want %s %s", done.RefNo, done.Status, begun.RefNo, directory.OrderPending)
	}
	got, err := s.OrderByCart(t.Context(), shop, "cart")
	if diff := cmp.Diff(done, got); err != nil || diff != "" {
		t.Errorf("error %v, stored (-want +got):\n%s", err, diff)
	}
	note := "order " + begun.RefNo
	if diff := cmp.Diff([]string{note, note, note}, events(t, store, signon.EventOrderPlaced)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// The audit log names the number that stands, even when orders of one cart
// come at the same time.
func TestEveryEventNamesAnOrderThatExists(t *testing.T) {
	s, store, _ := newService(t)
	var wg sync.WaitGroup
	for i := range 24 {
		wg.Go(func() {
			if _, err := s.PlaceOrder(t.Context(), order(fmt.Sprint("cart", i%3), directory.OrderIncomplete), directory.Act{}); err != nil {
				t.Errorf("place order: %v", err)
			}
		})
	}
	wg.Wait()
	numbers := map[string]bool{}
	for o, err := range s.AllOrders(t.Context(), shop) {
		if err != nil {
			t.Fatal(err)
		}
		numbers["order "+o.RefNo] = true
	}
	if len(numbers) != 3 {
		t.Errorf("got %d orders, want 3", len(numbers))
	}
	for _, note := range events(t, store, signon.EventOrderPlaced) {
		if !numbers[note] {
			t.Errorf("the log names %q, which does not exist", note)
		}
	}
}

func TestOrdersOfAnotherTenantAreUnknown(t *testing.T) {
	s, _, _ := newService(t)
	o := place(t, s, order("cart", directory.OrderPending))
	if _, err := s.Order(t.Context(), "othershop", o.RefNo); !errors.Is(err, signon.ErrNotFound) {
		t.Errorf("by number: got %v, want signon.ErrNotFound", err)
	}
	if _, err := s.OrderByCart(t.Context(), "othershop", "cart"); !errors.Is(err, signon.ErrNotFound) {
		t.Errorf("by cart: got %v, want signon.ErrNotFound", err)
	}
}

func TestCustomersFindTheirOwnOrders(t *testing.T) {
	s, _, clock := newService(t)
	mine, theirs := &directory.Customer{Tenant: shop, ID: 352365983}, &directory.Customer{Tenant: shop, ID: 1}
	var numbers []string
	for _, cart := range []string{"one", "two", "three"} {
		o, err := s.PlaceOrder(t.Context(), order(cart, directory.OrderPending), directory.Act{})
		if err != nil {
			t.Fatal(err)
		}
		numbers = append([]string{o.RefNo}, numbers...)
		clock.advance(time.Second)
	}
	list, err := s.OrdersOf(t.Context(), mine, 2)
	if err != nil || len(list) != 2 || list[0].RefNo != numbers[0] || list[1].RefNo != numbers[1] {
		t.Errorf("got %d orders, %v, want the latest two", len(list), err)
	}
	if o, err := s.OrderOf(t.Context(), mine, numbers[2]); err != nil || o.CartID != "one" {
		t.Errorf("got %+v, %v, want the first order", o, err)
	}
	for name, c := range map[string]*directory.Customer{"another customer": theirs, "another shop": {Tenant: "other", ID: mine.ID}} {
		if o, err := s.OrderOf(t.Context(), c, numbers[2]); !errors.Is(err, signon.ErrNotFound) || o != nil {
			t.Errorf("%s: got %v, %v, want not found", name, o, err)
		}
		if list, err := s.OrdersOf(t.Context(), c, 9); err != nil || len(list) != 0 {
			t.Errorf("%s: got %d orders, %v, want none", name, len(list), err)
		}
	}
}
