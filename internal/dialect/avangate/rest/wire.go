package rest

import (
	"strconv"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
	"github.com/latchkey-sso/latchkey/internal/directory"
)

// errorBody is how every error is answered.
type errorBody struct {
	ErrorCode string `json:"error_code"`
	Message   string `json:"message"`
}

// customer is a customer as answered. The reference is there twice: as the
// string of version 6.0, and as the number of the ones before.
type customer struct {
	avangate.CustomerDetails
	ExistingCards []string
	avangate.CustomerStanding
	CustomerReference string
	Credit            avangate.Credit
}

func customerOf(c *directory.Customer, s directory.Standing) customer {
	cards := make([]string, len(c.Cards))
	for i := range c.Cards {
		cards[i] = c.Cards[i].Label()
	}
	return customer{
		CustomerDetails: avangate.DetailsOf(c), ExistingCards: cards, CustomerStanding: avangate.StandingOf(c, s),
		CustomerReference: string(c.Ref()), Credit: avangate.CreditOf(c),
	}
}

// order is an order as answered.
type order struct {
	RefNo                     string
	Status                    string
	OrderDate                 string // YYYY-MM-DD HH:MM:SS, UTC
	Language                  string
	Currency                  string // lower-case, as the vendor answers it
	AvangateCustomerReference int64
	CustomerReference         string
	BillingDetails            billingDetails
	DeliveryDetails           contact
	PaymentDetails            paymentDetails
	Items                     []orderItem
	Coupon                    string
	GrossPrice                avangate.Decimal
}

type contact struct {
	FirstName   string
	LastName    string
	Company     string
	Email       string
	Phone       string
	Fax         string
	Address1    string
	Address2    string
	City        string
	State       string
	Zip         string
	CountryCode string
}

type billingDetails struct {
	FiscalCode string
	contact
}

// paymentDetails say which card was chosen; its members are empty while none is.
type paymentDetails struct {
	Type          string
	Currency      string
	PaymentMethod paymentMethod
}

type paymentMethod struct {
	CardType        string
	LastDigits      string
	ExpirationMonth string
	ExpirationYear  string
	HolderName      string
	Token           string // the payment processor's name for the card
}

type orderItem struct {
	Code           string
	Quantity       int
	ProductDetails productDetails
	PriceOptions   string
	Price          price
}

type productDetails struct {
	ProductId string //nolint:revive // the wire's spelling
	Name      string
}

type price struct {
	UnitGrossPrice avangate.Decimal
	GrossPrice     avangate.Decimal
	Currency       string
}

func orderOf(o *directory.Order) order {
	currency := strings.ToLower(o.Total.Currency)
	items := make([]orderItem, len(o.Items))
	for i := range o.Items {
		items[i] = itemOf(&o.Items[i])
	}
	return order{
		RefNo: o.RefNo, Status: string(o.Status), OrderDate: o.PlacedAt.UTC().Format(avangate.DateLayout),
		Language: o.Language, Currency: currency,
		AvangateCustomerReference: o.CustomerID, CustomerReference: strconv.FormatInt(o.CustomerID, 10),
		BillingDetails: billingDetails{FiscalCode: o.FiscalCode, contact: contactOf(o.Billing)}, DeliveryDetails: contactOf(o.Delivery),
		PaymentDetails: paymentDetails{Type: "CC", Currency: currency, PaymentMethod: paymentMethodOf(o.Card)},
		Items:          items, Coupon: o.Coupon, GrossPrice: avangate.Decimal(o.Total.Hundredths),
	}
}

func itemOf(i *directory.OrderItem) orderItem {
	return orderItem{
		Code: i.ProductCode, Quantity: i.Quantity, ProductDetails: productDetails{ProductId: i.ProductID, Name: i.Name}, PriceOptions: i.Options,
		Price: price{
			UnitGrossPrice: avangate.Decimal(i.UnitPrice.Hundredths), GrossPrice: avangate.Decimal(i.Total().Hundredths),
			Currency: strings.ToLower(i.UnitPrice.Currency),
		},
	}
}

func contactOf(c directory.Contact) contact {
	return contact{
		FirstName: c.FirstName, LastName: c.LastName, Company: c.Company, Email: c.Email, Phone: c.Phone, Fax: c.Fax,
		Address1: c.Address1, Address2: c.Address2, City: c.City, State: c.State, Zip: c.Zip, CountryCode: c.CountryCode,
	}
}

func paymentMethodOf(c directory.Card) paymentMethod {
	m := paymentMethod{CardType: c.Type, LastDigits: c.LastDigits, HolderName: c.Cardholder, Token: c.Token}
	if c.ExpirationMonth > 0 {
		m.ExpirationMonth, m.ExpirationYear = strconv.Itoa(c.ExpirationMonth), strconv.Itoa(c.ExpirationYear)
	}
	return m
}
