package directory

import (
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// OrderStatus is where an order stands. Latchkey takes no payment: what happens
// after PENDING is the tenant's payment processor's business.
type OrderStatus string

// The statuses.
const (
	// OrderIncomplete: the customer is entering a new card at the processor's page.
	OrderIncomplete OrderStatus = "INCOMPLETE"
	// OrderPending: placed, with a card chosen; not paid by Latchkey.
	OrderPending OrderStatus = "PENDING"
)

// Order is what a customer ordered in the hosted cart.
type Order struct {
	Tenant signon.TenantID
	RefNo  string // digits, unique within the tenant
	// CartID is the cart that it was placed from. A cart places one order at most.
	CartID     string
	CustomerID int64
	Status     OrderStatus
	Language   string
	Coupon     string
	Items      []OrderItem
	Total      Money
	Billing    Contact
	FiscalCode string
	Delivery   Contact
	// Card is the card that was chosen; Token is empty while the order is incomplete.
	Card     Card
	PlacedAt time.Time
}

// OrderItem is one line of an order.
type OrderItem struct {
	ProductID, ProductCode, Name string
	Quantity                     int
	UnitPrice                    Money
	Options                      string // the product's options, as they came in the link
}

// Total returns the line's price.
func (i OrderItem) Total() Money {
	return Money{Hundredths: i.UnitPrice.Hundredths * int64(i.Quantity), Currency: i.UnitPrice.Currency}
}
