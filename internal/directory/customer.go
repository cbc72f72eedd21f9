package directory

import (
	"slices"
	"strconv"
	"strings"
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
	// ShopperID is the number that the tenant's other shop system knows the customer
	// by, unique within the tenant; 0: none.
	ShopperID int64
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
	// SignedOutBefore, unless zero, is the instant up to which everything that was
	// issued to the customer is void: links, and the sessions that came of them. Only
	// [CustomerStore.SignOutCustomer] changes it, and that is no new version.
	SignedOutBefore time.Time
}

// maxShopperID is of 12 digits: numbers of cards have more.
const maxShopperID = 999_999_999_999

// Ref returns the customer as a subject reference.
func (c *Customer) Ref() signon.SubjectRef { return signon.SubjectRef(strconv.FormatInt(c.ID, 10)) }

// Clone returns a copy that shares nothing with the customer.
func (c *Customer) Clone() *Customer {
	own := *c
	own.Cards = slices.Clone(c.Cards)
	if c.Delivery != nil {
		delivery := *c.Delivery
		own.Delivery = &delivery
	}
	return &own
}

// DeliveryOrBilling returns the delivery details, or the billing details when
// there are none.
func (c *Customer) DeliveryOrBilling() Contact {
	if c.Delivery != nil {
		return *c.Delivery
	}
	return c.Billing
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

// Expired reports whether the card is past the last day of its month, in UTC.
func (c Card) Expired(now time.Time) bool {
	return !now.Before(time.Date(c.ExpirationYear, time.Month(c.ExpirationMonth)+1, 1, 0, 0, 0, 0, time.UTC))
}

// Usable reports whether the card can be charged: the processor has a name for
// it, and it has not expired.
func (c Card) Usable(now time.Time) bool { return c.Token != "" && !c.Expired(now) }

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

// normalise puts the customer into the form that is stored, or returns a
// CodeInvalid error that names the first bad field. What the customer points
// to is copied before it is changed: others may share it.
func (c *Customer) normalise() (err error) {
	if err := text(&c.ExternalRef, FieldExternalRef, maxText); err != nil {
		return err
	}
	if c.ShopperID < 0 || c.ShopperID > maxShopperID {
		return signon.Invalid(FieldShopperID, "must be a whole number from 1 to 999999999999")
	}
	if err := c.Billing.normalise(""); err != nil {
		return err
	}
	if err := c.Billing.complete(); err != nil {
		return err
	}
	if c.Delivery, err = normaliseOptional(c.Delivery, deliveryPrefix); err != nil {
		return err
	}
	if err := c.normaliseFiscalCode(); err != nil {
		return err
	}
	if err := language(&c.Language, FieldLanguage); err != nil {
		return err
	}
	if c.Cards, err = normaliseCards(c.Cards); err != nil {
		return err
	}
	return c.Credit.normalise()
}

func (c *Customer) normaliseFiscalCode() error {
	if err := text(&c.FiscalCode, FieldFiscalCode, maxFiscal); err != nil {
		return err
	}
	if c.FiscalCode != "" && strings.TrimSpace(c.Billing.Company) == "" {
		return signon.Invalid(FieldFiscalCode, "needs a company")
	}
	return nil
}

func normaliseCards(cards []Card) ([]Card, error) {
	if len(cards) == 0 {
		return nil, nil
	}
	if len(cards) > maxList {
		return nil, signon.Invalid(FieldCards, "must be at most 100")
	}
	own := slices.Clone(cards)
	for i := range own {
		if err := own[i].normalise(FieldCards); err != nil {
			return nil, err
		}
	}
	return own, nil
}

// normalise checks a card that is, or is among, the field of that name.
func (c *Card) normalise(name string) error {
	c.Type = strings.ToLower(c.Type)
	err := checkTexts(field{&c.Type, name, maxCardType}, field{&c.Cardholder, name, maxText}, field{&c.Token, name, maxText})
	if err != nil {
		return err
	}
	if c.Type == "" || strings.Trim(c.Type, "abcdefghijklmnopqrstuvwxyz0123456789 _-") != "" {
		return signon.Invalid(name, "must have a type of letters, digits and hyphens, as in visa")
	}
	if len(c.LastDigits) != 4 || !allDigits(c.LastDigits) {
		return signon.Invalid(name, "must have the last four digits of the card and no more")
	}
	if c.ExpirationMonth < 1 || c.ExpirationMonth > 12 || c.ExpirationYear < 2000 || c.ExpirationYear > 2099 {
		return signon.Invalid(name, "must have an expiry month from 1 to 12 and a year of four digits")
	}
	return nil
}

func (c *Credit) normalise() error {
	if *c == (Credit{}) {
		return nil
	}
	if c.Limit < 0 {
		return signon.Invalid(FieldCredit, "must have a limit of at least 0")
	}
	c.Currency = strings.ToUpper(strings.TrimSpace(c.Currency))
	if !validCurrency(c.Currency) {
		return signon.Invalid(FieldCredit, "must have a currency of three letters, as in EUR")
	}
	return nil
}
