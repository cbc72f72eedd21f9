package landing

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/inbound"
	"github.com/latchkey-sso/latchkey/internal/page"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Options are what the landing pages are made of. All but ShowReasons are
// required.
type Options struct {
	SignOn    *signon.Service
	Directory *directory.Service
	Log       *slog.Logger
	// ShowReasons is for development: refusals name their reason in the header
	// Latchkey-Reason, and show on the page how the decision came about.
	ShowReasons bool
}

// New returns the handler of all landing pages: everything at a registered cart,
// account, portal or entrance host, and the pages' assets. It answers any other request with a
// page that names nobody.
func New(o Options) http.Handler {
	return &site{Options: o, pages: pages(), guard: http.NewCrossOriginProtection(), brands: &wardrobe{log: o.Log}}
}

type site struct {
	Options
	pages  *page.Set
	guard  *http.CrossOriginProtection
	brands *wardrobe
}

// visit is one request to one destination.
type visit struct {
	*site
	w    http.ResponseWriter
	r    *http.Request
	info inbound.Info
	// tenant and dest are whose the page is. Where several tenants share the host
	// they are the host's own until somebody is known to be signed in.
	tenant *signon.Tenant
	dest   *signon.Destination
	// common: the page is of nobody, at a host that several tenants share. It says of
	// the tenants only what is the same for all of them.
	common bool
	// origin is the registered origin that the browser stands at.
	origin signon.Origin
	jar    jar
	params params
	// speaks are the languages of the person who is signed in, once that is known.
	speaks []string
	// policy is that of the page to come. The address counts as a secret until a
	// page says that it is clean.
	policy page.Policy
}

// route answers requests to one path.
type route struct {
	get  func(*visit)
	post func(*visit)
	// contact: the form has a person's details.
	contact bool
}

// The paths of the cart's own pages. Links may point at more (see
// signon.Destination.Paths).
const (
	cartPath          = "/order/cart.php"
	donePath          = "/order/done"
	cardReturnPath    = "/order/card"
	cartSignOutPath   = "/order/sign-out"
	cartSignedOutPath = "/order/signed-out"
)

// kinds are the kinds of destination that have pages here.
var kinds = []signon.DestinationKind{signon.KindCart, signon.KindAccount, signon.KindPortal, signon.KindEntrance}

// routes are the pages of each kind of destination.
var routes = map[signon.DestinationKind]map[string]route{
	signon.KindCart: {
		cartPath:          {get: (*visit).getCart, post: (*visit).postCart, contact: true},
		donePath:          {get: (*visit).getDone},
		cardReturnPath:    {get: (*visit).getCardReturn},
		cartSignOutPath:   {post: (*visit).postSignOut},
		cartSignedOutPath: {get: (*visit).getSignedOut},
	},
	signon.KindAccount: accountRoutes,
	signon.KindPortal:  portalRoutes,
}

// linked answers at the other paths that links may point at.
var linked = map[signon.DestinationKind]route{
	signon.KindCart:     {get: (*visit).getBuyLink},
	signon.KindPortal:   {get: (*visit).getPortalLink},
	signon.KindEntrance: {get: (*visit).getEntrance},
}

// ServeHTTP answers one request.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, page.AssetPath) {
		s.serveAsset(w, r)
		return
	}
	v := &visit{site: s, w: w, r: r, info: inbound.From(r.Context()), policy: page.Policy{SecretURL: true}}
	page.SetCommonHeaders(w.Header())
	to, ok := v.locate()
	if !ok {
		v.nowhere()
		return
	}
	v.jar = newJar(v)
	v.serve(to)
}

// locate finds the destination and the route by host and path.
func (v *visit) locate() (route, bool) {
	path := v.r.URL.EscapedPath()
	if !strings.HasPrefix(path, "/") || strings.Contains(path, "//") || strings.ContainsAny(path, "\\%") {
		return route{}, false // no page of ours is spelt so, and a redirect to it might leave the site
	}
	for _, kind := range kinds {
		tenant, dest, ok := v.SignOn.Registry().At(v.r.Host, kind)
		if !ok {
			continue
		}
		to, ok := routes[kind][path]
		if !ok && linkPath(dest, path) {
			to, ok = linked[kind]
		}
		if ok {
			v.become(signon.Site{Tenant: tenant, Destination: dest})
			v.common = len(v.SignOn.Registry().Sites(v.r.Host, kind)) > 1
			return to, true
		}
	}
	return route{}, false
}

// become makes the page that tenant's.
func (v *visit) become(at signon.Site) {
	v.tenant, v.dest, v.common = at.Tenant, at.Destination, false
	v.origin = originAt(v.dest, v.r.Host, v.info.Secure)
}

// linkPath reports whether links to the destination may have that path.
func linkPath(d *signon.Destination, path string) bool {
	for _, p := range d.Paths {
		if below, wild := strings.CutSuffix(p, "*"); path == p || wild && strings.HasPrefix(path, below) {
			return true
		}
	}
	return false
}

// serve applies what holds for every page before the page itself is asked.
func (v *visit) serve(to route) {
	switch {
	case v.r.Method == http.MethodHead && to.get != nil:
		page.SetHeaders(v.w.Header(), v.policy)
		v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
		v.w.WriteHeader(http.StatusOK) // nothing is read, spent or changed
	case v.r.Method == http.MethodOptions:
		v.w.Header().Set("Allow", to.allow())
		v.w.WriteHeader(http.StatusNoContent)
	case v.r.Method == http.MethodGet && to.get != nil:
		v.serveGet(to)
	case v.r.Method == http.MethodPost && (to.post != nil || to.get != nil):
		v.servePost(to)
	default:
		v.w.Header().Set("Allow", to.allow())
		v.message(http.StatusMethodNotAllowed, "nowhere")
	}
}

func (to route) allow() string {
	if to.get == nil {
		return "OPTIONS, POST"
	}
	if to.post == nil {
		return "GET, HEAD, OPTIONS"
	}
	return "GET, HEAD, OPTIONS, POST"
}

// serveGet answers navigations. Whatever else fetches a page (an image, a
// frame, a script, a browser that looks ahead) gets nothing and changes nothing.
func (v *visit) serveGet(to route) {
	if !v.visited() || !v.parse() {
		return
	}
	if v.params.has(v.dest.TokenParam) {
		v.redeem("")
		return
	}
	to.get(v)
}

// visited reports whether a person is on the way here, as far as the browser
// tells, and answers if not.
func (v *visit) visited() bool {
	h := v.r.Header
	if speculative(h) {
		v.w.Header().Set("Retry-After", "1")
		http.Error(v.w, "not now", http.StatusServiceUnavailable)
		return false
	}
	if !navigation(h) {
		v.turnAway(signon.ReasonNoNavigation, "a person going there",
			"Sec-Fetch-Mode: "+h.Get("Sec-Fetch-Mode")+", Sec-Fetch-Dest: "+h.Get("Sec-Fetch-Dest"))
		return false
	}
	return true
}

// parse reads the query, and answers if it can't be read.
func (v *visit) parse() (ok bool) {
	if v.params, ok = parseParams(v.r.URL.RawQuery, v.dest.TokenParam); !ok {
		v.turnAway(signon.ReasonMalformed, "at most 64 parameters, and the token's once, as it is spelt in links", "")
	}
	return ok
}

// How much a form may send, in bytes. All details at full length, in a script that
// takes nine bytes a character as forms are sent, are some 40 KiB.
const (
	maxForm        = 16 << 10
	maxContactForm = 64 << 10
)

func (v *visit) servePost(to route) {
	if !v.parse() {
		return
	}
	if v.params.has(v.dest.TokenParam) && to.get != nil {
		v.postLink()
		return
	}
	if to.post == nil {
		v.w.Header().Set("Allow", to.allow())
		v.message(http.StatusMethodNotAllowed, "nowhere")
		return
	}
	if err := v.guard.Check(v.r); err != nil {
		v.Log.Info("landing: form from another site refused", v.logged()...)
		v.message(http.StatusForbidden, "foreign")
		return
	}
	most := int64(maxForm)
	if to.contact {
		most = maxContactForm
	}
	if v.readForm(most) {
		to.post(v)
	}
}

// postLink answers what a page of ours at the link's own address sends: that
// cookies are allowed now, or the answer to a question. A browser sends such a
// form without an origin, as the page's address is told to nobody; so it is the
// ticket in it that proves where it comes from, and without one nothing is spent.
func (v *visit) postLink() {
	if !v.visited() || !v.readForm(maxForm) {
		return
	}
	from := v.r.Header.Get("Sec-Fetch-Site")
	if !v.r.PostForm.Has(ticketField) || from != "" && from != "same-origin" {
		v.bind()
		return
	}
	v.redeem(v.answer())
}

// readForm reads the form that was sent, of that many bytes at most, and answers if
// it can't be read.
func (v *visit) readForm(most int64) bool {
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, most)
	err := v.r.ParseForm()
	if err == nil {
		return true
	}
	status := http.StatusBadRequest
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		status = http.StatusRequestEntityTooLarge
	}
	v.message(status, "unreadable")
	return false
}

// speculative reports whether a browser asks ahead of a click that may never come.
func speculative(h http.Header) bool {
	for _, name := range []string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"} {
		v := strings.ToLower(strings.Join(h.Values(name), " "))
		if strings.Contains(v, "prefetch") || strings.Contains(v, "prerender") || strings.Contains(v, "preview") {
			return true
		}
	}
	return false
}

// navigation reports whether the request is, as far as the browser tells, a
// person going to a page of its own.
func navigation(h http.Header) bool {
	mode, dest := h.Values("Sec-Fetch-Mode"), h.Values("Sec-Fetch-Dest")
	return (len(mode) == 0 || len(mode) == 1 && mode[0] == "navigate") &&
		(len(dest) == 0 || len(dest) == 1 && dest[0] == "document")
}

// see sends the browser on with a GET. location is a path of ours, or an
// address from the configuration.
func (v *visit) see(location string) {
	v.w.Header().Set("Location", location)
	v.w.WriteHeader(http.StatusSeeOther)
}

// logged returns what log lines say of the request: never its query.
func (v *visit) logged(more ...any) []any {
	args := []any{"support_code", v.info.SupportCode, "path", v.r.URL.Path}
	if v.tenant != nil {
		args = append(args, "tenant", v.tenant.ID, "destination", v.dest.ID)
	}
	return append(args, more...)
}
