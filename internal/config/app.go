package config

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-sso/latchkey/internal/jwt"
	"github.com/latchkey-sso/latchkey/internal/signingkey"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Issuer makes the access tokens that clients of the kind lob come with.
type Issuer struct {
	// Kind is own for the issuer that is built in, which is `<public_url>/oauth2` and
	// has the clients of the kind oauth, or oidc for Amazon Cognito and any other.
	Kind string `yaml:"kind"`
	// URL is an oidc issuer's name, exactly as its tokens have it, as in
	// "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Example".
	URL string `yaml:"url"`
	// KeysURL is where an oidc issuer publishes its keys; below the issuer's name
	// /.well-known/jwks.json when not given.
	KeysURL string `yaml:"keys_url"`
	// Audience is what an oidc issuer's tokens must be for. Without it they must be
	// as those of Cognito are: with no audience, of the use "access", and with the
	// client_id of a client.
	Audience string `yaml:"audience"`
	// Clients are the clients whose tokens are taken, by their client_id. Without any
	// all of the issuer's are. Where a tenant has several issuers, each must name its
	// own: bearers are named without their issuer.
	Clients []string `yaml:"clients"`
	// Scopes are those of which a token must have one. Without any it needs none.
	Scopes []string `yaml:"scopes"`
}

// App is a line of business, into which members are signed on with a token that
// its own back end has validated, or verifies itself.
type App struct {
	// ID is the LOBId: up to 16 letters and digits, as in "01".
	ID string `yaml:"id"`
	// Name is the LOBName; the ID when not given.
	Name string `yaml:"name"`
	// Description is the LOBDescription.
	Description string `yaml:"description"`
	// Algorithm is what its tokens are signed with: HS256, with a secret that it
	// shares with this server alone, or RS256, ES256 or EdDSA, with a key that is
	// published at `/lob/<LOBId>/.well-known/jwks.json`.
	Algorithm string `yaml:"algorithm"`
	// Lifetime is how long its tokens are valid, 24h at most.
	Lifetime Duration `yaml:"lifetime"`
	// Reuse lets a token be validated until it expires, and not only once.
	Reuse bool `yaml:"reuse"`
	// Page is the example of a line of business, at `/lob/<LOBId>`. Without this
	// setting there is none.
	Page *AppPage `yaml:"page"`
}

// AppPage is whom the example page calls the API as. It is an outsider: it knows
// no more than any other program that is this client.
type AppPage struct {
	// Client is the tenant's lob client that the page is: one that is this line of
	// business.
	Client string `yaml:"client"`
	// Bearer is the tenant's oauth client with whose access tokens the page proves
	// that: one of the lob client's bearers.
	Bearer string `yaml:"bearer"`
	// API is where the page calls the API: scheme and host, with one of the tenant's
	// domains; public_url when not given. The tenant's networks must let this server
	// in.
	API string `yaml:"api"`
}

// The kinds of issuers.
const (
	issuerOwn  = "own"
	issuerOIDC = "oidc"
)

// What lists and texts of lines of business may have.
const (
	maxAppID    = 16
	maxAppText  = 255
	maxLifetime = Duration(signon.MaxNumberedTTL)
)

func (i *Issuer) setDefaults() { i.Kind = issuerOIDC }

func (a *App) setDefaults() {
	a.Algorithm = string(signingkey.DefaultAlgorithm)
	a.Lifetime = Duration(time.Hour)
}

// completeApps fills in what follows from other settings.
func (t *Tenant) completeApps(publicURL string) {
	if own, err := signon.ParseOrigin(publicURL); err == nil && t.Domains == nil && t.hasLOBs() {
		t.Domains = []string{own.HostPort()}
	}
	for i := range t.Issuers {
		if is := &t.Issuers[i]; is.Kind == issuerOIDC && is.KeysURL == "" && is.URL != "" {
			is.KeysURL = strings.TrimSuffix(is.URL, "/") + "/.well-known/jwks.json"
		}
	}
	for i := range t.Destinations.Apps {
		a := &t.Destinations.Apps[i]
		if a.Name == "" {
			a.Name = a.ID
		}
		if a.Page != nil && a.Page.API == "" {
			a.Page.API = publicURL
		}
	}
}

// hasLOBs reports whether the tenant's API for lines of business is in use.
func (t *Tenant) hasLOBs() bool {
	return len(t.Destinations.Apps) > 0 || slices.ContainsFunc(t.Clients, func(c Client) bool { return c.Kind == kindLOB })
}

func (t *Tenant) app(id string) *App {
	for i := range t.Destinations.Apps {
		if t.Destinations.Apps[i].ID == id {
			return &t.Destinations.Apps[i]
		}
	}
	return nil
}

func (t *Tenant) client(kind, id string) *Client {
	for i := range t.Clients {
		if t.Clients[i].Kind == kind && t.Clients[i].ID == id {
			return &t.Clients[i]
		}
	}
	return nil
}

func (t *Tenant) hasIssuer(kind string) bool {
	return slices.ContainsFunc(t.Issuers, func(i Issuer) bool { return i.Kind == kind })
}

// apps checks the lines of business of a tenant, but for their clients.
func (k *checker) apps(t *Tenant, path string) {
	for i, domain := range t.Domains {
		k.domain(domain, fmt.Sprintf("%s.domains[%d]", path, i))
	}
	switch {
	case t.Domains != nil && len(t.Domains) == 0, t.Domains == nil && t.hasLOBs():
		k.fail(path+".domains", "must name one at least, where lines of business call, or public_url must be given")
	case t.Networks != nil && len(t.Networks) == 0:
		k.fail(path+".networks", "must name one at least; without this setting calls may come from anywhere")
	}
	for i := range t.Issuers {
		k.issuer(&t.Issuers[i], path, fmt.Sprintf("%s.issuers[%d]", path, i))
	}
	k.issuersClients(t, path)
	for i := range t.Destinations.Apps {
		k.app(&t.Destinations.Apps[i], t, path, i)
	}
}

// issuersClients checks that a client_id says whose it is: bearers are named
// without their issuer.
func (k *checker) issuersClients(t *Tenant, path string) {
	if len(t.Issuers) < 2 {
		return
	}
	of := map[string]int{}
	for i := range t.Issuers {
		at := fmt.Sprintf("%s.issuers[%d].clients", path, i)
		if len(t.Issuers[i].Clients) == 0 {
			k.fail(at, "must name the clients whose tokens are taken, since the tenant has several issuers: bearers are named without their issuer")
		}
		for _, id := range t.Issuers[i].Clients {
			if first, known := of[id]; known && first != i {
				k.fail(at, "must not have %q, which is a client of issuers[%d] already: bearers are named without their issuer", id, first)
				continue
			}
			of[id] = i
		}
	}
}

// domain checks a host as clients name it.
func (k *checker) domain(domain, path string) {
	at, err := signon.ParseOrigin("https://" + domain)
	if err != nil || strings.HasPrefix(at.Host, "*.") || strings.ToLower(domain) != domain {
		k.fail(path, "must be a host in lower case as clients name it, with its port unless that is 443, as in api.example.com")
		return
	}
	k.unique("domain "+at.HostPort(), path)
}

func (k *checker) issuer(i *Issuer, tenant, path string) {
	switch i.Kind {
	case issuerOwn:
		k.ownIssuer(i, tenant, path)
	case issuerOIDC:
		k.otherIssuer(i, tenant, path)
	default:
		k.fail(path+".kind", "must be own or oidc")
	}
	k.texts(i.Clients, path+".clients", isUserName, "must be the client_id of a client")
	k.texts(i.Scopes, path+".scopes", isScope, scopeRule)
}

func (k *checker) ownIssuer(i *Issuer, tenant, path string) {
	for key, given := range map[string]bool{".url": i.URL != "", ".keys_url": i.KeysURL != "", ".audience": i.Audience != ""} {
		if given {
			k.fail(path+key, "is for issuers of the kind oidc")
		}
	}
	if k.PublicURL == "" {
		k.fail(path, "needs public_url: the issuer's name begins with it")
	}
	k.unique("own issuer of "+tenant, path)
}

func (k *checker) otherIssuer(i *Issuer, tenant, path string) {
	if !isIssuerURL(i.URL) {
		k.fail(path+".url", "must be an https URL without query, exactly as the issuer's tokens have it in iss")
	} else {
		k.unique("issuer of "+tenant+" "+i.URL, path+".url")
	}
	if i.KeysURL == "" {
		return
	}
	if _, err := jwt.NewRemote(jwt.RemoteOptions{URL: i.KeysURL, AllowHTTP: true, Algorithm: jwt.RS256}); err != nil {
		k.fail(path+".keys_url", "must be an https URL, or an http one of this machine")
	}
}

// isIssuerURL reports whether an issuer can have that name. One of this machine
// may do without TLS, for tests.
func isIssuerURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1")) &&
		u.Hostname() != "" && u.User == nil && !strings.ContainsAny(text, "?# ")
}

func (k *checker) app(a *App, t *Tenant, tenant string, index int) {
	path := fmt.Sprintf("%s.destinations.apps[%d]", tenant, index)
	switch {
	case a.ID == "" || len(a.ID) > maxAppID || strings.Trim(strings.ToLower(a.ID), lowerAlnum) != "":
		k.fail(path+".id", "must be 1 to 16 letters and digits")
	case slices.Contains([]string{"cart", "account", "portal", "entrance"}, a.ID):
		k.fail(path+".id", "must not be that of another destination")
	default:
		k.unique("app "+tenant+" "+a.ID, path+".id")
	}
	for key, text := range map[string]string{".name": a.Name, ".description": a.Description} {
		if len(text) > maxAppText || !isShown(text) {
			k.fail(path+key, "must be text of %d bytes at most", maxAppText)
		}
	}
	switch jwt.Algorithm(a.Algorithm) {
	case jwt.HS256, jwt.RS256, jwt.ES256, jwt.EdDSA:
	default:
		k.fail(path+".algorithm", "must be HS256, RS256, ES256 or EdDSA")
	}
	if a.Lifetime < Duration(time.Second) || a.Lifetime > maxLifetime || a.Lifetime%Duration(time.Second) != 0 {
		k.fail(path+".lifetime", "must be whole seconds, from 1s to 24h")
	}
	if a.Page != nil {
		k.appPage(a, t, path+".page")
	}
}

func (k *checker) appPage(a *App, t *Tenant, path string) {
	switch client := t.client(kindLOB, a.Page.Client); {
	case client == nil || !slices.Contains(client.Is, a.ID):
		k.fail(path+".client", "must be the id of a lob client of the tenant that is %q", a.ID)
	case t.client(kindOAuth, a.Page.Bearer) == nil || !slices.Contains(client.Bearers, a.Page.Bearer):
		k.fail(path+".bearer", "must be the id of an oauth client of the tenant that is a bearer of the page's client")
	}
	at, err := signon.ParseOrigin(a.Page.API)
	if err != nil || !slices.Contains(t.Domains, at.HostPort()) {
		k.fail(path+".api", "must be a scheme and one of the domains of the tenant; without this setting public_url must be")
	}
}

func (k *checker) lobClient(c *Client, t *Tenant, path string) {
	switch {
	case len(t.Issuers) == 0:
		k.fail(path, "needs an issuer: the tenant has none whose access tokens could prove it")
	case len(c.Bearers) == 0:
		k.fail(path+".bearers", "must name one client at least whose access tokens prove it")
	case len(c.IssuesFor)+len(c.Is) == 0:
		k.fail(path, "must be a line of business, or issue tokens for one: give is or issues_for")
	}
	known := func(id string) bool {
		return isUserName(id) && (t.hasIssuer(issuerOIDC) || t.client(kindOAuth, id) != nil)
	}
	k.texts(c.Bearers, path+".bearers", known, "must be the client_id of a client; those of the built-in issuer are the tenant's clients of the kind oauth")
	isApp := func(id string) bool { return t.app(id) != nil }
	k.texts(c.IssuesFor, path+".issues_for", isApp, "must be the id of one of the tenant's apps")
	k.texts(c.Is, path+".is", isApp, "must be the id of one of the tenant's apps")
}

func (k *checker) oauthClient(c *Client, t *Tenant, path string) {
	if !t.hasIssuer(issuerOwn) {
		k.fail(path, "is a client of the built-in issuer, and the tenant has no issuer of the kind own")
	}
	k.texts(c.Scopes, path+".scopes", isScope, scopeRule)
}

// texts checks the entries of a list, each of which is there once.
func (k *checker) texts(list []string, path string, ok func(string) bool, rule string) {
	for i, text := range list {
		at := fmt.Sprintf("%s[%d]", path, i)
		if !ok(text) {
			k.fail(at, "%s", rule)
			continue
		}
		k.unique(path+" "+text, at)
	}
}

const scopeRule = "must be a scope: printable ASCII without blanks, quotes and backslashes"

// isScope reports whether RFC 6749 lets a scope have that name.
func isScope(text string) bool { return isOpaque(text) && !strings.ContainsAny(text, `"\`) }

// isOpaque reports whether a header can carry the text as it is.
func isOpaque(text string) bool {
	return text != "" && len(text) <= 128 && !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' })
}

// isShown reports whether people can be shown the text in one line.
func isShown(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\uFFFD' })
}

func (t *Tenant) hosts() []string {
	var list []string
	for _, domain := range t.Domains {
		if at, err := signon.ParseOrigin("https://" + domain); err == nil {
			list = append(list, at.HostPort())
		}
	}
	return list
}

// IssuerPath is where the built-in issuer is, below the public URL.
const IssuerPath = "/oauth2"

func (t *Tenant) issuers(publicURL string) []signon.Issuer {
	var list []signon.Issuer
	for _, i := range t.Issuers {
		one := signon.Issuer{URL: i.URL, KeysURL: i.KeysURL, Audience: i.Audience, Clients: i.Clients, Scopes: i.Scopes}
		if i.Kind == issuerOwn {
			one.Own, one.URL = true, publicURL+IssuerPath
		}
		list = append(list, one)
	}
	return list
}

// The settings of a line of business that has a page: what is in [AppPage].
const (
	AppPageClient = "page_client"
	AppPageBearer = "page_bearer"
	AppPageAPI    = "page_api"
)

func (t *Tenant) apps() []signon.Destination {
	var list []signon.Destination
	for _, a := range t.Destinations.Apps {
		set := []setting{{"name", a.Name}, {"description", a.Description}, {signingkey.SettingAlgorithm, a.Algorithm}}
		if t.ReturnCodeAsString {
			set = append(set, setting{"return_code_as_string", "true"})
		}
		if a.Page != nil {
			set = append(set, setting{AppPageClient, a.Page.Client}, setting{AppPageBearer, a.Page.Bearer}, setting{AppPageAPI, a.Page.API})
		}
		list = append(list, signon.Destination{
			ID: a.ID, Kind: signon.KindApp, DefaultTTL: time.Duration(a.Lifetime), MaxTTL: time.Duration(a.Lifetime), Reusable: a.Reuse, Settings: settings(set),
		})
	}
	return list
}
