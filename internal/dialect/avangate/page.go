package avangate

import (
	"net/url"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Page is a place in the account area: a path, and the subscription it is about.
type Page struct {
	path         string
	subscription string // its reference, or empty
}

// page says where a page type leads, and from which calls.
type page struct {
	path           string
	byCustomer     bool // offered when only the customer is known
	bySubscription bool // offered when a subscription is known
	about          bool // the page is about a subscription
}

const indexPage = "index"

// What pages and the request that goes with one must be.
const (
	customerPageRule     = "must be index, my_subscription, my_products, my_license, user_data, order_lookup, faq or payment_methods"
	subscriptionPageRule = "must be index, view_order, my_license, change_card, my_products, payment_methods, user_data, order_lookup or faq"
	requestRule          = "must be code= and a subscription reference, and goes with my_subscription only"
)

// pages are the page types by name. Nothing of a request is ever pasted into a
// path.
var pages = map[string]page{
	indexPage:         {"/myaccount/", true, true, false},
	"my_subscription": {"/myaccount/my_subscription/", true, false, true},
	"my_products":     {"/myaccount/my_products/", true, true, false},
	"my_license":      {"/myaccount/my_license/", true, true, false},
	"user_data":       {"/myaccount/user_data/", true, true, false},
	"order_lookup":    {"/myaccount/order_lookup/", true, true, false},
	"payment_methods": {"/myaccount/payment_methods/", true, true, false},
	"faq":             {"/support/", true, true, false},
	"view_order":      {"/myaccount/view_order/", false, true, true},
	"change_card":     {"/myaccount/change_card/", false, true, true},
}

// PagePaths returns the paths that account links lead to, which an account
// destination has to allow.
func PagePaths() []string {
	paths := make([]string, 0, len(pages))
	for _, p := range pages {
		paths = append(paths, p.path)
	}
	return paths
}

// CustomerPage returns the page of that type, in a call that names a customer.
// No name is the index. request goes with my_subscription: "code=" and the
// reference of the customer's subscription, or empty for all of them. Errors:
// signon.CodeInvalid with ArgPage or ArgRequest.
func CustomerPage(name, request string) (Page, error) {
	p, ok := findPage(name)
	if !ok || !p.byCustomer {
		return Page{}, signon.Invalid(ArgPage, customerPageRule)
	}
	if request == "" {
		return Page{path: p.path}, nil
	}
	reference, ok := strings.CutPrefix(request, "code=")
	if !p.about || !ok || !validReference(reference) {
		return Page{}, signon.Invalid(ArgRequest, requestRule)
	}
	return Page{path: p.path, subscription: reference}, nil
}

// SubscriptionPage returns the page of that type, in a call that names a
// subscription. No name is the index. Errors: signon.CodeInvalid with ArgPage.
func SubscriptionPage(name, reference string) (Page, error) {
	p, ok := findPage(name)
	if !ok || !p.bySubscription {
		return Page{}, signon.Invalid(ArgPage, subscriptionPageRule)
	}
	if !p.about {
		reference = ""
	}
	return Page{path: p.path, subscription: reference}, nil
}

func findPage(name string) (page, bool) {
	if name == "" {
		name = indexPage
	}
	p, ok := pages[name]
	return p, ok
}

// validReference reports whether the text can be a subscription reference.
func validReference(text string) bool {
	return len(text) == 10 && strings.Trim(text, "0123456789ABCDEF") == ""
}

// target returns the page's URL at the origin, in the language unless empty.
func (p Page) target(origin signon.Origin, language string) string {
	target := origin.String() + p.path
	sep := "?"
	if p.subscription != "" {
		target += sep + "code=" + url.QueryEscape(p.subscription)
		sep = "&"
	}
	if language != "" {
		target += sep + "lang=" + language
	}
	return target
}
