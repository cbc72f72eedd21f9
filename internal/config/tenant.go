package config

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/latchkey-sso/latchkey/internal/password"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Declared returns the tenants as the core takes them, with the secrets read
// from where they are. Its error is Problems, one for each secret that can't be
// read.
func (c *Config) Declared() ([]signon.Tenant, error) {
	var problems Problems
	tenants := make([]signon.Tenant, len(c.Tenants))
	for i := range c.Tenants {
		t := &c.Tenants[i]
		tenants[i] = signon.Tenant{
			ID: signon.TenantID(t.ID), Name: t.Name, Number: t.Number, ActsFor: tenantIDs(t.ActsFor), Language: t.Language, SupportURL: t.SupportURL, SupportEmail: t.SupportEmail,
			Brand: t.Branding.declared(), Hosts: t.hosts(), Networks: prefixes(t.Networks), Issuers: t.issuers(c.PublicURL),
			Limits: signon.TenantLimits{
				LiveGrants:      orDefault(t.Limits.LiveGrants, c.Limits.LiveGrants),
				LinksPerSubject: orDefault(t.Limits.LinksPerSubject, c.Limits.LinksPerSubject),
			},
			Destinations: t.declared(),
		}
		for j := range t.Clients {
			client, failed := c.client(&t.Clients[j], fmt.Sprintf("tenants[%d].clients[%d]", i, j))
			problems = append(problems, failed...)
			tenants[i].Clients = append(tenants[i].Clients, client)
		}
	}
	if err := problems.err(); err != nil {
		return nil, err
	}
	if _, err := signon.NewRegistry(tenants); err != nil {
		return nil, fmt.Errorf("check tenants: %w", err)
	}
	return tenants, nil
}

func orDefault(n *int, otherwise int) int {
	if n != nil {
		return *n
	}
	return otherwise
}

func (c *Config) client(cl *Client, path string) (signon.Client, Problems) {
	client := signon.Client{
		Realm: realms[cl.Kind], ID: cl.ID, Name: cl.Name, Algorithms: cl.Algorithms, ProofSkew: time.Duration(cl.Skew),
		Networks: prefixes(cl.Addresses), Bearers: cl.Bearers, Scopes: cl.Scopes, IssuesFor: cl.IssuesFor, Is: cl.Is,
	}
	for _, one := range cl.Capabilities {
		client.Capabilities = append(client.Capabilities, signon.Capability(one))
	}
	var problems Problems
	for _, s := range cl.secrets(path) {
		secret, err := s.read(c.origin.environ)
		if err != nil {
			problems = append(problems, c.origin.problem(s.path, "%s", err))
			continue
		}
		client.Secrets = append(client.Secrets, signon.Secret(secret))
	}
	return client, problems
}

// clientSecret is one of a client's secrets, and its place.
type clientSecret struct {
	*SecretRef
	path string
	hash bool // of a password
}

// secrets returns those that the client has.
func (c *Client) secrets(path string) []clientSecret {
	hash := c.Kind == kindBlueSnap
	return slices.DeleteFunc([]clientSecret{
		{&c.Secret, path + ".secret", hash}, {&c.PreviousSecret, path + ".previous_secret", hash},
	}, func(s clientSecret) bool { return s.empty() })
}

// read returns the secret, which must be a hash where one has to be. Its error does
// not hold it.
func (s clientSecret) read(environ map[string]string) (string, error) {
	secret, err := s.SecretRef.read(environ)
	if err == nil && s.hash {
		err = checkHash(secret)
	}
	return secret, err
}

// checkHash returns what is wrong with the hash of a password. Its error does not
// hold it: it may be the password itself.
func checkHash(hash string) error {
	if err := password.Check(hash); err != nil {
		return fmt.Errorf("%w; `latchkey password` prints the hash of a password", err)
	}
	return nil
}

func tenantIDs(ids []string) []signon.TenantID {
	var list []signon.TenantID
	for _, id := range ids {
		list = append(list, signon.TenantID(id))
	}
	return list
}

func prefixes(networks []Network) []netip.Prefix {
	var list []netip.Prefix
	for _, n := range networks {
		list = append(list, n.Prefix)
	}
	return list
}

// declared returns the destinations as the core takes them. Hosts and addresses
// were checked.
func (t *Tenant) declared() []signon.Destination {
	var all []signon.Destination
	if c := t.Destinations.Cart; c != nil {
		all = append(all, signon.Destination{
			ID: "cart", Kind: signon.KindCart, Origins: origins(c.Hosts), Paths: c.Paths,
			UnsupportedPaths: c.UnsupportedPaths, UnsupportedHosts: c.UnsupportedHosts, QueryRequired: true, TokenParam: "logintoken",
			DefaultTTL: time.Duration(c.DefaultTTL), MaxTTL: time.Duration(c.MaxTTL), SessionTTL: time.Duration(c.SessionTTL), IdleTTL: time.Duration(c.SessionIdleTTL),
			AddrPolicy: signon.AddrPolicy(c.IPBinding), OnMismatch: signon.Mismatch(cmp.Or(c.IPMismatch, t.IPMismatch)),
			Policy:   signon.Policy(cmp.Or(c.Redemption, t.Redemption)),
			Settings: settings(t.refreshURLs(c.Hosts, c.RefreshURL), setting{"card_entry_url", c.CardEntryURL}),
		})
	}
	if a := t.Destinations.Account; a != nil {
		all = append(all, signon.Destination{
			ID: "account", Kind: signon.KindAccount, Origins: origins(a.Hosts), Paths: accountPaths, TokenParam: "logintoken",
			DefaultTTL: time.Duration(a.DefaultTTL), MaxTTL: time.Duration(a.MaxTTL), SessionTTL: time.Duration(a.SessionTTL), IdleTTL: time.Duration(a.SessionIdleTTL),
			AddrPolicy: signon.AddrPolicy(a.IPBinding), OnMismatch: signon.Mismatch(cmp.Or(a.IPMismatch, t.IPMismatch)),
			Policy:   signon.Policy(cmp.Or(a.Redemption, t.Redemption)),
			Settings: settings(t.refreshURLs(a.Hosts, a.RefreshURL)),
		})
	}
	if t.Destinations.Portal != nil {
		all = append(all, t.portal())
	}
	if t.Destinations.Entrance != nil {
		all = append(all, t.entrance())
	}
	return append(all, t.apps()...)
}

// refreshURLs returns the settings that say where a destination's people get a
// new link: by host, as browsers send it, and for all others.
func (t *Tenant) refreshURLs(hosts []string, own string) []setting {
	all := []setting{{"refresh_url", cmp.Or(own, t.RefreshURL)}}
	for host, page := range t.RefreshURLs {
		at, err := signon.ParseOrigin(host)
		if err == nil && slices.ContainsFunc(origins(hosts), func(o signon.Origin) bool { return o.Covers(at) }) {
			all = append(all, setting{"refresh_url@" + at.HostPort(), page})
		}
	}
	return all
}

// setting is one that the pages at a destination read.
type setting struct{ name, value string }

// settings returns those that have a value.
func settings(some []setting, more ...setting) map[string]string {
	set := map[string]string{}
	for _, s := range append(some, more...) {
		if s.value != "" {
			set[s.name] = s.value
		}
	}
	return set
}

func origins(hosts []string) []signon.Origin {
	list := make([]signon.Origin, 0, len(hosts))
	for _, h := range hosts {
		if o, err := signon.ParseOrigin(h); err == nil {
			list = append(list, o)
		}
	}
	return list
}

// RootKeys returns the root key and the previous one, or nil for none. Its
// error is Problems.
func (c *Config) RootKeys() (root, previous []byte, err error) {
	var problems Problems
	if root, err = c.RootKey.readRootKey(c.origin.environ); err != nil {
		problems = append(problems, c.origin.problem("root_key", "%s", err))
	}
	if !c.PreviousRootKey.empty() {
		if previous, err = c.PreviousRootKey.readRootKey(c.origin.environ); err != nil {
			problems = append(problems, c.origin.problem("previous_root_key", "%s", err))
		}
	}
	return root, previous, problems.err()
}

// Proxies returns the networks of trusted proxies.
func (c *Config) Proxies() []netip.Prefix {
	return prefixes(c.TrustedProxies)
}

// DefaultTenant returns a tenant with a cart and an account area that have
// their default settings and no hosts yet.
func DefaultTenant(id string) Tenant {
	t := Tenant{ID: id, Name: id, Destinations: Destinations{Cart: &Cart{}, Account: &Account{}}}
	t.setDefaults()
	t.Destinations.Cart.setDefaults()
	t.Destinations.Account.setDefaults()
	return t
}

// DefaultClient returns a 2Checkout client with its default settings.
func DefaultClient(id string, secret SecretRef) Client {
	c := Client{ID: id, Secret: secret}
	c.setDefaults()
	return c
}

// DefaultAPIUser returns a bluesnap client with its default settings and the hash
// of its password.
func DefaultAPIUser(id string, hash SecretRef) Client {
	return Client{Kind: kindBlueSnap, ID: id, Secret: hash}
}

// DefaultLOBClient returns a lob client that is nothing yet and may do nothing.
func DefaultLOBClient(id string) Client { return Client{Kind: kindLOB, ID: id} }

// DefaultOAuthClient returns a client of the built-in issuer, without any scope.
func DefaultOAuthClient(id string, secret SecretRef) Client {
	return Client{Kind: kindOAuth, ID: id, Secret: secret}
}

// DefaultApp returns a line of business with its default settings.
func DefaultApp(id, name string) App {
	a := App{ID: id, Name: name}
	a.setDefaults()
	return a
}

// OwnIssuer returns the issuer that is built in, of whose tokens those are taken
// that have one of the scopes.
func OwnIssuer(scopes ...string) Issuer { return Issuer{Kind: issuerOwn, Scopes: scopes} }

// DefaultPortal returns a portal with its default settings and no hosts yet.
func DefaultPortal() *Portal {
	p := &Portal{}
	p.setDefaults()
	return p
}

// DefaultEntrance returns an entrance with its default settings and no hosts yet.
func DefaultEntrance() *Entrance {
	e := &Entrance{}
	e.setDefaults()
	return e
}

// Fixed returns what can't be changed without a restart, for comparing.
func (c *Config) Fixed() Config {
	fixed := *c
	fixed.Tenants, fixed.origin = nil, origin{}
	// Tenants take their limits from these.
	fixed.Limits.LiveGrants, fixed.Limits.LinksPerSubject = 0, 0
	return fixed
}
