package sandbox

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// named returns the person whom a call names in its path or arguments, if the
// tenant of its decisions has one: for calls that came to no link, and are part of
// a person's story all the same. SOAP and JSON-RPC name people by position alone
// and are left out.
func (x *exchange) named(ctx context.Context) *Person {
	c := x.call
	var tenant signon.TenantID
	for i := range c.Decisions {
		if c.Decisions[i].Tenant != "" {
			tenant = c.Decisions[i].Tenant
		}
	}
	segments := segmentsOf(x.url.Path)
	switch {
	case tenant == "" || x.core.Directory == nil:
	case c.Dialect == "2checkout-rest" && len(segments) > 3 && segments[2] == "customers":
		return x.customer(ctx, tenant, segments[3])
	case c.Dialect == "2checkout-rest" && len(segments) > 3 && segments[2] == "subscriptions":
		if sub, err := x.core.Directory.Subscription(ctx, tenant, segments[3]); err == nil {
			return x.customer(ctx, tenant, strconv.FormatInt(sub.CustomerID, 10))
		}
	case c.Dialect == "bluesnap" && len(segments) > 3 && segments[2] == "generateSSOLoginToken":
		return x.person(ctx, Person{tenant, signon.SubjectUser, signon.SubjectRef(segments[3])})
	case c.Dialect == "bluesnap" && len(segments) > 4 && segments[2] == "cp":
		return x.person(ctx, Person{tenant, signon.SubjectUser, signon.SubjectRef(segments[4])})
	case c.Dialect == "generatessotoken":
		return x.person(ctx, Person{tenant, signon.SubjectMember, signon.SubjectRef(jsonField(c.Request.Body.Text, "CIINo"))})
	}
	return nil
}

// customer finds a customer by ID or by the shop's own reference.
func (x *exchange) customer(ctx context.Context, tenant signon.TenantID, escaped string) *Person {
	text, err := url.PathUnescape(escaped)
	if err != nil {
		return nil
	}
	c, err := x.core.Directory.CustomerByRef(ctx, tenant, text)
	if err != nil {
		return nil
	}
	return &Person{tenant, signon.SubjectCustomer, signon.SubjectRef(strconv.FormatInt(c.ID, 10))}
}

// person returns p if there is such a person.
func (x *exchange) person(ctx context.Context, p Person) *Person {
	if p.Ref == "" {
		return nil
	}
	if _, err := x.core.Directory.Subject(ctx, p.Tenant, p.Kind, p.Ref); err != nil {
		return nil
	}
	return &p
}

// jsonField returns the first value of that name.
func jsonField(text, name string) string {
	_, rest, ok := strings.Cut(text, `"`+name+`"`)
	if !ok {
		return ""
	}
	colon := strings.TrimLeft(rest, " \t\r\n")
	if !strings.HasPrefix(colon, ":") {
		return ""
	}
	start, end, ok := valueAfter(colon, 0)
	if !ok {
		return ""
	}
	return colon[start:end]
}
