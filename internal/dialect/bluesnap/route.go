package bluesnap

import (
	"net/http"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/inbound"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// endpoint makes one call and returns its answer.
type endpoint func(*call) (*answer, error)

// route is a path below the version, and what can be done there.
type route struct {
	path string   // a star at its end stands for a segment of the caller's
	get  endpoint // also for HEAD, unless makes
	post endpoint
	put  endpoint
	del  endpoint
	// makes: get makes something, so HEAD is not for it.
	makes bool
	// kind is where the link leads that is asked for, towards a trace; empty for
	// calls that ask for none.
	kind signon.DestinationKind
}

var routes = []route{
	{path: "generateSSOLoginToken/*", post: loginToken, kind: signon.KindPortal},
	{path: "generateSSOLoginToken", post: loginToken, kind: signon.KindPortal}, // for nobody, whom nobody may sign on
	{path: "cp/user", post: createUser},
	{path: "cp/user/*", get: readUser, put: updateUser, del: deleteUser},
	{path: "tools/auth-token", get: shopperToken, makes: true, kind: signon.KindEntrance},
}

// base is what every path begins with.
var base = []string{"services", "2"}

// cut returns the segments of an escaped path below the version. A path that is not
// below it is not ok.
func cut(escaped string) (segments []string, ok bool) {
	segments, ok = inbound.Segments(escaped, nil)
	if !ok || len(segments) <= len(base) || segments[0] != base[0] || segments[1] != base[1] {
		return nil, false
	}
	return segments[len(base):], true
}

// match reports whether the segments are the route's, and what stands for the
// star.
func (r *route) match(segments []string) (star string, ok bool) {
	pattern := r.path
	for i, segment := range segments {
		want, rest, _ := strings.Cut(pattern, "/")
		switch {
		case want == "*" && i == len(segments)-1:
			return segment, true
		case want != segment:
			return "", false
		}
		pattern = rest
	}
	return "", pattern == ""
}

// find finds the route, or the fault that says there is none.
func (c *call) find() error {
	segments, ok := cut(c.request.URL.EscapedPath())
	if !ok {
		return notFound()
	}
	for i := range routes {
		if c.userID, ok = routes[i].match(segments); !ok {
			continue
		}
		c.route = &routes[i]
		if c.route.endpoint(c.request.Method) == nil {
			allow := c.route.allow()
			c.writer.Header().Set("Allow", allow)
			return notAllowed(allow)
		}
		return nil
	}
	return notFound()
}

// endpoint returns what the method does here, or nil.
func (r *route) endpoint(method string) endpoint {
	switch method {
	case http.MethodGet:
		return r.get
	case http.MethodHead:
		if r.makes {
			return nil
		}
		return r.get
	case http.MethodPost:
		return r.post
	case http.MethodPut:
		return r.put
	case http.MethodDelete:
		return r.del
	}
	return nil
}

// allow lists the methods that do something here.
func (r *route) allow() string {
	var methods []string
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete} {
		if r.endpoint(method) != nil {
			methods = append(methods, method)
		}
	}
	return strings.Join(methods, ", ")
}
