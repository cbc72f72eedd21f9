package bluesnap

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Where links lead, at a merchant's hosts.
const (
	portalPath   = "/jsp/developer_login.jsp"
	entrancePath = "/jsp/entrance.jsp"
)

// loginToken signs a user on in the Merchant Portal, from one address.
func loginToken(c *call) (*answer, error) {
	bind, err := c.requester()
	if err != nil {
		return nil, err
	}
	at, err := c.destination(signon.KindPortal)
	if err != nil {
		return nil, err
	}
	unknown := c.unknown("user", c.userID)
	return c.issue(&signon.IssueRequest{
		Destination: at, Kind: signon.SubjectUser, Subject: signon.SubjectRef(c.userID), Expected: unknown.Expected, Received: unknown.Received,
		Target: at.Origins[0].String() + portalPath, Bind: bind,
	}, loginInfo)
}

// requester reads the address that the user will come from. The vendor's own
// example has a blank in front of it.
func (c *call) requester() (netip.Addr, error) {
	text, _, err := c.fields.text("", wRequesterIP)
	if err != nil {
		return netip.Addr{}, signon.Invalid(signon.ArgAddr, signon.AsError(err).Rule)
	}
	if text == "" {
		return netip.Addr{}, signon.Invalid(signon.ArgAddr, "must be given")
	}
	addr, err := netip.ParseAddr(text)
	if err != nil || addr.Zone() != "" {
		return netip.Addr{}, signon.Invalid(signon.ArgAddr, "must be one IPv4 or IPv6 address")
	}
	return addr.Unmap(), nil
}

// shopperToken signs a shopper on in the cart or the account area.
func shopperToken(c *call) (*answer, error) {
	at, err := c.destination(signon.KindEntrance)
	if err != nil {
		return nil, err
	}
	ttl, err := c.expiration(at)
	if err != nil {
		return nil, err
	}
	shopper, err := c.shopper()
	if err != nil {
		return nil, err
	}
	return c.issue(&signon.IssueRequest{
		Destination: at, Kind: signon.SubjectCustomer, Subject: shopper.Ref(), TTL: ttl,
		Target: at.Origins[0].String() + entrancePath,
	}, shopperInfo)
}

// shopper finds the customer who is meant.
func (c *call) shopper() (*directory.Customer, error) {
	number, err := c.parameter(wShopperID)
	if err != nil {
		return nil, err
	}
	if number == "" {
		return nil, signon.Invalid(directory.FieldShopperID, "must be given")
	}
	id, ok := plainNumber(number)
	if !ok {
		return nil, c.unknown("shopper", number)
	}
	shopper, err := c.Directory.CustomerByShopperID(c.context(), c.merchant.ID, id)
	if errors.Is(err, signon.ErrNotFound) {
		return nil, c.unknown("shopper", number)
	}
	return shopper, err
}

// expiration reads how long the token is to be good for; 0 when nothing is said.
func (c *call) expiration(at *signon.Destination) (time.Duration, error) {
	text, err := c.parameter(wMinutes)
	if text == "" || err != nil {
		return 0, err
	}
	most := int64(at.MaxTTL / time.Minute)
	minutes, ok := plainNumber(text)
	if !ok || minutes < 1 || minutes > most {
		return 0, signon.Invalid(signon.ArgTTL, fmt.Sprintf("must be a whole number of minutes, 1 to %d", most))
	}
	return time.Duration(minutes) * time.Minute, nil
}

// plainNumber reads a number of digits alone, in its one spelling.
func plainNumber(text string) (int64, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil && n >= 0 && strconv.FormatInt(n, 10) == text
}

// destination returns where the merchant has people of that kind signed on.
func (c *call) destination(kind signon.DestinationKind) (*signon.Destination, error) {
	at, ok := c.SignOn.Registry().Destination(c.merchant.ID, kind)
	if !ok {
		return nil, &signon.Error{Code: signon.CodeTargetUnsupported, Argument: signon.ArgTarget, Rule: "has no " + string(kind) + " that people could be signed on in"}
	}
	return at, nil
}

// issue makes a token of the merchant's and answers with it.
func (c *call) issue(req *signon.IssueRequest, info func(*signon.Issued) element) (a *answer, err error) {
	req.Client, req.Tenant, req.Caller, req.SupportCode = c.client, c.merchant.ID, c.info.Addr, c.info.SupportCode
	req.Reply = func(i *signon.Issued) *signon.Reply {
		a = c.says(info(i))
		a.secret = true
		return c.keep(a)
	}
	if _, err = c.SignOn.Issue(c.context(), req); err != nil {
		c.traced = true
		return nil, err
	}
	return a, nil
}

// unknown is the error for somebody whom the merchant does not have.
func (c *call) unknown(who, received string) *signon.Error {
	if len(received) > 20 || strings.Trim(received, "0123456789") != "" {
		received = "no number"
	}
	return &signon.Error{
		Code: signon.CodeNotFound, Reason: signon.ReasonReference,
		Expected: "a " + who + " of merchant " + c.merchant.Number, Received: received,
	}
}
