package server

import (
	"log/slog"
	"net/http"

	"github.com/latchkey-sso/latchkey/internal/config"
	"github.com/latchkey-sso/latchkey/internal/dialect/lob"
	"github.com/latchkey-sso/latchkey/internal/lobpage"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// linesOfBusiness returns the handler of what is below /lob: the keys of the lines
// of business, which are the dialect's, and their example pages.
func (c *core) linesOfBusiness(log *slog.Logger, dialect, other http.Handler) http.Handler {
	pages := lobpage.New(lobpage.Options{Find: c.pageOf, NotFound: other, Log: log})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if lob.Serves(r.URL.EscapedPath()) {
			dialect.ServeHTTP(w, r)
			return
		}
		pages.ServeHTTP(w, r)
	})
}

// pageOf returns the line of business that has a page under that id at a host, with
// what its page needs to be a client of the API.
func (c *core) pageOf(host, id string) (lobpage.LOB, bool) {
	registry := c.signOn.Registry()
	tenant, ok := registry.ByHost(host)
	if !ok {
		return lobpage.LOB{}, false
	}
	app, ok := registry.DestinationByID(tenant.ID, id)
	if !ok || app.Kind != signon.KindApp || app.Settings[config.AppPageClient] == "" {
		return lobpage.LOB{}, false
	}
	bearer, ok := registry.Client(lob.IssuerRealm, app.Settings[config.AppPageBearer])
	if !ok || bearer.Tenant != tenant.ID {
		return lobpage.LOB{}, false
	}
	return lobpage.LOB{
		ID: app.ID, Name: app.Settings[lob.SettingName], API: app.Settings[config.AppPageAPI],
		Client: app.Settings[config.AppPageClient], Bearer: bearer.ID, Secret: bearer.Secrets[0].Reveal(), Transport: c.transport,
	}, true
}
