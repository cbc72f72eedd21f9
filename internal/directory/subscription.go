package directory

import (
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
	CreatedAt            time.Time
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

// Product is something that a tenant sells.
type Product struct {
	Tenant  signon.TenantID
	ID      string // as used in buy links
	Code    string
	Name    string
	Version string
	Prices  []Money // one for each currency, the tenant's main one first
}

// Price returns the price in that currency, or in the first currency when
// there is none in it; ok is false for a product without prices.
func (p *Product) Price(currency string) (m Money, ok bool) {
	for _, m := range p.Prices {
		if m.Currency == currency {
			return m, true
		}
	}
	if len(p.Prices) == 0 {
		return Money{}, false
	}
	return p.Prices[0], true
}
