package rest

import (
	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
	"github.com/latchkey-sso/latchkey/internal/directory"
)

// getCustomerByToken answers whom a cart link signs on.
func getCustomerByToken(c *call) (*answer, error) {
	token, err := c.query.get("ssotoken")
	if err != nil {
		return nil, err
	}
	if token == "" {
		return nil, &avangate.Fault{Code: avangate.SSOTokenInvalid, Argument: avangate.ArgToken, Rule: "must be given"}
	}
	customer, err := c.api.CustomerBySSOToken(c.context(), &c.by, token)
	if err != nil {
		return nil, err
	}
	return c.customer(customer)
}

func getCustomer(c *call) (*answer, error) {
	customer, err := c.api.Customer(c.context(), &c.by, c.path.args[0])
	if err != nil {
		return nil, err
	}
	return c.customer(customer)
}

func createCustomer(c *call) (*answer, error) {
	fields, err := avangate.ReadObject(c.body, avangate.CustomerInvalid)
	if err != nil {
		return nil, err
	}
	reference, err := c.api.CreateCustomer(c.context(), &c.by, fields)
	if err != nil {
		return nil, err
	}
	return ok(reference), nil
}

func updateCustomer(c *call) (*answer, error) {
	customer, err := c.api.Customer(c.context(), &c.by, c.path.args[0])
	if err != nil {
		return nil, err
	}
	fields, err := avangate.ReadObject(c.body, avangate.CustomerInvalid)
	if err != nil {
		return nil, err
	}
	if err := c.api.UpdateCustomer(c.context(), &c.by, customer, fields); err != nil {
		return nil, err
	}
	return ok(true), nil
}

// customer answers with the customer.
func (c *call) customer(customer *directory.Customer) (*answer, error) {
	standing, err := c.api.Standing(c.context(), customer)
	if err != nil {
		return nil, err
	}
	return ok(customerOf(customer, standing)), nil
}
