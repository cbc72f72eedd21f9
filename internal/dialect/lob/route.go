package lob

import (
	"net/http"
	"slices"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/inbound"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// endpoint makes one call and returns its answer.
type endpoint func(*call) (*answer, error)

// route is a path, and what is done there. Either call or open is set.
type route struct {
	path string // a star stands for a segment of the caller's
	// call is for clients that an access token lets in. All calls are POST, and have
	// a body.
	call endpoint
	// wrapper is the member that the body of a call may be wrapped in.
	wrapper string
	// does is what a call does, towards a trace.
	does signon.Operation
	// open is for everybody at the tenant's host.
	open   endpoint
	method string // of what is open
	// public: it may be asked for from anywhere, for it is how others get to know keys.
	public bool
}

// pathToken is where the issuer that is built in gives access tokens.
const pathToken = "oauth2/token" //nolint:gosec // a path

var routes = []route{
	{path: "v2/get_sso_token", call: getToken, wrapper: wGenerateRequest, does: signon.OpIssue},
	{path: "v2/validate_sso_token", call: validateToken, wrapper: wValidateRequest, does: signon.OpResolve},
	{path: "v2/get_member", call: getMember, does: signon.OpCall},
	{path: "v2/map_lob", call: mapLOB, does: signon.OpCall},
	{path: "v2/logout", call: logout, does: signon.OpCall},
	{path: pathToken, open: accessToken, method: http.MethodPost, does: signon.OpCall},
	{path: "oauth2/.well-known/openid-configuration", open: discovery, method: http.MethodGet, public: true},
	{path: "oauth2/.well-known/jwks.json", open: issuerKeys, method: http.MethodGet, public: true},
	{path: "lob/*/.well-known/jwks.json", open: lobKeys, method: http.MethodGet, public: true},
}

// roots are what every path begins with, but for those that begin with lob, where
// there are pages, too.
var roots = []string{"v2", "oauth2"}

// Serves reports whether a path, as it came, is this dialect's: everything below
// /v2 and /oauth2, and the key sets of the lines of business.
func Serves(path string) bool {
	segments, ok := inbound.Segments(path, nil)
	if !ok || len(segments) == 0 {
		return false
	}
	return slices.Contains(roots, segments[0]) || slices.ContainsFunc(routes, func(r route) bool {
		_, ok := r.match(segments)
		return ok
	})
}

// match reports whether the segments are the route's, and what stands for the
// star.
func (r *route) match(segments []string) (star string, ok bool) {
	wanted := strings.Split(r.path, "/")
	if len(wanted) != len(segments) {
		return "", false
	}
	for i, segment := range segments {
		switch wanted[i] {
		case "*":
			star = segment
		case segment:
		default:
			return "", false
		}
	}
	return star, true
}

// find finds the route, or the fault that says there is none.
func (c *call) find() error {
	if !c.locate() {
		return notFound()
	}
	if allow := c.route.allow(); !slices.Contains(allow, c.request.Method) {
		c.writer.Header().Set("Allow", strings.Join(allow, ", "))
		return notAllowed()
	}
	return nil
}

// locate finds the route, whatever can be done there.
func (c *call) locate() bool {
	segments, ok := inbound.Segments(c.request.URL.EscapedPath(), nil)
	if !ok {
		return false
	}
	for i := range routes {
		if c.lobID, ok = routes[i].match(segments); ok {
			c.route = &routes[i]
			return true
		}
	}
	return false
}

// allow lists the methods that do something here.
func (r *route) allow() []string {
	if r.method == http.MethodGet {
		return []string{http.MethodGet, http.MethodHead}
	}
	return []string{http.MethodPost}
}
