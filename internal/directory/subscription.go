package directory

import (
	"slices"
	"strings"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// SubscriptionStatus is where a subscription stands.
type SubscriptionStatus string

// The statuses.
const (
	StatusActive   SubscriptionStatus = "ACTIVE"
	StatusPastDue  SubscriptionStatus = "PASTDUE"
	StatusExpired  SubscriptionStatus = "EXPIRED"
	StatusDisabled SubscriptionStatus = "DISABLED"
)

// Subscription is a customer's right to a product for a time.
type Subscription struct {
	Tenant signon.TenantID
	// Reference is 10 upper-case hexadecimal digits, unique within the tenant.
	Reference   string
	ExternalRef string // the tenant's own reference, or empty
	CustomerID  int64
	// EndUser is who uses it; nil means the customer's billing details.
	EndUser         *Contact
	EndUserLanguage string
	Product         SubscribedProduct
	StartsOn        Date
	ExpiresOn       Date // zero for a lifetime subscription
	Recurring       bool
	Disabled        bool
	PastDue         bool
	Trial           bool
	Test            bool
	Lifetime        bool
	// ReceiveNotifications: the customer is written to about it.
	ReceiveNotifications bool
	SKU                  string
	PartnerCode          string
	DeliveryDescription  string
	DeliveryCodes        []DeliveryCode
	NextRenewalPrice     Money // zero when none was given
	// CardToken is the payment processor's name of the customer's card that pays
	// renewals; empty for the customer's first usable card (see [Customer.Pays]).
	CardToken string
	CreatedAt time.Time
	// Version rises with every change; an update names the version it is based on.
	Version int64
}

// Clone returns a copy that shares nothing with the subscription.
func (s *Subscription) Clone() *Subscription {
	own := *s
	if s.EndUser != nil {
		user := *s.EndUser
		own.EndUser = &user
	}
	own.Product.PriceOptionCodes = slices.Clone(s.Product.PriceOptionCodes)
	own.DeliveryCodes = slices.Clone(s.DeliveryCodes)
	return &own
}

// Status returns where the subscription stands on the day of now.
func (s *Subscription) Status(now time.Time) SubscriptionStatus {
	switch {
	case s.Disabled:
		return StatusDisabled
	case s.PastDue:
		return StatusPastDue
	case !s.Lifetime && s.ExpiresOn != (Date{}) && s.ExpiresOn.Before(DateOf(now)):
		return StatusExpired
	}
	return StatusActive
}

// SubscribedProduct is the product of a subscription, as it was when sold.
type SubscribedProduct struct {
	ID, Code, Name, Version string
	Quantity                int
	PriceOptionCodes        []string
}

// DeliveryCode is a licence or activation code that was delivered.
type DeliveryCode struct {
	Code, Description, ExtraInfo, File string
}

// normalise puts the subscription into the form that is stored, or returns a
// CodeInvalid error that names the first bad field. What the subscription
// points to is copied before it is changed.
func (s *Subscription) normalise() (err error) {
	if s.Reference != "" && !validReference(s.Reference) {
		return errReference()
	}
	if s.CustomerID == 0 {
		return signon.Invalid(FieldCustomer, "must be given")
	}
	if err := s.Product.normalise(); err != nil {
		return err
	}
	err = checkTexts(
		field{&s.ExternalRef, FieldExternalRef, maxText}, field{&s.SKU, FieldSKU, maxText}, field{&s.PartnerCode, FieldPartnerCode, maxText},
		field{&s.CardToken, FieldCardToken, maxText},
	)
	if err != nil {
		return err
	}
	if s.EndUser, err = normaliseOptional(s.EndUser, endUserPrefix); err != nil {
		return err
	}
	if err := language(&s.EndUserLanguage, endUserPrefix+FieldLanguage); err != nil {
		return err
	}
	if err := s.normaliseDelivery(); err != nil {
		return err
	}
	if s.NextRenewalPrice != (Money{}) {
		if err := s.NextRenewalPrice.normalisePrice(FieldRenewalPrice); err != nil {
			return err
		}
	}
	return s.checkDates()
}

func validReference(text string) bool {
	return len(text) == 10 && strings.Trim(text, "0123456789ABCDEF") == ""
}

func errReference() error {
	return signon.Invalid(FieldReference, "must be 10 upper-case hexadecimal digits")
}

func (s *Subscription) checkDates() error {
	switch {
	case s.StartsOn == (Date{}):
		return signon.Invalid(FieldStartsOn, "must be given")
	case s.ExpiresOn != (Date{}) && s.ExpiresOn.Before(s.StartsOn):
		return signon.Invalid(FieldExpiresOn, "must not be before the start date")
	}
	return nil
}

func (s *Subscription) normaliseDelivery() error {
	if err := multiline(&s.DeliveryDescription, FieldDelivery, maxMultiline); err != nil {
		return err
	}
	if len(s.DeliveryCodes) == 0 {
		s.DeliveryCodes = nil
		return nil
	}
	if len(s.DeliveryCodes) > maxList {
		return signon.Invalid(FieldDeliveryCodes, "must be at most 100")
	}
	s.DeliveryCodes = slices.Clone(s.DeliveryCodes)
	for i := range s.DeliveryCodes {
		d := &s.DeliveryCodes[i]
		for _, part := range []*string{&d.Code, &d.Description, &d.ExtraInfo, &d.File} {
			if err := multiline(part, FieldDeliveryCodes, maxMultiline); err != nil {
				return err
			}
		}
		if d.Code == "" && d.File == "" {
			return signon.Invalid(FieldDeliveryCodes, "must each have a code or a file")
		}
	}
	return nil
}

func (p *SubscribedProduct) normalise() error {
	err := checkTexts(
		field{&p.ID, FieldProductID, maxText}, field{&p.Code, FieldProductCode, maxText},
		field{&p.Name, FieldProductName, maxText}, field{&p.Version, FieldProductVersion, maxText},
	)
	if err != nil {
		return err
	}
	if p.ID == "" {
		return signon.Invalid(FieldProductID, "must be given")
	}
	if p.Quantity == 0 {
		p.Quantity = 1
	}
	if err := checkQuantity(p.Quantity); err != nil {
		return err
	}
	return p.normaliseOptions()
}

func (p *SubscribedProduct) normaliseOptions() error {
	if len(p.PriceOptionCodes) == 0 {
		p.PriceOptionCodes = nil
		return nil
	}
	if len(p.PriceOptionCodes) > maxList {
		return signon.Invalid(FieldPriceOptions, "must be at most 100")
	}
	p.PriceOptionCodes = slices.Clone(p.PriceOptionCodes)
	for i := range p.PriceOptionCodes {
		if err := text(&p.PriceOptionCodes[i], FieldPriceOptions, maxText); err != nil {
			return err
		}
		if p.PriceOptionCodes[i] == "" {
			return signon.Invalid(FieldPriceOptions, "must not be empty")
		}
	}
	return nil
}

const maxQuantity = 100_000

func checkQuantity(n int) error {
	if n < 1 || n > maxQuantity {
		return signon.Invalid(FieldQuantity, "must be a whole number from 1 to 100000")
	}
	return nil
}
