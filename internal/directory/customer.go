package directory

import (
	"strconv"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Customer is a person or company that buys from a tenant.
type Customer struct {
	Tenant signon.TenantID
	// ID is Latchkey's own reference, of 9 digits.
	ID int64
	// ExternalRef is the tenant's own reference, or empty. Case-sensitive, unique
	// within the tenant, and never the same text as another customer's ID.
	ExternalRef string
	// Billing is who pays, Delivery who receives; nil means the same.
	Billing    Contact
	Delivery   *Contact
	FiscalCode string // needs Billing.Company
	Language   string // ISO 639-1, or empty
	Cards      []Card
	Credit     Credit
	// PrivacyKey seals what the audit log holds of this customer.
	PrivacyKey signon.PrivacyKey
	CreatedAt  time.Time
	ChangedAt  time.Time
	// Version rises with every change; an update names the version it is based on.
	Version int64
}

// Ref returns the customer as a subject reference.
func (c *Customer) Ref() signon.SubjectRef { return signon.SubjectRef(strconv.FormatInt(c.ID, 10)) }

// DeliveryOrBilling returns the delivery details, or the billing details when
// there are none.
func (c *Customer) DeliveryOrBilling() Contact {
	if c.Delivery != nil {
		return *c.Delivery
	}
	return c.Billing
}

// Contact is a person's name and address.
type Contact struct {
	FirstName, LastName, Company string
	Address1, Address2           string
	City, State, Zip             string
	CountryCode                  string // ISO 3166-1 alpha-2, lower-case
	Phone, Fax                   string
	Email                        string
}

// Card is a payment card on file: never its number.
type Card struct {
	Type            string // "visa", "mastercard" …, lower-case
	LastDigits      string // the last four
	ExpirationMonth int
	ExpirationYear  int
	Cardholder      string
	Token           string // the payment processor's name for the card
}

// Label returns how the card is shown, as in "visa 1111".
func (c Card) Label() string { return c.Type + " " + c.LastDigits }

// Credit is a customer's credit line, in hundredths of the currency's unit.
type Credit struct {
	Limit, Remaining int64
	Currency         string
}

// Standing is what a customer's subscriptions make of the customer.
type Standing struct {
	Enabled bool // has an active or past-due subscription
	Trial   bool // has subscriptions, and only trial ones
}
