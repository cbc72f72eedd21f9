package directory

import (
	"math"
	"slices"
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

// maxItems bounds the lines of an order.
const maxItems = 1000

// normalise checks the order and computes its total, or returns a CodeInvalid
// error that names the first bad field.
func (o *Order) normalise() error {
	if err := o.normaliseItems(); err != nil {
		return err
	}
	if err := o.Billing.normalise(""); err != nil {
		return err
	}
	if err := o.Billing.complete(); err != nil {
		return err
	}
	if err := o.Delivery.normalise(deliveryPrefix); err != nil {
		return err
	}
	if err := checkTexts(field{&o.FiscalCode, FieldFiscalCode, maxFiscal}, field{&o.Coupon, FieldCoupon, maxText}); err != nil {
		return err
	}
	if err := language(&o.Language, FieldLanguage); err != nil {
		return err
	}
	return o.checkCard()
}

func (o *Order) normaliseItems() error {
	if len(o.Items) == 0 || len(o.Items) > maxItems {
		return signon.Invalid(FieldItems, "must be from 1 to 1000")
	}
	o.Items = slices.Clone(o.Items)
	for i := range o.Items {
		item := &o.Items[i]
		err := checkTexts(
			field{&item.ProductID, FieldItems, maxText}, field{&item.ProductCode, FieldItems, maxText},
			field{&item.Name, FieldItems, maxText}, field{&item.Options, FieldItems, maxMultiline},
		)
		if err != nil {
			return err
		}
		if err := checkQuantity(item.Quantity); err != nil {
			return err
		}
		if err := item.UnitPrice.normalisePrice(FieldItems); err != nil {
			return err
		}
	}
	return o.addUp()
}

func (o *Order) addUp() error {
	o.Total = Money{Currency: o.Items[0].UnitPrice.Currency}
	for _, item := range o.Items {
		if item.UnitPrice.Currency != o.Total.Currency {
			return signon.Invalid(FieldItems, "must all be in one currency")
		}
		line := item.Total().Hundredths
		if line > math.MaxInt64-o.Total.Hundredths {
			return signon.Invalid(FieldItems, "add up to too much")
		}
		o.Total.Hundredths += line
	}
	return nil
}

func (o *Order) checkCard() error {
	switch {
	case o.Status == OrderPending && o.Card.Token == "":
		return signon.Invalid(FieldCard, "must be chosen")
	case o.Status != OrderPending && o.Status != OrderIncomplete:
		return signon.Invalid("status", "must be one that is known")
	case o.Card == (Card{}):
		return nil
	}
	return o.Card.normalise(FieldCard)
}
