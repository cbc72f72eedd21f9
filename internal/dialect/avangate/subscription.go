package avangate

import (
	"context"
	"fmt"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/directory"
)

// Subscription returns the vendor's subscription with that reference. Error:
// signon.CodeNotFound.
func (a *API) Subscription(ctx context.Context, by *Caller, reference string) (*directory.Subscription, error) {
	s, err := a.directory.Subscription(ctx, by.Client.Tenant, reference)
	return s, notFound(err, argSubscription)
}

// SubscriptionOwner returns the customer who has the subscription.
func (a *API) SubscriptionOwner(ctx context.Context, s *directory.Subscription) (*directory.Customer, error) {
	c, err := a.directory.CustomerByID(ctx, s.Tenant, s.CustomerID)
	if err != nil {
		return nil, fmt.Errorf("read the customer of a subscription: %w", err)
	}
	return c, nil
}

// Answer returns the subscription as it is answered.
func (a *API) Answer(ctx context.Context, s *directory.Subscription) (Subscription, error) {
	c, err := a.SubscriptionOwner(ctx, s)
	if err != nil {
		return Subscription{}, err
	}
	return subscriptionOf(s, c, s.Status(a.signOn.Now())), nil
}

// SubscriptionFilter selects subscriptions of a vendor.
type SubscriptionFilter struct {
	Customer *directory.Customer // nil: of any customer
	Email    string              // empty: any
	// Page counts from 1; a page has Limit subscriptions.
	Page, Limit int
}

// Subscriptions returns a page of subscriptions as they are answered, by
// reference.
func (a *API) Subscriptions(ctx context.Context, by *Caller, f SubscriptionFilter) ([]Subscription, error) {
	q := directory.SubscriptionQuery{Tenant: by.Client.Tenant, Email: f.Email, Offset: (f.Page - 1) * f.Limit, Limit: f.Limit}
	if f.Customer != nil {
		q.CustomerID = f.Customer.ID
	}
	found, err := a.directory.Subscriptions(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("list subscriptions: %w", err)
	}
	answers := make([]Subscription, 0, len(found))
	for i := range found {
		answer, err := a.Answer(ctx, &found[i])
		if err != nil {
			return nil, err
		}
		answers = append(answers, answer)
	}
	return answers, nil
}

// MaxSubscriptions is how many subscriptions one answer has at most.
const MaxSubscriptions = 200

// SubscriptionsOf returns the customer's first MaxSubscriptions subscriptions as
// they are answered, by reference.
func (a *API) SubscriptionsOf(ctx context.Context, c *directory.Customer) ([]Subscription, error) {
	found, err := a.directory.Subscriptions(ctx, directory.SubscriptionQuery{Tenant: c.Tenant, CustomerID: c.ID, Limit: MaxSubscriptions})
	if err != nil {
		return nil, fmt.Errorf("list subscriptions: %w", err)
	}
	answers := make([]Subscription, len(found))
	for i := range found {
		answers[i] = subscriptionOf(&found[i], c, found[i].Status(a.signOn.Now()))
	}
	return answers, nil
}

// subscriptionWords are the wire's names of the directory's fields.
var subscriptionWords = wordsWith(directory.EndUserField, "EndUser.", map[string]string{
	directory.FieldExternalRef:                      "ExternalSubscriptionReference",
	directory.FieldStartsOn:                         "StartDate",
	directory.FieldExpiresOn:                        "ExpirationDate",
	directory.FieldProductID:                        "Product.ProductId",
	directory.FieldProductCode:                      "Product.ProductCode",
	directory.FieldProductName:                      "Product.ProductName",
	directory.FieldProductVersion:                   "Product.ProductVersion",
	directory.FieldQuantity:                         "Product.ProductQuantity",
	directory.FieldPriceOptions:                     "Product.PriceOptionCodes",
	directory.FieldSKU:                              "SKU",
	directory.FieldPartnerCode:                      "PartnerCode",
	directory.FieldDelivery:                         "DeliveryInfo.Description",
	directory.FieldDeliveryCodes:                    "DeliveryInfo.Codes",
	directory.FieldRenewalPrice:                     "NextRenewalPrice",
	directory.EndUserField(directory.FieldLanguage): "EndUser.Language",
})

// CreateSubscription stores a new subscription and returns its reference. It
// belongs to the customer whom the object names; when it names none, to the one
// who has the end user's e-mail address and a subscription already; else to a
// new customer with the end user's details. Faults: SubscriptionInvalid with the
// field's name; errors: signon.CodeSubjectUnknown.
func (a *API) CreateSubscription(ctx context.Context, by *Caller, fields Object) (string, error) {
	s, err := readSubscription(fields)
	if err != nil {
		return "", err
	}
	s.Tenant = by.Client.Tenant
	if err := s.Check(); err != nil { // before a customer is made for it
		return "", fieldFault(SubscriptionInvalid, err, subscriptionWords)
	}
	if err := a.assign(ctx, by, s, fields); err != nil {
		return "", err
	}
	reference, err := a.directory.CreateSubscription(ctx, s, by.act())
	return reference, fieldFault(SubscriptionInvalid, err, subscriptionWords)
}

// assign finds or makes the customer whom a new subscription belongs to.
func (a *API) assign(ctx context.Context, by *Caller, s *directory.Subscription, fields Object) error {
	var refs References
	r := read(fields, SubscriptionInvalid)
	r.text("CustomerReference", &refs.Either)
	r.internalReference(&refs.Internal)
	r.text(externalCustomerReference, &refs.External)
	if err := r.fault(); err != nil {
		return err
	}
	c, err := a.CustomerNamed(ctx, by, refs)
	if c == nil && err == nil {
		c, err = a.customerByEmail(ctx, by, s.EndUser)
	}
	switch {
	case err != nil:
		return err
	case c != nil:
		s.CustomerID = c.ID
		return nil
	}
	c = &directory.Customer{Tenant: s.Tenant, Billing: *s.EndUser, Language: s.EndUserLanguage}
	if s.CustomerID, err = a.directory.CreateCustomer(ctx, c, by.act()); err != nil {
		return fieldFault(SubscriptionInvalid, err, endUserWords)
	}
	s.EndUser, s.EndUserLanguage = nil, "" // they are the customer
	return nil
}

// endUserWords are the wire's names of a customer's fields who is made from an
// end user.
var endUserWords = wordsWith(func(field string) string { return field }, "EndUser.", map[string]string{
	directory.FieldLanguage: "EndUser.Language",
})

// customerByEmail returns the one customer with the end user's e-mail address,
// or nil when there is none.
func (a *API) customerByEmail(ctx context.Context, by *Caller, user *directory.Contact) (*directory.Customer, error) {
	if user == nil || user.Email == "" {
		return nil, &Fault{Code: SubscriptionInvalid, Argument: "EndUser.Email", Rule: "or a customer reference must be given"}
	}
	found, err := a.directory.CustomersByEmail(ctx, by.Client.Tenant, user.Email, 2)
	switch {
	case err != nil:
		return nil, fmt.Errorf("find customer by e-mail address: %w", err)
	case len(found) > 1:
		return nil, &Fault{Code: SubscriptionInvalid, Argument: "EndUser.Email", Rule: "is the address of several customers; name one by reference"}
	case len(found) == 1:
		return &found[0], nil
	}
	return nil, nil
}

// readSubscription reads a new subscription, still without its customer.
func readSubscription(fields Object) (*directory.Subscription, error) {
	r := read(fields, SubscriptionInvalid)
	s := &directory.Subscription{ReceiveNotifications: true}
	r.text("ExternalSubscriptionReference", &s.ExternalRef)
	r.date("StartDate", &s.StartsOn)
	r.date("ExpirationDate", &s.ExpiresOn)
	r.flag("RecurringEnabled", &s.Recurring)
	r.flag("ReceiveNotifications", &s.ReceiveNotifications)
	r.flag("Lifetime", &s.Lifetime)
	r.flag("Test", &s.Test)
	r.flag("TestSubscription", &s.Test)
	r.flag("IsTrial", &s.Trial)
	r.text("SKU", &s.SKU)
	r.text("PartnerCode", &s.PartnerCode)
	r.state(s)
	r.renewal(&s.NextRenewalPrice)
	r.product(&s.Product)
	r.endUser(s)
	r.delivery(s)
	return s, r.fault()
}

// state reads what the subscription is said to be. Whether it is expired is
// judged by its dates alone.
func (r reader) state(s *directory.Subscription) {
	enabled := true
	r.flag("SubscriptionEnabled", &enabled)
	var status string
	r.text("Status", &status)
	switch directory.SubscriptionStatus(strings.ToUpper(status)) {
	case "", directory.StatusActive, directory.StatusExpired:
	case directory.StatusPastDue:
		s.PastDue = true
	case directory.StatusDisabled:
		enabled = false
	default:
		r.fail("Status", "must be ACTIVE, PASTDUE, EXPIRED or DISABLED")
	}
	s.Disabled = !enabled
}

// renewal reads the price of the next renewal; none when it is 0.
func (r reader) renewal(price *directory.Money) {
	const rule = "must be an amount with at most two places"
	var amount, currency string
	r.said("NextRenewalPrice", rule, &amount)
	r.text("NextRenewalPriceCurrency", &currency)
	if amount == "" {
		return
	}
	hundredths, ok := directory.ParseDecimal(amount)
	if !ok {
		r.fail("NextRenewalPrice", rule)
	}
	if hundredths != 0 {
		*price = directory.Money{Hundredths: hundredths, Currency: currency}
	}
}

func (r reader) product(p *directory.SubscribedProduct) {
	in := r.inner("Product")
	in.text("ProductId", &p.ID)
	in.text("ProductCode", &p.Code)
	in.text("ProductName", &p.Name)
	in.text("ProductVersion", &p.Version)
	in.count("ProductQuantity", &p.Quantity)
	for _, option := range in.list("PriceOptionCodes") {
		var code string
		reader{object: one("PriceOptionCodes", option), prefix: in.prefix, first: in.first}.text("PriceOptionCodes", &code)
		if code != "" {
			p.PriceOptionCodes = append(p.PriceOptionCodes, code)
		}
	}
}

func (r reader) endUser(s *directory.Subscription) {
	in := r.inner("EndUser")
	var user directory.Contact
	in.contact(&user)
	in.text("Language", &s.EndUserLanguage)
	if user.Email = strings.TrimSpace(user.Email); user != (directory.Contact{}) {
		s.EndUser = &user
	}
}

func (r reader) delivery(s *directory.Subscription) {
	in := r.inner("DeliveryInfo")
	in.text("Description", &s.DeliveryDescription)
	for _, item := range in.list("Codes") {
		var d directory.DeliveryCode
		code := reader{object: one("Codes", item), prefix: in.prefix, first: in.first}.inner("Codes")
		code.text("Code", &d.Code)
		code.text("File", &d.File)
		code.text("Description", &d.Description)
		code.text("ExtraInfo", &d.ExtraInfo)
		if d.Code != "" || d.File != "" {
			s.DeliveryCodes = append(s.DeliveryCodes, d)
		}
	}
}
