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
	"github.com/latchkey-sso/latchkey/internal/dialect/lob"
	"github.com/latchkey-sso/latchkey/internal/landing"
	"github.com/latchkey-sso/latchkey/internal/password"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// routesOf is who answers what, the whole of it.
func (s *Server) routesOf(c *core) table {
	api := avangate.New(c.signOn, c.directory)
	site := landing.New(landing.Options{SignOn: c.signOn, Directory: c.directory, Log: s.log, ShowReasons: s.demo != nil})
	limits := &s.cfg.Limits
	slow := &bounds{deadlines: deadlines{after: time.Duration(limits.LOBTimeout)}, write: time.Duration(limits.LOBWriteTimeout)}
	c.dialects = dialects{
		rest:     rest.New(rest.Options{API: api, Log: s.log}),
		soap:     soap.New(soap.Options{API: api, Log: s.log, BaseURL: s.URL()}),
		jsonrpc:  jsonrpc.New(jsonrpc.Options{API: api, Log: s.log}),
		bluesnap: bluesnap.New(bluesnap.Options{SignOn: c.signOn, Directory: c.directory, Passwords: password.NewJudge(), Log: s.log}),
		lob:      lob.New(lob.Options{SignOn: c.signOn, Directory: c.directory, Log: s.log, BaseURL: s.URL(), Timeout: time.Duration(limits.LOBTimeout), LoopbackHTTP: true}),
	}
	t := table{
		exact: map[string]http.Handler{
			"/healthz": http.HandlerFunc(healthz),
			"/readyz":  http.HandlerFunc(s.readyz),
		},
		below: []mount{
			{path: "/rest", handler: c.dialects.rest},
			{path: "/soap", handler: c.dialects.soap},
			{path: "/rpc", handler: c.dialects.jsonrpc},
			{path: "/services", handler: c.dialects.bluesnap},
			{path: "/v2", handler: c.dialects.lob, bounds: slow},
			{path: "/oauth2", handler: c.dialects.lob, bounds: slow},
			{path: "/lob", handler: c.linesOfBusiness(s.log, c.dialects.lob, site)},
		},
		other: site,
	}
	if s.demo != nil {
		s.addDemo(c, &t)
	}
	return t
}

// dialects are the APIs.
type dialects struct {
	rest     *rest.Handler
	soap     *soap.Handler
	jsonrpc  *jsonrpc.Handler
	bluesnap *bluesnap.Handler
	lob      *lob.Handler
}

// addDemo adds the pages that only `latchkey dev` has.
func (s *Server) addDemo(c *core, t *table) {
	start := dev.StartPage(dev.StartOptions{
		SignOn: c.signOn, Directory: c.directory, Log: s.log, BaseURL: s.cfg.PublicURL, CAFile: s.demo.caFile(),
		AuthHeader: func(code, key string) string {
			value, err := rest.Sign(code, time.Now(), signon.Secret(key), "")
			if err != nil {
				s.log.Error("sign the demo's example", "error", err)
			}
			return value
		},
		Ask: s.shop(c).Link,
	})
	t.exact["/"], t.exact[dev.OpenPath] = start, start
	t.exact[dev.CardEntryPath] = dev.TestCards(c.signOn, s.log)
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
	bounds  *bounds // in place of the usual time limits, or nil
}

// ServeHTTP hands the request to whoever answers its path.
func (t table) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	t.find(r.URL.Path).handler.ServeHTTP(w, r)
}

// bounds returns the time limits for a path, or nil for the usual ones.
func (t table) bounds(path string) *bounds { return t.find(path).bounds }

func (t table) find(path string) mount {
	if h, ok := t.exact[path]; ok {
		return mount{handler: h}
	}
	path = strings.TrimLeft(path, "/") // clients that paste a base URL and a path together double the slash
	for _, m := range t.below {
		if rest, ok := strings.CutPrefix(path, m.path[1:]); ok && (rest == "" || rest[0] == '/') {
			return m
		}
	}
	return mount{handler: t.other}
}
