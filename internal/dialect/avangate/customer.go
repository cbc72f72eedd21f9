package avangate

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// The customer types: which reference of a customer a call names. The later
// spelling of the first one means the same.
const (
	internalCustomerReference    = "AvangateCustomerReference"
	internalCustomerReferenceNew = "2CheckoutCustomerReference"
	externalCustomerReference    = "ExternalCustomerReference"

	customerTypeRule = "must be AvangateCustomerReference, 2CheckoutCustomerReference or ExternalCustomerReference"
)

// Customer returns the vendor's customer with that reference: an internal one,
// or else an external one. Error: signon.CodeSubjectUnknown. The customer is
// shared: callers must not change it.
func (a *API) Customer(ctx context.Context, by *Caller, reference string) (*directory.Customer, error) {
	return noCustomer(a.directory.CustomerByRef(ctx, by.Client.Tenant, reference))
}

// CustomerOfType returns the vendor's customer with that reference of that
// type. Errors: signon.CodeSubjectUnknown; signon.CodeInvalid with
// ArgCustomerType. The customer is shared: callers must not change it.
func (a *API) CustomerOfType(ctx context.Context, by *Caller, reference, customerType string) (*directory.Customer, error) {
	switch customerType {
	case internalCustomerReference, internalCustomerReferenceNew:
		id, err := strconv.ParseInt(reference, 10, 64)
		if err != nil || strconv.FormatInt(id, 10) != reference {
			return noCustomer(nil, signon.ErrNotFound)
		}
		return noCustomer(a.directory.CustomerByID(ctx, by.Client.Tenant, id))
	case externalCustomerReference:
		return noCustomer(a.directory.CustomerByExternalRef(ctx, by.Client.Tenant, reference))
	}
	return nil, signon.Invalid(ArgCustomerType, customerTypeRule)
}

// References name a customer in up to three ways. All that are given must name
// the same one.
type References struct {
	Either   string // an internal reference, or else an external one
	Internal string
	External string
}

// CustomerNamed returns the vendor's customer whom the references name; nil
// when none is given. Error: signon.CodeSubjectUnknown. The customer is shared:
// callers must not change it.
func (a *API) CustomerNamed(ctx context.Context, by *Caller, refs References) (named *directory.Customer, err error) {
	for _, find := range []struct{ reference, customerType string }{
		{refs.Either, ""}, {refs.Internal, internalCustomerReference}, {refs.External, externalCustomerReference},
	} {
		if find.reference == "" {
			continue
		}
		var c *directory.Customer
		if find.customerType == "" {
			c, err = a.Customer(ctx, by, find.reference)
		} else {
			c, err = a.CustomerOfType(ctx, by, find.reference, find.customerType)
		}
		if err != nil {
			return nil, err
		}
		if named != nil && named.ID != c.ID {
			return noCustomer(nil, signon.ErrNotFound)
		}
		named = c
	}
	return named, nil
}

// Standing returns what the customer's subscriptions make of the customer.
func (a *API) Standing(ctx context.Context, c *directory.Customer) (directory.Standing, error) {
	return a.directory.Standing(ctx, c)
}

// customerWords are the wire's names of the directory's fields.
var customerWords = wordsWith(func(field string) string { return field }, "", map[string]string{
	directory.FieldExternalRef: externalCustomerReference,
	directory.FieldFiscalCode:  "FiscalCode",
	directory.FieldLanguage:    "Language",
})

// apply puts the fields that are given into the customer. What a client may not
// set (references of ours, cards, standing, credit) is ignored, so that it can
// send back what it got.
func (o Object) apply(c *directory.Customer) error {
	r := read(o, CustomerInvalid)
	r.contact(&c.Billing)
	r.text(externalCustomerReference, &c.ExternalRef)
	r.text("FiscalCode", &c.FiscalCode)
	r.text("Language", &c.Language)
	return r.fault()
}

// CreateCustomer stores a new customer and returns its reference. Faults:
// CustomerInvalid with the field's name.
func (a *API) CreateCustomer(ctx context.Context, by *Caller, fields Object) (int64, error) {
	c := &directory.Customer{Tenant: by.Client.Tenant}
	if err := fields.apply(c); err != nil {
		return 0, err
	}
	id, err := a.directory.CreateCustomer(ctx, c, by.act())
	return id, fieldFault(CustomerInvalid, err, customerWords)
}

// maxAttempts is how often an update is tried when others change the same
// customer at the same time.
const maxAttempts = 5

// UpdateCustomer changes the given fields of a customer and leaves the others.
// Faults: CustomerInvalid with the field's name.
func (a *API) UpdateCustomer(ctx context.Context, by *Caller, c *directory.Customer, fields Object) error {
	return a.updateCustomer(ctx, by, c, fields, a.directory.UpdateCustomer)
}

// maxEndUsers is of how many subscriptions the end user is changed in one step.
const maxEndUsers = 1000

// UpdateCustomerAndEndUsers is UpdateCustomer, and makes the customer the end
// user of all own subscriptions. Fault: LimitExceeded for more than maxEndUsers.
func (a *API) UpdateCustomerAndEndUsers(ctx context.Context, by *Caller, c *directory.Customer, fields Object) error {
	over, err := a.directory.Subscriptions(ctx, directory.SubscriptionQuery{Tenant: c.Tenant, CustomerID: c.ID, Offset: maxEndUsers, Limit: 1})
	if err != nil {
		return fmt.Errorf("count subscriptions: %w", err)
	}
	if len(over) > 0 {
		return &Fault{Code: LimitExceeded, Argument: "updateEndUserSubscriptions", Rule: "must not be set for a customer with more than 1000 subscriptions"}
	}
	return a.updateCustomer(ctx, by, c, fields, a.directory.UpdateCustomerAndEndUsers)
}

func (a *API) updateCustomer(ctx context.Context, by *Caller, c *directory.Customer, fields Object,
	update func(context.Context, *directory.Customer, directory.Act) error,
) error {
	for attempt := range maxAttempts {
		changed := c.Clone()
		if err := fields.apply(changed); err != nil {
			return err
		}
		err := update(ctx, changed, by.act())
		if !errors.Is(err, signon.ErrConflict) {
			return fieldFault(CustomerInvalid, err, customerWords)
		}
		// Somebody else changed the customer since it was read. Those who meet here
		// go on one after the other, or all but one of them would lose again.
		if attempt == 0 {
			turn := &a.turns[uint64(c.ID)%uint64(len(a.turns))] //nolint:gosec // any spread will do
			turn.Lock()
			defer turn.Unlock()
		}
		if c, err = noCustomer(a.directory.CustomerByID(ctx, c.Tenant, c.ID)); err != nil {
			return err
		}
	}
	return signon.Unavailable("update customer", signon.ErrConflict)
}

// customerAnswer returns the customer as it is answered, with the tokens of the
// cards on file or without.
func (a *API) customerAnswer(ctx context.Context, c *directory.Customer, withTokens bool) (*Customer, error) {
	standing, err := a.Standing(ctx, c)
	if err != nil {
		return nil, err
	}
	return &Customer{
		CustomerDetails: DetailsOf(c), ExistingCards: cardsOf(c, withTokens),
		CustomerStanding: StandingOf(c, standing), Credit: CreditOf(c),
	}, nil
}
