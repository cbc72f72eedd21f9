package rest

import (
	"net/http"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
	"github.com/latchkey-sso/latchkey/internal/inbound"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// endpoint makes one call and returns its answer.
type endpoint func(*call) (*answer, error)

// route is a path below the version and what can be done there. A star in the
// path stands for a segment of the caller's.
type route struct {
	path string
	get  endpoint
	post endpoint
	put  endpoint
	// asks is what get asks the core for, towards a trace; nothing for calls that ask
	// the directory alone.
	asks ask
}

// ask is an operation of the core, and the kind of destination it is about.
type ask struct {
	operation signon.Operation
	kind      signon.DestinationKind
}

var (
	forCartLink    = ask{signon.OpIssue, signon.KindCart}
	forAccountLink = ask{signon.OpIssue, signon.KindAccount}
	aboutCartLink  = ask{signon.OpResolve, signon.KindCart}
)

var routes = []route{
	{path: "customers/*/cart", get: cartLink, asks: forCartLink},
	{path: "customers/*/account", get: customerLink, asks: forAccountLink},
	{path: "customers/*/account/*", get: customerLink, asks: forAccountLink},
	{path: "customers/*", get: getCustomer, put: updateCustomer},
	{path: "customers", get: getCustomerByToken, post: createCustomer, asks: aboutCartLink},
	{path: "subscriptions/*/signon", get: subscriptionLink, asks: forAccountLink},
	{path: "subscriptions/*/signon/*", get: subscriptionLink, asks: forAccountLink},
	{path: "subscriptions/*/customer", get: getSubscriptionCustomer},
	{path: "subscriptions/*", get: getSubscription},
	{path: "subscriptions", get: listSubscriptions, post: createSubscription},
	{path: "orders/*", get: getOrder},
}

// path is a request's path below the version, in segments.
type path struct {
	version  string
	segments []string
	args     [2]string // what stands for the stars of the route; empty for none
	buf      [inbound.MaxSegments]string
}

// split reads an escaped path. One that is not below a version is not ok.
func (p *path) split(escaped string) (ok bool) {
	p.version, p.segments, ok = avangate.CutPath(escaped, "rest", p.buf[:0])
	return ok
}

// match reports whether the path is the route's, and keeps the arguments.
func (p *path) match(pattern string) bool {
	n := 0
	p.args = [2]string{}
	for _, segment := range p.segments {
		want, rest, _ := strings.Cut(pattern, "/")
		switch {
		case want == "*":
			p.args[n] = segment
			n++
		case want != segment:
			return false
		}
		pattern = rest
	}
	return pattern == "" && len(p.segments) > 0
}

// route finds the endpoint, or the fault that says there is none.
func (c *call) route() (endpoint, error) {
	if !c.path.split(c.request.URL.EscapedPath()) {
		return nil, &avangate.Fault{Code: avangate.NotFound}
	}
	for i := range routes {
		if c.path.match(routes[i].path) {
			c.pattern = routes[i].path
			if c.request.Method == http.MethodGet || c.request.Method == http.MethodHead {
				c.asks = routes[i].asks
			}
			return routes[i].endpoint(c.request.Method, c.writer.Header())
		}
	}
	return nil, &avangate.Fault{Code: avangate.NotFound}
}

// endpoint returns what the method does here; a header says what could be done
// when it does nothing.
func (r *route) endpoint(method string, header http.Header) (endpoint, error) {
	var e endpoint
	switch method {
	case http.MethodGet, http.MethodHead:
		e = r.get
	case http.MethodPost:
		e = r.post
	case http.MethodPut:
		e = r.put
	}
	if e != nil {
		return e, nil
	}
	allow := "GET, HEAD"
	if r.post != nil {
		allow += ", POST"
	}
	if r.put != nil {
		allow += ", PUT"
	}
	header.Set("Allow", allow)
	return nil, &avangate.Fault{Code: avangate.MethodNotAllowed, Rule: "Only " + allow + " can be used here"}
}
