package avangate

import (
	"context"
	"errors"
	"net/netip"
	"strconv"
	"strings"
	"sync"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// API makes the calls. Errors are for FaultOf. It is safe for concurrent use.
type API struct {
	signOn    *signon.Service
	directory *directory.Service
	proofs    proofs
	turns     [64]sync.Mutex // of those who change one customer at once, by its ID
}

// New returns the calls over the core and the directory.
func New(signOn *signon.Service, dir *directory.Service) *API {
	return &API{signOn: signOn, directory: dir}
}

// Caller is who makes a call.
type Caller struct {
	// Client is what Authenticate returned.
	Client *signon.Client
	// Addr is the address of the calling program, and SupportCode the code of its
	// request.
	Addr        netip.Addr
	SupportCode string
	// Note says which part of the request the call is, towards its trace; or is
	// empty.
	Note string
	// Quiet: a refusal leaves no trace as long as nobody knows whose call it is.
	// Another call of the same request has left one.
	Quiet bool

	refusedByCore bool // the core refused the call, and has traced it
}

func (c *Caller) act() directory.Act {
	return directory.Act{Client: c.Client.ID, Caller: c.Addr, SupportCode: c.SupportCode}
}

// entryCode is the support code of refusals while it is not known who calls.
func (c *Caller) entryCode() string {
	if c.Quiet {
		return ""
	}
	return c.SupportCode
}

func (c *Caller) note(call string) string {
	if call != "" && c.Note != "" {
		return call + ", " + c.Note
	}
	return call + c.Note
}

// CartLink returns a link that signs the customer on in the cart at the URL,
// which stands in it byte for byte.
func (a *API) CartLink(ctx context.Context, by *Caller, c *directory.Customer, url string, o LinkOptions) (string, error) {
	cart, ok := a.signOn.Registry().Destination(by.Client.Tenant, signon.KindCart)
	if !ok {
		return "", &signon.Error{Code: signon.CodeTargetUnsupported, Argument: signon.ArgTarget, Rule: "can't be signed on to: no cart is registered for this vendor"}
	}
	return a.link(ctx, by, c, cart, url, o)
}

// AccountLink returns a link that signs the customer on at a page of the
// account area. The subscription that the page is about must be the customer's.
func (a *API) AccountLink(ctx context.Context, by *Caller, c *directory.Customer, p Page, o LinkOptions) (string, error) {
	if p.subscription != "" {
		s, err := a.Subscription(ctx, by, p.subscription)
		if err != nil {
			return "", err
		}
		if s.CustomerID != c.ID {
			return "", &signon.Error{Code: signon.CodeNotFound, Argument: argSubscription}
		}
	}
	account, ok := a.signOn.Registry().Destination(by.Client.Tenant, signon.KindAccount)
	if !ok {
		return "", signon.Invalid(ArgPage, "can't be signed on to: no account area is registered for this vendor")
	}
	link, err := a.link(ctx, by, c, account, p.target(account.Origins[0], o.Language), o)
	if e := signon.AsError(err); e != nil && e.Argument == signon.ArgTarget { // the caller gave no URL to blame
		return "", &signon.Error{Code: signon.CodeInvalid, Argument: ArgPage, Rule: "is not offered in this vendor's account area", Err: err}
	}
	return link, err
}

func (a *API) link(ctx context.Context, by *Caller, c *directory.Customer, at *signon.Destination, target string, o LinkOptions) (string, error) {
	issued, err := a.signOn.Issue(ctx, &signon.IssueRequest{
		Client: by.Client, Destination: at, Kind: signon.SubjectCustomer, Subject: c.Ref(),
		Target: target, TTL: o.TTL, Bind: o.Bind, Language: o.Language,
		Caller: by.Addr, SupportCode: by.SupportCode,
	})
	if err != nil {
		by.refusedByCore = true
		return "", err
	}
	return issued.Link, nil
}

// CheckEmail returns nil when the address is the customer's, in any case of
// letters, or empty.
func CheckEmail(address string, c *directory.Customer) error {
	if address == "" || strings.EqualFold(address, c.Billing.Email) {
		return nil
	}
	return signon.Invalid(ArgEmail, "must be the address of the customer who has the subscription")
}

// CustomerBySSOToken returns the customer whom a token of a cart link stands
// for, within the token's validity; nothing is spent. All unusable tokens are
// the same fault.
func (a *API) CustomerBySSOToken(ctx context.Context, by *Caller, token string) (*directory.Customer, error) {
	c, err := a.customerByToken(ctx, by, token)
	if e := signon.AsError(err); e != nil && e.Code == signon.CodeTokenInvalid {
		return nil, &Fault{Code: SSOTokenInvalid, Argument: ArgToken, Rule: "is unknown or no longer valid", Err: err}
	}
	return c, err
}

func (a *API) customerByToken(ctx context.Context, by *Caller, token string) (*directory.Customer, error) {
	cart, ok := a.signOn.Registry().Destination(by.Client.Tenant, signon.KindCart)
	if !ok {
		return nil, signon.Refused(signon.ReasonUnknown)
	}
	grant, err := a.signOn.Resolve(ctx, &signon.ResolveRequest{
		Client: by.Client, Destination: cart, Token: token, Caller: by.Addr, SupportCode: by.SupportCode,
	})
	if err != nil {
		by.refusedByCore = true
		return nil, err
	}
	id, err := strconv.ParseInt(string(grant.Subject), 10, 64)
	if err != nil {
		return nil, signon.Refused(signon.ReasonSubject)
	}
	c, err := a.directory.CustomerByID(ctx, grant.Tenant, id)
	if errors.Is(err, signon.ErrNotFound) {
		return nil, signon.Refused(signon.ReasonSubject)
	}
	return c, err
}
