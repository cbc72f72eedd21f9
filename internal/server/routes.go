package server

import (
	"net/http"
	"strings"
	"time"

	"github.com/latchkey-sso/latchkey/internal/dev"
	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
	"github.com/latchkey-sso/latchkey/internal/dialect/avangate/jsonrpc"
	"github.com/latchkey-sso/latchkey/internal/dialect/avangate/rest"
	"github.com/latchkey-sso/latchkey/internal/dialect/avangate/soap"
	"github.com/latchkey-sso/latchkey/internal/dialect/bluesnap"
	"github.com/latchkey-sso/latchkey/internal/landing"
	"github.com/latchkey-sso/latchkey/internal/password"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// routes is who answers what, the whole of it.
func (s *Server) routes() http.Handler {
	api := avangate.New(s.signOn, s.directory)
	t := table{
		exact: map[string]http.Handler{
			"/healthz": http.HandlerFunc(healthz),
			"/readyz":  http.HandlerFunc(s.readyz),
		},
		below: []mount{
			{"/rest", rest.New(rest.Options{API: api, Log: s.log})},
			{"/soap", soap.New(soap.Options{API: api, Log: s.log, BaseURL: s.URL()})},
			{"/rpc", jsonrpc.New(jsonrpc.Options{API: api, Log: s.log})},
			{"/services", bluesnap.New(bluesnap.Options{SignOn: s.signOn, Directory: s.directory, Passwords: password.NewJudge(), Log: s.log})},
		},
		other: landing.New(landing.Options{SignOn: s.signOn, Directory: s.directory, Log: s.log, ShowReasons: s.dev}),
	}
	if s.dev {
		s.addDemo(t.exact)
	}
	return t
}

// addDemo adds the pages that only `latchkey dev` has.
func (s *Server) addDemo(exact map[string]http.Handler) {
	start := dev.StartPage(dev.StartOptions{
		SignOn: s.signOn, Directory: s.directory, Log: s.log, BaseURL: s.cfg.PublicURL,
		AuthHeader: func(code, key string) string {
			value, err := rest.Sign(code, time.Now(), signon.Secret(key), "")
			if err != nil {
				s.log.Error("sign the demo's example", "error", err)
			}
			return value
		},
	})
	exact["/"], exact[dev.OpenPath] = start, start
	exact[dev.CardEntryPath] = dev.TestCards(s.signOn, s.log)
}

// table hands requests on by path. Unlike http.ServeMux it never answers with
// a redirect of its own: a redirect would repeat the query, and with it a token.
type table struct {
	exact map[string]http.Handler
	below []mount
	other http.Handler
}

// mount is a handler for a path and everything below it.
type mount struct {
	path    string
	handler http.Handler
}

// ServeHTTP hands the request to whoever answers its path.
func (t table) ServeHTTP(w http.ResponseWriter, r *http.Request) { t.find(r.URL.Path).ServeHTTP(w, r) }

func (t table) find(path string) http.Handler {
	if h, ok := t.exact[path]; ok {
		return h
	}
	path = strings.TrimLeft(path, "/") // clients that paste a base URL and a path together double the slash
	for _, m := range t.below {
		if rest, ok := strings.CutPrefix(path, m.path[1:]); ok && (rest == "" || rest[0] == '/') {
			return m.handler
		}
	}
	return t.other
}
