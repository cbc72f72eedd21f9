package avangate

import (
	"reflect"
	"slices"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Arguments that clients say in several ways are described as any type. PHP makes
// what is described out of what it is given: of an int 0 for an empty text and 10
// for 10.5, of a boolean true for NO, of a string Array for a list.
type (
	wholeNumber any
	yesOrNo     any
	pageRequest any
)

// Types of arguments and results.
var (
	textType     = reflect.TypeFor[string]()
	numberType   = reflect.TypeFor[wholeNumber]()
	flagType     = reflect.TypeFor[yesOrNo]()
	requestType  = reflect.TypeFor[pageRequest]()
	customerType = reflect.TypeFor[Customer]()
)

// Parameters that several methods have.
var (
	pSession   = Param{Name: "sessionID", Type: textType, About: "what login returned"}
	pSubscript = Param{Name: "subscriptionReference", Type: textType, About: "the subscription", argument: ArgSubscription}
	pValidity  = Param{Name: "validityTime", Type: numberType, Optional: true, About: "how long the link is good, in whole seconds; 10 unless given", argument: signon.ArgTTL, rule: validityRule}
	pAddress   = Param{Name: "validationIp", Type: textType, Optional: true, About: "the one IPv4 or IPv6 address that may follow the link; any unless given", argument: signon.ArgAddr, rule: addressRule}
	pLanguage  = Param{Name: "languageCode", Type: textType, Optional: true, About: "the language of the page, ISO 639-1; the customer's unless given", argument: signon.ArgLanguage, rule: languageRule}
	pIDCust    = Param{Name: "idCustomer", Type: textType, About: "the customer's reference", argument: ArgCustomer, alias: "Customer"}
	pCustType  = Param{
		Name: "customerType", Type: textType, argument: ArgCustomerType, rule: customerTypeRule,
		About: "which reference it is: `AvangateCustomerReference`, `2CheckoutCustomerReference` (the same) or `ExternalCustomerReference`",
	}
	pCustRef     = Param{Name: "customerReference", Type: textType, Optional: true, About: "Latchkey's reference of the customer; this or the next must be given", argument: ArgCustomer}
	pExternalRef = Param{Name: "externalCustomerReference", Type: textType, Optional: true, About: "the vendor's own reference of the customer"}
	pCustomer    = Param{Name: "Customer", Type: customerType, code: CustomerInvalid}
)

// Methods returns every method, in the order of the reference.
func Methods() []Method { return slices.Clone(methods) }

var methods = []Method{
	{
		Name: "login", About: "Opens a session of 10 minutes and returns its id.",
		Params: []Param{
			{Name: "merchantCode", Type: textType, About: "the vendor's merchant code"},
			{Name: "date", Type: textType, About: "the time now in UTC, `YYYY-MM-DD HH:MM:SS`"},
			{Name: "hash", Type: textType, About: "the HMAC of code and date, each after its length in bytes, under the secret key"},
			{Name: "algo", Type: textType, Optional: true, About: "`md5`, `sha256` or `sha3-256`; md5 or sha256 by the hash's length unless given"},
		},
		Result: textType, open: true, call: (*invocation).login,
	},
	{
		Name: "getSingleSignOnInCart", About: "Returns a link that signs the customer on in the cart at a buy link.",
		Params: []Param{
			pSession, pIDCust, pCustType,
			{Name: "url", Type: textType, About: "the buy link, which the link starts with byte for byte", argument: signon.ArgTarget},
			pValidity, pAddress,
		},
		Result: textType, asks: Ask{Operation: signon.OpIssue, Kind: signon.KindCart}, call: (*invocation).cartLink,
	},
	{
		Name: "getSingleSignOnByCustomer", About: "Returns a link that signs the customer on at a page of the account area.",
		Params: []Param{
			pSession, pIDCust, pCustType,
			{Name: "page", Type: textType, Optional: true, About: "the page: `index` (unless given), `my_subscription`, `my_products`, `my_license`, `user_data`, `order_lookup`, `faq` or `payment_methods`", argument: ArgPage, rule: customerPageRule},
			{Name: "request", Type: requestType, Optional: true, About: "with `my_subscription`: `code=` and a subscription reference", argument: ArgRequest, rule: requestRule},
			pValidity, pAddress, pLanguage,
		},
		Result: textType, asks: Ask{Operation: signon.OpIssue, Kind: signon.KindAccount}, call: (*invocation).customerLink,
	},
	{
		Name: "getSingleSignOn", About: "Returns a link that signs the customer who has a subscription on at a page of the account area.",
		Params: []Param{
			pSession, pSubscript,
			{Name: "email", Type: textType, Optional: true, About: "the customer's e-mail address, as a check", argument: ArgEmail},
			pValidity,
			{Name: "accessPage", Type: textType, Optional: true, About: "the page: `index` (unless given), `view_order`, `my_license`, `change_card`, `my_products`, `payment_methods`, `user_data`, `order_lookup` or `faq`", argument: ArgPage, rule: subscriptionPageRule},
			pAddress, pLanguage,
		},
		Result: textType, asks: Ask{Operation: signon.OpIssue, Kind: signon.KindAccount}, call: (*invocation).subscriptionLink,
	},
	{
		Name: "getCustomerInformationBySSOToken", About: "Returns the customer whom the token of a cart link stands for, within its validity; the link is not spent.",
		Params: []Param{pSession, {Name: "singleSignOnToken", Type: textType, About: "the `logintoken` of a cart link", argument: ArgToken}},
		Result: customerType, asks: Ask{Operation: signon.OpResolve, Kind: signon.KindCart}, call: (*invocation).customerByToken,
	},
	{
		Name: "createCustomer", About: "Stores a customer and returns the reference.",
		Params: []Param{pSession, pCustomer.about("the customer; FirstName, LastName, Address1, City, Zip, CountryCode and Email must be given")},
		Result: reflect.TypeFor[int64](), call: (*invocation).createCustomer,
	},
	{
		Name: "updateCustomerInformation", About: "Changes the given fields of a customer and leaves the others.",
		Params: []Param{
			pSession, pCustomer.about("the customer, named by AvangateCustomerReference, or else by ExternalCustomerReference"),
			{Name: "updateEndUserSubscriptions", Type: flagType, Optional: true, About: "whether the customer becomes the end user of all own subscriptions"},
		},
		Result: reflect.TypeFor[bool](), call: (*invocation).updateCustomer,
	},
	{
		Name: "getCustomerInformation", About: "Returns a customer.",
		Params: []Param{
			pSession, pCustRef, pExternalRef,
			{Name: "includePaymentData", Type: flagType, Optional: true, About: "whether the cards on file come with their tokens"},
		},
		Result: customerType, call: (*invocation).customer,
	},
	{
		Name: "addSubscription", About: "Stores a subscription and returns its reference.",
		Params: []Param{
			pSession,
			{
				Name: "SubscriptionImport", Type: reflect.TypeFor[SubscriptionImport](), code: SubscriptionInvalid,
				About: "the subscription; Product.ProductId, StartDate, and EndUser.Email or a customer reference must be given",
			},
			{
				Name: "CardPayment", Type: reflect.TypeFor[CardPayment](), Optional: true,
				About: "a payment card, which is refused when it has a CardNumber, and otherwise left out: cards come by import",
			},
		},
		Result: textType, call: (*invocation).addSubscription,
	},
	{
		Name: "getSubscription", About: "Returns a subscription.",
		Params: []Param{pSession, pSubscript},
		Result: reflect.TypeFor[Subscription](), call: (*invocation).subscription,
	},
	{
		Name: "getCustomerSubscriptions", About: "Returns the subscriptions of a customer, by reference: the first 200 of more. REST has pages of them.",
		Params: []Param{pSession, pCustRef, pExternalRef},
		Result: reflect.TypeFor[[]Subscription](), call: (*invocation).customerSubscriptions,
	},
}

var methodsByName = func() map[string]*Method {
	byName := make(map[string]*Method, len(methods))
	for i := range methods {
		byName[methods[i].Name] = &methods[i]
	}
	return byName
}()

func (p Param) about(text string) Param {
	p.About = text
	return p
}

func (v *invocation) login() (any, error) {
	c := Credentials{Code: v.text("merchantCode"), Date: v.text("date"), Hash: v.text("hash"), Algorithm: v.text("algo")}
	if v.unusable != nil {
		c = Credentials{Unreadable: "an argument that is no text"}
	}
	session, err := v.api.Login(&c, v.by)
	if err != nil {
		return nil, err
	}
	return session.Reveal(), nil
}

// linkOptions reads the arguments that all links have. The cart's have no
// language.
func (v *invocation) linkOptions() (LinkOptions, error) {
	ttl, addr, language := v.text(pValidity.Name), v.text(pAddress.Name), ""
	if v.method.place(pLanguage.Name) >= 0 {
		language = v.text(pLanguage.Name)
	}
	if v.unusable != nil {
		return LinkOptions{}, v.unusable
	}
	return ParseLinkOptions(ttl, addr, language)
}

// customerOfType returns the customer whom idCustomer and customerType name.
func (v *invocation) customerOfType() (*directory.Customer, error) {
	reference, customerType := v.text(pIDCust.Name), v.text(pCustType.Name)
	if v.unusable != nil {
		return nil, v.unusable
	}
	return v.api.CustomerOfType(v, v.by, reference, customerType)
}

func (v *invocation) cartLink() (any, error) {
	options, err := v.linkOptions()
	if err != nil {
		return nil, err
	}
	url := v.text("url")
	c, err := v.customerOfType()
	if err != nil {
		return nil, err
	}
	return v.api.CartLink(v, v.by, c, url, options)
}

func (v *invocation) customerLink() (any, error) {
	options, err := v.linkOptions()
	if err != nil {
		return nil, err
	}
	name, request := v.text("page"), v.request()
	if v.unusable != nil {
		return nil, v.unusable
	}
	page, err := CustomerPage(name, request)
	if err != nil {
		return nil, err
	}
	c, err := v.customerOfType()
	if err != nil {
		return nil, err
	}
	return v.api.AccountLink(v, v.by, c, page, options)
}

// request reads what goes with a page: text, or a list or an object in its
// place, as clients send it who take it for the parameter Request[] of a query.
func (v *invocation) request() string {
	_, given := v.at("request")
	switch given := given.(type) {
	case []any:
		if len(given) == 0 {
			return ""
		}
		if text, ok := given[0].(string); ok && len(given) == 1 {
			return text
		}
	case map[string]any:
		if len(given) == 0 {
			return ""
		}
		if code, ok := given["code"].(string); ok && len(given) == 1 {
			return "code=" + code
		}
	}
	return strings.TrimPrefix(v.text("request"), "Request[]=")
}

func (v *invocation) subscriptionLink() (any, error) {
	options, err := v.linkOptions()
	if err != nil {
		return nil, err
	}
	reference, email, name := v.text(pSubscript.Name), v.text("email"), v.text("accessPage")
	if v.unusable != nil {
		return nil, v.unusable
	}
	page, err := SubscriptionPage(name, reference)
	if err != nil {
		return nil, err
	}
	s, err := v.api.Subscription(v, v.by, reference)
	if err != nil {
		return nil, err
	}
	c, err := v.api.SubscriptionOwner(v, s)
	if err != nil {
		return nil, err
	}
	if err := CheckEmail(email, c); err != nil {
		return nil, err
	}
	return v.api.AccountLink(v, v.by, c, page, options)
}

func (v *invocation) customerByToken() (any, error) {
	token := v.text("singleSignOnToken")
	if v.unusable != nil || token == "" {
		return nil, &Fault{Code: SSOTokenInvalid, Argument: ArgToken, Rule: "must be given"}
	}
	c, err := v.api.CustomerBySSOToken(v, v.by, token)
	if err != nil {
		return nil, err
	}
	return v.api.customerAnswer(v, c, true)
}

func (v *invocation) createCustomer() (any, error) {
	fields, err := v.object(pCustomer.Name)
	if err != nil {
		return nil, err
	}
	return v.api.CreateCustomer(v, v.by, fields)
}

func (v *invocation) updateCustomer() (any, error) {
	fields, err := v.object(pCustomer.Name)
	if err != nil {
		return nil, err
	}
	endUsers := v.flag("updateEndUserSubscriptions")
	if v.unusable != nil {
		return nil, v.unusable
	}
	c, err := v.customerIn(fields)
	if err != nil {
		return nil, err
	}
	change := v.api.UpdateCustomer
	if endUsers {
		change = v.api.UpdateCustomerAndEndUsers
	}
	if err := change(v, v.by, c, fields); err != nil {
		return nil, err
	}
	return true, nil
}

// customerIn returns the customer whom the object's references name: by the
// internal one if it is there, so that the other can be changed.
func (v *invocation) customerIn(fields Object) (*directory.Customer, error) {
	var refs References
	r := read(fields, CustomerInvalid)
	r.internalReference(&refs.Internal)
	if refs.Internal == "" {
		r.text(externalCustomerReference, &refs.External)
	}
	if err := r.fault(); err != nil {
		return nil, err
	}
	c, err := v.api.CustomerNamed(v, v.by, refs)
	if c == nil && err == nil {
		return nil, &Fault{Code: CustomerInvalid, Rule: "AvangateCustomerReference or ExternalCustomerReference must be given"}
	}
	return c, err
}

func (v *invocation) customer() (any, error) {
	withTokens := v.flag("includePaymentData")
	c, err := v.customerNamed()
	if err != nil {
		return nil, err
	}
	return v.api.customerAnswer(v, c, withTokens)
}

func (v *invocation) addSubscription() (any, error) {
	fields, err := v.object("SubscriptionImport")
	if err != nil {
		return nil, err
	}
	return v.api.CreateSubscription(v, v.by, fields)
}

func (v *invocation) subscription() (any, error) {
	reference := v.text(pSubscript.Name)
	if v.unusable != nil {
		return nil, v.unusable
	}
	s, err := v.api.Subscription(v, v.by, reference)
	if err != nil {
		return nil, err
	}
	return v.api.Answer(v, s)
}

func (v *invocation) customerSubscriptions() (any, error) {
	c, err := v.customerNamed()
	if err != nil {
		return nil, err
	}
	return v.api.SubscriptionsOf(v, c)
}
