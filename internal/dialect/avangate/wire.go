package avangate

import (
	"bytes"
	"encoding/json"
	"strconv"

	"github.com/latchkey-sso/latchkey/internal/directory"
)

// The names of fields in this file are the names on the wire, in all dialects,
// and their order is the order of the answer. The names of types are those of
// the WSDL.

// Customer is a customer as answered by SOAP and JSON-RPC. When one is created
// or changed, what a client may not set is ignored: cards, standing, credit.
type Customer struct {
	CustomerDetails
	ExistingCards []Card
	CustomerStanding
	Credit Credit
}

// CustomerDetails is how a customer starts.
type CustomerDetails struct {
	AvangateCustomerReference int64
	ExternalCustomerReference string
	FirstName                 string
	LastName                  string
	Company                   string
	FiscalCode                string
	Address1                  string
	Address2                  string
	City                      string
	State                     string
	Zip                       string
	CountryCode               string
	Phone                     string
	Fax                       string
	Email                     string
}

// CustomerStanding is how a customer goes on after the cards on file.
type CustomerStanding struct {
	Enabled  bool
	Trial    bool
	Language string
}

// Card is a card on file.
type Card struct {
	CardType        string
	LastDigits      string
	ExpirationMonth string
	ExpirationYear  string
	CardholderName  string
	TransientToken  *TransientToken `json:",omitempty"` // only where a call asks for it
}

// TransientToken is what the payment processor knows a card by.
type TransientToken struct {
	Token string
}

func cardsOf(c *directory.Customer, withTokens bool) []Card {
	cards := make([]Card, len(c.Cards))
	for i := range c.Cards {
		on := &c.Cards[i]
		cards[i] = Card{CardType: on.Type, LastDigits: on.LastDigits, CardholderName: on.Cardholder}
		if on.ExpirationMonth > 0 {
			cards[i].ExpirationMonth, cards[i].ExpirationYear = strconv.Itoa(on.ExpirationMonth), strconv.Itoa(on.ExpirationYear)
		}
		if withTokens && on.Token != "" {
			cards[i].TransientToken = &TransientToken{Token: on.Token}
		}
	}
	return cards
}

// Credit is a customer's credit line.
type Credit struct {
	Limit     Decimal
	Remaining Decimal
	Currency  string
}

// Decimal is an amount in hundredths. In JSON it is a number with two places.
type Decimal int64

// String returns the amount with two places, as in "21.50".
func (d Decimal) String() string { return directory.Money{Hundredths: int64(d)}.Decimal() }

// MarshalJSON writes the amount as a number.
func (d Decimal) MarshalJSON() ([]byte, error) { return []byte(d.String()), nil }

// DetailsOf returns the details of a customer.
func DetailsOf(c *directory.Customer) CustomerDetails {
	b := &c.Billing
	return CustomerDetails{
		AvangateCustomerReference: c.ID, ExternalCustomerReference: c.ExternalRef,
		FirstName: b.FirstName, LastName: b.LastName, Company: b.Company, FiscalCode: c.FiscalCode,
		Address1: b.Address1, Address2: b.Address2, City: b.City, State: b.State, Zip: b.Zip, CountryCode: b.CountryCode,
		Phone: b.Phone, Fax: b.Fax, Email: b.Email,
	}
}

// StandingOf returns where a customer stands.
func StandingOf(c *directory.Customer, s directory.Standing) CustomerStanding {
	return CustomerStanding{Enabled: s.Enabled, Trial: s.Trial, Language: c.Language}
}

// CreditOf returns the credit line of a customer.
func CreditOf(c *directory.Customer) Credit {
	return Credit{Limit: Decimal(c.Credit.Limit), Remaining: Decimal(c.Credit.Remaining), Currency: c.Credit.Currency}
}

// EncodeJSON returns the JSON of an answer, without HTML escaping.
func EncodeJSON(answer any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(answer); err != nil {
		panic(err) // only for types that can't be encoded, and there are none
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// Subscription is a subscription as answered.
type Subscription struct {
	SubscriptionReference     string
	StartDate                 string
	ExpirationDate            string
	RecurringEnabled          bool
	SubscriptionEnabled       bool
	Product                   SubscribedProduct
	EndUser                   EndUser
	SKU                       string
	DeliveryInfo              DeliveryInfo
	ReceiveNotifications      bool
	Lifetime                  bool
	PartnerCode               string
	AvangateCustomerReference string
	ExternalCustomerReference string
	TestSubscription          bool
	IsTrial                   bool
	Status                    string
}

// SubscribedProduct is the product of a subscription.
type SubscribedProduct struct {
	ProductCode      string
	ProductId        string //nolint:revive // the wire's spelling
	ProductName      string
	ProductVersion   string
	ProductQuantity  int
	PriceOptionCodes []string
}

// EndUser is who uses a subscription.
type EndUser struct {
	FirstName   string
	LastName    string
	Email       string
	Company     string
	Phone       string
	Fax         string
	Address1    string
	Address2    string
	Zip         string
	City        string
	State       string
	CountryCode string
	Language    string
}

// DeliveryInfo is what was delivered with a subscription.
type DeliveryInfo struct {
	Description string
	Codes       []DeliveryCode
}

// DeliveryCode is a licence or activation code.
type DeliveryCode struct {
	Code        string
	File        string
	Description string
	ExtraInfo   string
}

// SubscriptionImport is a subscription as it is sent to be stored.
type SubscriptionImport struct {
	ExternalSubscriptionReference string
	StartDate                     string
	ExpirationDate                string
	RecurringEnabled              string // YES or NO too: described as a boolean, PHP makes true of NO
	SubscriptionEnabled           bool
	NextRenewalPrice              Decimal
	NextRenewalPriceCurrency      string
	Product                       SubscribedProduct
	EndUser                       EndUser
	SKU                           string
	DeliveryInfo                  DeliveryInfo
	ReceiveNotifications          bool
	Lifetime                      bool
	PartnerCode                   string
	AvangateCustomerReference     string
	ExternalCustomerReference     string
	TestSubscription              bool
	IsTrial                       bool
	Status                        string
	Payment                       CardPayment
}

// CardPayment is what clients may send of a payment card beside a subscription.
// It is there so that SOAP clients, which leave out what a description does not
// have, send it, and are told that card numbers are refused.
type CardPayment struct {
	CardNumber      string
	CardType        string
	ExpirationYear  string
	ExpirationMonth string
	HolderName      string
	CCID            string
	AutoRenewal     string
}

func subscriptionOf(s *directory.Subscription, c *directory.Customer, status directory.SubscriptionStatus) Subscription {
	return Subscription{
		SubscriptionReference: s.Reference, StartDate: s.StartsOn.String(), ExpirationDate: s.ExpiresOn.String(),
		RecurringEnabled: s.Recurring, SubscriptionEnabled: !s.Disabled,
		Product: SubscribedProduct{
			ProductCode: s.Product.Code, ProductId: s.Product.ID, ProductName: s.Product.Name, ProductVersion: s.Product.Version,
			ProductQuantity: s.Product.Quantity, PriceOptionCodes: append([]string{}, s.Product.PriceOptionCodes...),
		},
		EndUser: endUserOf(s, c), SKU: s.SKU, DeliveryInfo: deliveryInfoOf(s),
		ReceiveNotifications: s.ReceiveNotifications, Lifetime: s.Lifetime, PartnerCode: s.PartnerCode,
		AvangateCustomerReference: string(c.Ref()), ExternalCustomerReference: c.ExternalRef,
		TestSubscription: s.Test, IsTrial: s.Trial, Status: string(status),
	}
}

// endUserOf returns the end user, who is the customer when nobody else is named.
func endUserOf(s *directory.Subscription, c *directory.Customer) EndUser {
	u, language := &c.Billing, s.EndUserLanguage
	if s.EndUser != nil {
		u = s.EndUser
	}
	if language == "" {
		language = c.Language
	}
	return EndUser{
		FirstName: u.FirstName, LastName: u.LastName, Email: u.Email, Company: u.Company, Phone: u.Phone, Fax: u.Fax,
		Address1: u.Address1, Address2: u.Address2, Zip: u.Zip, City: u.City, State: u.State, CountryCode: u.CountryCode,
		Language: language,
	}
}

func deliveryInfoOf(s *directory.Subscription) DeliveryInfo {
	info := DeliveryInfo{Description: s.DeliveryDescription, Codes: make([]DeliveryCode, 0, len(s.DeliveryCodes))}
	for _, c := range s.DeliveryCodes {
		info.Codes = append(info.Codes, DeliveryCode{Code: c.Code, File: c.File, Description: c.Description, ExtraInfo: c.ExtraInfo})
	}
	return info
}
