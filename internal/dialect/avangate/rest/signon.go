package rest

import (
	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// cartLink signs a customer on in the cart.
func cartLink(c *call) (*answer, error) {
	options, err := c.linkOptions()
	if err != nil {
		return nil, err
	}
	url, err := c.query.get(words[signon.ArgTarget]...)
	if err != nil {
		return nil, err
	}
	customer, err := c.api.Customer(c.context(), &c.by, c.path.args[0])
	if err != nil {
		return nil, err
	}
	return link(c.api.CartLink(c.context(), &c.by, customer, url, options))
}

// customerLink signs a customer on in the account area.
func customerLink(c *call) (*answer, error) {
	options, err := c.linkOptions()
	if err != nil {
		return nil, err
	}
	request, err := c.query.get(words[avangate.ArgRequest]...)
	if err != nil {
		return nil, err
	}
	page, err := avangate.CustomerPage(c.path.args[1], request)
	if err != nil {
		return nil, err
	}
	customer, err := c.api.Customer(c.context(), &c.by, c.path.args[0])
	if err != nil {
		return nil, err
	}
	return link(c.api.AccountLink(c.context(), &c.by, customer, page, options))
}

// subscriptionLink signs the customer who has a subscription on in the account
// area.
func subscriptionLink(c *call) (*answer, error) {
	options, err := c.linkOptions()
	if err != nil {
		return nil, err
	}
	email, err := c.query.get(words[avangate.ArgEmail]...)
	if err != nil {
		return nil, err
	}
	page, err := avangate.SubscriptionPage(c.path.args[1], c.path.args[0])
	if err != nil {
		return nil, err
	}
	customer, err := c.subscriber()
	if err != nil {
		return nil, err
	}
	if err := avangate.CheckEmail(email, customer); err != nil {
		return nil, err
	}
	return link(c.api.AccountLink(c.context(), &c.by, customer, page, options))
}

// linkOptions reads the arguments that all links have.
func (c *call) linkOptions() (o avangate.LinkOptions, err error) {
	var values [3]string
	for i, argument := range [...]string{signon.ArgTTL, signon.ArgAddr, signon.ArgLanguage} {
		if values[i], err = c.query.get(words[argument]...); err != nil {
			return o, err
		}
	}
	return avangate.ParseLinkOptions(values[0], values[1], values[2])
}

func link(link string, err error) (*answer, error) {
	if err != nil {
		return nil, err
	}
	a := ok(link)
	a.secret = true
	return a, nil
}
