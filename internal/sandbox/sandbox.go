package sandbox

import (
	"context"
	"log/slog"
	"net/http"
	"path"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/inbound"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Dialect is an API as the sandbox knows it.
type Dialect struct {
	// Name is what filters and faults call it, as in "2checkout-soap", and Title what
	// people do.
	Name, Title string
	// Paths are below which its calls are. A part that is "*" stands for any.
	Paths []string
	// Refuse answers a request as the dialect answers that error.
	Refuse func(w http.ResponseWriter, r *http.Request, err *signon.Error)
}

// Issuer asks for links or tokens in a dialect, by calls as a client makes them.
type Issuer struct {
	Dialect string // the name of a Dialect
	// Offers lists what it can ask for; a person's kind and tenant say for whom.
	Offers []Offer
	// Issue asks for what an offer of that tenant and destination promises, for that
	// person, and returns a link to open, a token for applications included.
	Issue func(ctx context.Context, o Offer, p Person) (link string, err error)
}

// Offer is a destination that an Issuer can ask for links to.
type Offer struct {
	Tenant      signon.TenantID
	Destination string // its ID
	Title       string // as in "Cart"
	Kind        signon.SubjectKind
}

// Core is what a sandbox works on. A reset brings another one.
type Core struct {
	SignOn    *signon.Service
	Directory *directory.Service
	Dialects  []Dialect
	Issuers   []Issuer
	// Expire has a grant expire now.
	Expire func(context.Context, signon.GrantKey) error
	// Reset empties the store and seeds it again, and calls Use with what there is
	// then. Nobody else may use the server meanwhile.
	Reset func(context.Context) error
}

// Options are what a sandbox is made of. Log is required.
type Options struct {
	Log *slog.Logger
	// BaseURL is the public base URL, as in "http://localhost:8080".
	BaseURL string
	// CAFile is where the local authority is that made the server's certificates, or
	// empty.
	CAFile string
	// Example is a command to paste that asks for a link, or empty.
	Example string
	// Open are the demo's own secrets, which are public and not hidden.
	Open []string
}

// Sandbox stands in front of a server. It is safe for concurrent use.
type Sandbox struct {
	Options

	clock    clock
	core     atomic.Pointer[Core]
	calls    *callLog
	sessions *sessions
	// open are the demo's own secrets.
	open map[string]bool
	// faults are rules by which calls fail, issued the links that it asked for itself.
	faults faults
	issued issuedLinks
	// resets is held by the reset under way.
	resets sync.Mutex
	// serving is held by every request while it is answered, and by a reset alone.
	serving gate
	// nestedKey is what calls of the demo's own have in nestedHeader.
	nestedKey string
	// streams are the lists that are open.
	streams streams
	// encoded are calls as streams send them.
	encoded encodings
	// origins guards against forms of other sites.
	origins http.CrossOriginProtection
	// stopping is closed when the server stops: streams end then.
	stopping chan struct{}
	stopOnce sync.Once
}

// New returns a sandbox that has recorded nothing yet. Use must be called before
// the first request.
func New(o Options) *Sandbox {
	s := &Sandbox{Options: o, stopping: make(chan struct{}), calls: newCallLog(), nestedKey: newNestedKey(), sessions: newSessions(), open: map[string]bool{}}
	for _, secret := range o.Open {
		s.open[secret] = true
		if number := onlyDigits(secret); len(number) >= directory.LeastCardDigits {
			s.open[number] = true
		}
	}
	return s
}

// Stop ends what would stay open for as long as somebody looks, so that the server
// can stop.
func (s *Sandbox) Stop() { s.stopOnce.Do(func() { close(s.stopping) }) }

// Use says what the sandbox works on from now on. Where data was kept from a time to
// which the clock had been moved, the clock goes on from there.
func (s *Sandbox) Use(c *Core) {
	if c.SignOn != nil {
		s.clock.reach(c.SignOn.Now())
	}
	s.core.Store(c)
}

// Clock is what the server has to tell the time by.
func (s *Sandbox) Clock() signon.Clock { return &s.clock }

// with lets do work on the core while no reset does. It must not be called by what
// is in it already.
func (s *Sandbox) with(do func(*Core) error) error {
	s.serving.RLock()
	defer s.serving.RUnlock()
	return do(s.core.Load())
}

// Around returns the handler in front of a server's: of the sandbox's own requests,
// and of all others, which it records.
func (s *Sandbox) Around(next http.Handler) http.Handler {
	own := s.own()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isOwn(r.URL.Path) { // outside of serving: a reset is one of them, and lists stay open
			own.ServeHTTP(w, r)
			return
		}
		defer s.enter(r)()
		if unrecorded(r.URL.Path) {
			next.ServeHTTP(w, r)
			return
		}
		s.record(next, w, r)
	})
}

// own returns the handler of the sandbox's own requests.
func (s *Sandbox) own() http.Handler {
	api, pages := s.apiHandler(), s.pagesHandler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		info := &inbound.Info{SupportCode: inbound.NewSupportCode()}
		info.Addr, info.Secure = clients.Client(r) // links are issued for whoever asks for them here
		r = r.WithContext(inbound.With(r.Context(), info))
		if r.URL.Path+"/" == apiPath || strings.HasPrefix(r.URL.Path, apiPath) {
			api.ServeHTTP(w, r)
			return
		}
		pages.ServeHTTP(w, r)
	})
}

// isOwn reports whether the sandbox itself answers that path. The demo has two
// below it, and a path that only begins there may lead to an API.
func isOwn(name string) bool {
	return belowDev(name) && belowDev(path.Clean(name)) && !isDemo(name)
}

func belowDev(name string) bool { return name == "/dev" || strings.HasPrefix(name, "/dev/") }

func isDemo(path string) bool { return path == "/dev/open" || path == "/dev/card" }

// unrecorded reports whether requests to that path are nothing to an integrator.
func unrecorded(path string) bool {
	switch path {
	case "/", "/healthz", "/readyz", "/favicon.ico":
		return true
	}
	return isDemo(path) || strings.HasPrefix(path, "/assets/")
}
