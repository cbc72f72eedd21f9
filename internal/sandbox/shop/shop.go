// Package shop is the back end that integrators write: it asks for sign-on links by
// the calls of the vendors' APIs, over HTTP, and knows of the server no more than
// they do. A sandbox issues links through it, so that these calls are seen like any
// other's.
package shop

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/latchkey-sso/latchkey/internal/sandbox"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Credentials are what the programs of one tenant have for calling the APIs. APIs
// whose fields are empty are not called.
type Credentials struct {
	Tenant signon.TenantID
	// MerchantCode and SecretKey are a vendor's, for the 2Checkout API.
	MerchantCode, SecretKey string
	// User and Password are an API user's, for the BlueSnap API. OnBehalfOf is the
	// tenant's number when the API user is another's.
	User, Password, OnBehalfOf string
	// LOBClient is an x-lob-client-id; Bearer and BearerSecret are what it gets its
	// access tokens for, for GenerateSSOToken. API is where that is, when it is not with
	// the other APIs.
	LOBClient, Bearer, BearerSecret, API string
	// Product is what links put into the cart; when it is empty, one that nobody sells.
	// Contract is what BlueSnap's call it; the same when empty.
	Product, Contract string
}

// Options are what a shop is made of. HTTP may be nil.
type Options struct {
	// BaseURL is where the APIs are, as in "http://localhost:8080".
	BaseURL     string
	Registry    *signon.Registry
	Credentials []Credentials
	// Shopper returns the number by which BlueSnap knows a customer; 0 when it does
	// not.
	Shopper func(context.Context, sandbox.Person) (int64, error)
	// Transport makes the calls when there is no HTTP; nil is a usual one.
	Transport http.RoundTripper
	// HTTP makes the calls. It should follow no redirect and reuse no connection:
	// a call that fails must fail, and not be sent again.
	HTTP *http.Client
}

// Shop asks for links. It is safe for concurrent use.
type Shop struct{ Options }

// New returns a shop.
func New(o Options) *Shop {
	if o.HTTP == nil {
		if o.Transport == nil {
			o.Transport = once()
		}
		o.HTTP = &http.Client{
			Transport: o.Transport, Timeout: timeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	return &Shop{o}
}

// once returns a transport that uses each connection once.
func once() *http.Transport {
	transport, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		transport = &http.Transport{}
	}
	transport = transport.Clone()
	transport.DisableKeepAlives, transport.Proxy = true, nil
	return transport
}

// timeout is a little longer than the slowest API takes at most.
const timeout = 30 * time.Second

// The names of the dialects, as the sandbox has them.
const (
	REST    = "2checkout-rest"
	SOAP    = "2checkout-soap"
	JSONRPC = "2checkout-jsonrpc"
	Blue    = "bluesnap"
	LOB     = "generatessotoken"
)

// Ask is what is asked for.
type Ask struct {
	Person      sandbox.Person
	Destination string // its ID, of the person's tenant
	// Query is that of a link to the cart or the entrance; empty means the product of
	// the tenant's credentials.
	Query string
	// TTL is the link's validity, where the dialect has it; 0 means 5 minutes.
	TTL time.Duration
}

// usualTTL gives a person time to read the page before opening the link.
const usualTTL = 5 * time.Minute

// asking is an Ask with all that it takes to make its calls.
type asking struct {
	Ask

	*Credentials
	dest *signon.Destination
}

// dialect is a way of asking.
type dialect struct {
	name string
	// offers reports whether these credentials are good for links to that destination.
	offers func(*Shop, *Credentials, *signon.Destination) bool
	ask    func(*Shop, context.Context, *asking) (link string, err error)
}

var dialects = []dialect{
	{REST, (*Shop).sells, (*Shop).askREST},
	{SOAP, (*Shop).sells, (*Shop).askSOAP},
	{JSONRPC, (*Shop).sells, (*Shop).askRPC},
	{Blue, (*Shop).tradesAs, (*Shop).askBlue},
	{LOB, (*Shop).issuesFor, (*Shop).askLOB},
}

// Link asks for a link in a dialect and returns it; of a token for an application,
// the link to the application's page with it. Errors say what the API answered.
func (s *Shop) Link(ctx context.Context, name string, a Ask) (link string, err error) {
	if a.TTL == 0 {
		a.TTL = usualTTL
	}
	dest, ok := s.Registry.DestinationByID(a.Person.Tenant, a.Destination)
	if !ok {
		return "", fmt.Errorf("ask for a link: the tenant %q has no destination %q", a.Person.Tenant, a.Destination)
	}
	for _, d := range dialects {
		for i := range s.Credentials {
			c := &s.Credentials[i]
			if d.name == name && c.Tenant == a.Person.Tenant && d.offers(s, c, dest) {
				return d.ask(s, ctx, &asking{a, c, dest})
			}
		}
	}
	return "", fmt.Errorf("ask for a link: nobody can ask for one to %q of the tenant %q by %q", a.Destination, a.Person.Tenant, name)
}

// Issuers returns the shop's dialects as a sandbox uses them.
func (s *Shop) Issuers() []sandbox.Issuer {
	var all []sandbox.Issuer
	for _, d := range dialects {
		issuer := sandbox.Issuer{Dialect: d.name, Offers: s.offers(&d)}
		issuer.Issue = func(ctx context.Context, o sandbox.Offer, p sandbox.Person) (string, error) {
			if p.Tenant != o.Tenant || p.Kind != o.Kind {
				return "", errors.New("ask for a link: the offer is not for that person")
			}
			return s.Link(ctx, d.name, Ask{Person: p, Destination: o.Destination})
		}
		if len(issuer.Offers) > 0 {
			all = append(all, issuer)
		}
	}
	return all
}

// offers returns what can be asked for in a dialect, by tenant and destination.
func (s *Shop) offers(d *dialect) []sandbox.Offer {
	var all []sandbox.Offer
	for i := range s.Credentials {
		c := &s.Credentials[i]
		tenant, ok := s.Registry.Tenant(c.Tenant)
		if !ok {
			continue
		}
		for j := range tenant.Destinations {
			dest := &tenant.Destinations[j]
			offer := sandbox.Offer{Tenant: c.Tenant, Destination: dest.ID, Title: title(dest), Kind: people[dest.Kind]}
			if d.offers(s, c, dest) && !slices.Contains(all, offer) { // several may ask for the same
				all = append(all, offer)
			}
		}
	}
	return all
}

// people says whom each kind of destination is for.
var people = map[signon.DestinationKind]signon.SubjectKind{
	signon.KindCart: signon.SubjectCustomer, signon.KindAccount: signon.SubjectCustomer, signon.KindEntrance: signon.SubjectCustomer,
	signon.KindPortal: signon.SubjectUser, signon.KindApp: signon.SubjectMember,
}

var titles = map[signon.DestinationKind]string{
	signon.KindCart: "Cart", signon.KindAccount: "Account", signon.KindPortal: "Merchant Portal", signon.KindEntrance: "Shopper’s entrance",
}

func title(d *signon.Destination) string {
	if d.Kind != signon.KindApp {
		return titles[d.Kind]
	}
	if name := d.Settings["name"]; name != "" {
		return d.ID + " " + name
	}
	return d.ID
}
