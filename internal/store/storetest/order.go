package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// order returns a placed order with every field set.
func order(refNo, cart string) *directory.Order {
	c := customer(1)
	return &directory.Order{
		Tenant: shop, RefNo: refNo, CartID: cart, CustomerID: 1, Status: directory.OrderPending, Language: "en", Coupon: "HALF",
		Items: []directory.OrderItem{
			{ProductID: "1", ProductCode: "c", Name: "n", Quantity: 2, UnitPrice: directory.Money{Hundredths: 100, Currency: "EUR"}, Options: "a=b"},
			{ProductID: "2", Quantity: 1, UnitPrice: directory.Money{Hundredths: 5, Currency: "EUR"}},
		},
		Total: directory.Money{Hundredths: 205, Currency: "EUR"}, Billing: c.Billing, FiscalCode: "DE1", Delivery: *c.Delivery,
		Card: c.Cards[0], PlacedAt: NewClock().Now(),
	}
}

// begun returns an order whose card is being entered.
func begun(refNo, cart string) *directory.Order {
	o := order(refNo, cart)
	o.Status, o.Card = directory.OrderIncomplete, directory.Card{}
	return o
}

var orderPromises = []promise{
	{"OrderReadsBackAsPut", func(t *testing.T, b *bench) {
		for i, o := range []*directory.Order{order("1", "cart 1"), begun("2", "cart 2")} {
			same(t, "what PutOrder returns", b.put(t, o), o)
			if i == 1 {
				b.Store = b.Reopen(t)
			}
			same(t, "order by number", b.order(t, o.RefNo), o)
			byCart, err := b.Store.OrderByCart(b.ctx, shop, o.CartID)
			if err != nil {
				t.Fatalf("read order by cart: %v", err)
			}
			same(t, "order by cart", byCart, o)
		}
		same(t, "events", b.events(t), []signon.EventType{signon.EventOrderPlaced, signon.EventOrderPlaced})
	}},
	{"UnknownOrderIsNotFound", func(t *testing.T, b *bench) {
		b.put(t, order("1", "cart"))
		for _, c := range []struct {
			tenant      signon.TenantID
			refNo, cart string
		}{{other, "1", "cart"}, {shop, "2", "Cart"}, {shop, "01", ""}} {
			_, err := b.Store.Order(b.ctx, c.tenant, c.refNo)
			fails(t, "by number", err, signon.ErrNotFound)
			_, err = b.Store.OrderByCart(b.ctx, c.tenant, c.cart)
			fails(t, "by cart", err, signon.ErrNotFound)
		}
	}},
	{"IncompleteOrderIsReplaced", func(t *testing.T, b *bench) {
		b.put(t, begun("1", "cart"))
		placed := order("1", "cart")
		same(t, "what PutOrder returns", b.put(t, placed), placed)
		same(t, "order", b.order(t, "1"), placed)
	}},
	{"IncompleteOrderKeepsItsNumber", func(t *testing.T, b *bench) {
		b.put(t, begun("1", "cart"))
		_, err := b.Store.PutOrder(b.ctx, order("2", "cart"), event(signon.EventOrderPlaced))
		fails(t, "put under another number", err, signon.ErrConflict)
		same(t, "order", b.order(t, "1"), begun("1", "cart"))
	}},
	{"CartPlacesOneOrder", func(t *testing.T, b *bench) {
		placed := b.put(t, order("1", "cart"))
		for _, again := range []*directory.Order{order("1", "cart"), order("2", "cart"), begun("3", "cart")} {
			again.Coupon = "another"
			same(t, "what PutOrder returns", b.put(t, again), placed)
		}
		same(t, "order", b.order(t, "1"), placed)
		same(t, "events", b.events(t), []signon.EventType{signon.EventOrderPlaced})
	}},
	{"NumberIsOneOrders", func(t *testing.T, b *bench) {
		b.put(t, order("1", "cart 1"))
		_, err := b.Store.PutOrder(b.ctx, order("1", "cart 2"), event(signon.EventOrderPlaced))
		fails(t, "put", err, signon.ErrConflict)
		theirs := order("1", "cart 1")
		theirs.Tenant = other
		same(t, "the same in another tenant", b.put(t, theirs), theirs)
	}},
	{"OrdersOfACustomerAreListedLatestFirst", func(t *testing.T, b *bench) {
		at := NewClock().Now()
		placed := func(refNo string, customer int64, after time.Duration) *directory.Order {
			o := order(refNo, "cart "+refNo)
			o.CustomerID, o.PlacedAt = customer, at.Add(after)
			return b.put(t, o)
		}
		placed("5", 1, time.Hour)
		placed("700", 1, 0)
		placed("90", 1, 0) // in the same millisecond
		placed("6", 2, 0)
		theirs := order("1", "theirs")
		theirs.Tenant = other
		b.put(t, theirs)
		last := begun("4", "open")
		last.PlacedAt = at.Add(2 * time.Hour)
		b.put(t, last)
		for _, c := range []struct {
			customer int64
			limit    int
			want     []string
		}{{1, 10, []string{"4", "5", "700", "90"}}, {1, 2, []string{"4", "5"}}, {2, 10, []string{"6"}}, {3, 10, nil}} {
			list, err := b.Store.OrdersOf(b.ctx, shop, c.customer, c.limit)
			if err != nil {
				t.Fatalf("list orders: %v", err)
			}
			var got []string
			for i := range list {
				got = append(got, list[i].RefNo)
				same(t, "order "+list[i].RefNo, &list[i], b.order(t, list[i].RefNo))
			}
			same(t, fmt.Sprintf("%d orders of customer %d", c.limit, c.customer), got, c.want)
		}
	}},
	{"OrderThatIsCompletedMovesToItsCustomerAndTime", func(t *testing.T, b *bench) {
		b.put(t, begun("1", "cart"))
		o := order("1", "cart")
		o.CustomerID, o.PlacedAt = 2, o.PlacedAt.Add(time.Hour)
		b.put(t, o)
		same(t, "order", b.order(t, "1"), o)
		for id, want := range map[int64]int{1: 0, 2: 1} {
			if list, err := b.Store.OrdersOf(b.ctx, shop, id, 9); err != nil || len(list) != want {
				t.Errorf("got %d orders of customer %d, %v, want %d", len(list), id, err, want)
			}
		}
	}},
	{"OrdersAreListedByNumber", func(t *testing.T, b *bench) {
		for _, refNo := range []string{"90", "100", "9", "1000", "101"} {
			b.put(t, order(refNo, "cart "+refNo))
		}
		for _, c := range []struct {
			after string
			limit int
			want  []string
		}{{"", 10, []string{"9", "90", "100", "101", "1000"}}, {"90", 2, []string{"100", "101"}}, {"1000", 2, nil}} {
			list, err := b.Store.Orders(b.ctx, shop, c.after, c.limit)
			if err != nil {
				t.Fatalf("list orders: %v", err)
			}
			var got []string
			for _, o := range list {
				got = append(got, o.RefNo)
			}
			same(t, fmt.Sprintf("numbers after %q", c.after), got, c.want)
		}
	}},
}

func (b *bench) put(t *testing.T, o *directory.Order) *directory.Order {
	t.Helper()
	stands, err := b.Store.PutOrder(b.ctx, o, event(signon.EventOrderPlaced))
	if err != nil {
		t.Fatalf("put order %s: %v", o.RefNo, err)
	}
	return stands
}

func (b *bench) order(t *testing.T, refNo string) *directory.Order {
	t.Helper()
	o, err := b.Store.Order(b.ctx, shop, refNo)
	if err != nil {
		t.Fatalf("read order %s: %v", refNo, err)
	}
	return o
}
