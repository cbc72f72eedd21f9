package rest

import (
	"net/http"
	"strconv"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
	"github.com/latchkey-sso/latchkey/internal/directory"
)

// subscriber returns the customer who has the subscription that the path names.
func (c *call) subscriber() (*directory.Customer, error) {
	s, err := c.api.Subscription(c.context(), &c.by, c.path.args[0])
	if err != nil {
		return nil, err
	}
	return c.api.SubscriptionOwner(c.context(), s)
}

func getSubscription(c *call) (*answer, error) {
	s, err := c.api.Subscription(c.context(), &c.by, c.path.args[0])
	if err != nil {
		return nil, err
	}
	body, err := c.api.Answer(c.context(), s)
	if err != nil {
		return nil, err
	}
	return ok(body), nil
}

func getSubscriptionCustomer(c *call) (*answer, error) {
	customer, err := c.subscriber()
	if err != nil {
		return nil, err
	}
	return c.customer(customer)
}

func createSubscription(c *call) (*answer, error) {
	fields, err := avangate.ReadObject(c.body, avangate.SubscriptionInvalid)
	if err != nil {
		return nil, err
	}
	reference, err := c.api.CreateSubscription(c.context(), &c.by, fields)
	if err != nil {
		return nil, err
	}
	location := "/rest/" + c.path.version + "/subscriptions/" + reference + "/"
	return &answer{status: http.StatusCreated, body: reference, location: location}, nil
}

// Bounds of a list.
const (
	defaultLimit = 10
	maxLimit     = avangate.MaxSubscriptions
	maxPage      = 1_000_000
)

func listSubscriptions(c *call) (*answer, error) {
	f, err := c.subscriptionFilter()
	if err != nil {
		return nil, err
	}
	list, err := c.api.Subscriptions(c.context(), &c.by, f)
	if err != nil {
		return nil, err
	}
	return ok(list), nil
}

// subscriptionFilter reads which subscriptions are asked for.
func (c *call) subscriptionFilter() (f avangate.SubscriptionFilter, err error) {
	var refs avangate.References
	for _, p := range []struct {
		name  string
		value *string
	}{
		{"CustomerReference", &refs.Either},
		{"AvangateCustomerReference", &refs.Internal},
		{"ExternalCustomerReference", &refs.External},
		{"CustomerEmail", &f.Email},
	} {
		if *p.value, err = c.query.get(p.name); err != nil {
			return f, err
		}
	}
	if f.Page, err = c.number("Page", 1, maxPage); err != nil {
		return f, err
	}
	if f.Limit, err = c.number("Limit", defaultLimit, maxLimit); err != nil {
		return f, err
	}
	f.Customer, err = c.api.CustomerNamed(c.context(), &c.by, refs)
	return f, err
}

// number reads a whole number from 1 to most.
func (c *call) number(name string, otherwise, most int) (int, error) {
	text, err := c.query.get(name)
	if err != nil || text == "" {
		return otherwise, err
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, invalidRequest(c.query.Written([]string{name}), "must be a whole number from 1 to "+strconv.Itoa(most))
	}
	return n, nil
}
