package signon

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
)

// Registry is what the operator declared, indexed for look-ups. It is
// immutable: a change of configuration makes a new one.
type Registry struct {
	tenants map[TenantID]*Tenant
	numbers map[string]*Tenant
	at      map[string]*Tenant // by the host of its API
	clients map[clientKey]*Client
	secrets map[string]int // by realm: how many the client with most of them has
	tags    map[tag][]*Client
	hosts   map[hostKey][]Site
	wild    []wildSite
}

// Site is a tenant's destination at a host.
type Site struct {
	Tenant      *Tenant
	Destination *Destination
}

// tag is a short name of what has a long one: of a client, or of a destination
// among those at a host. It is public and proves nothing.
type tag [4]byte

func tagOf(owner, id string) (t tag) {
	digest := sha256.Sum256([]byte(owner + "\x00" + id))
	copy(t[:], digest[:])
	return t
}

type clientKey struct{ realm, id string }

type hostKey struct {
	hostPort string
	kind     DestinationKind
}

type wildSite struct {
	origin Origin
	site   Site
}

// NewRegistry checks the declared tenants together and indexes them. It
// reports every mistake at once, each naming what it concerns.
func NewRegistry(tenants []Tenant) (*Registry, error) {
	r := &Registry{
		tenants: map[TenantID]*Tenant{}, numbers: map[string]*Tenant{}, at: map[string]*Tenant{}, clients: map[clientKey]*Client{}, secrets: map[string]int{}, tags: map[tag][]*Client{},
		hosts: map[hostKey][]Site{},
	}
	var errs []error
	for i := range tenants {
		t := tenants[i]
		if t.ID == "" || r.tenants[t.ID] != nil {
			errs = append(errs, fmt.Errorf("tenant %q: the id must be given and unique", t.ID))
			continue
		}
		r.tenants[t.ID] = &t
		errs = append(errs, r.addNumber(&t), r.addHosts(&t), r.addClients(&t), r.addDestinations(&t))
	}
	for i := range tenants {
		errs = append(errs, r.checkLinks(&tenants[i]), checkApps(&tenants[i]), checkIssuers(&tenants[i]))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *Registry) addNumber(t *Tenant) error {
	if t.Number == "" {
		return nil
	}
	if strings.Trim(t.Number, "0123456789") != "" {
		return fmt.Errorf("tenant %q: the number %q must have digits only", t.ID, t.Number)
	}
	if other := r.numbers[t.Number]; other != nil {
		return fmt.Errorf("tenant %q: the number %q is that of tenant %q already", t.ID, t.Number, other.ID)
	}
	r.numbers[t.Number] = t
	return nil
}

func (r *Registry) addHosts(t *Tenant) error {
	var errs []error
	for _, host := range t.Hosts {
		host = strings.ToLower(host)
		if other := r.at[host]; other != nil && other.ID != t.ID {
			errs = append(errs, fmt.Errorf("tenant %q: %s is the host of tenant %q already", t.ID, host, other.ID))
		}
		r.at[host] = t
	}
	return errors.Join(errs...)
}

// ByHost returns the tenant whose API is at the host, as a client names it.
func (r *Registry) ByHost(hostPort string) (*Tenant, bool) {
	t, ok := r.at[strings.ToLower(hostPort)]
	return t, ok
}

func (r *Registry) checkLinks(t *Tenant) error {
	var errs []error
	for _, id := range t.ActsFor {
		if other := r.tenants[id]; other == nil || id == t.ID || other.Number == "" {
			errs = append(errs, fmt.Errorf("tenant %q: it can't act for %q: that must be another tenant, which has a number", t.ID, id))
		}
	}
	return errors.Join(errs...)
}

// checkApps returns an error for clients of applications that the tenant does not
// have.
func checkApps(t *Tenant) error {
	var errs []error
	for i := range t.Clients {
		for _, id := range slices.Concat(t.Clients[i].IssuesFor, t.Clients[i].Is) {
			if !slices.ContainsFunc(t.Destinations, func(d Destination) bool { return d.ID == id && d.Kind == KindApp }) {
				errs = append(errs, fmt.Errorf("tenant %q: client %q: %q is no application of the tenant", t.ID, t.Clients[i].ID, id))
			}
		}
	}
	return errors.Join(errs...)
}

func (r *Registry) addClients(t *Tenant) error {
	var errs []error
	for i := range t.Clients {
		c := &t.Clients[i]
		c.Tenant = t.ID
		key := clientKey{c.Realm, c.ID}
		switch {
		case c.ID == "" || c.Realm == "":
			errs = append(errs, fmt.Errorf("tenant %q: a client needs a realm and an id", t.ID))
		case r.clients[key] != nil:
			errs = append(errs, fmt.Errorf("tenant %q: client %q exists already in realm %q", t.ID, c.ID, c.Realm))
		case len(c.Secrets) == 0 && len(c.Bearers) == 0 || len(c.Secrets) > 2:
			errs = append(errs, fmt.Errorf("tenant %q: client %q must have one secret, or two while they are rotated", t.ID, c.ID))
		}
		if i := slices.IndexFunc(c.Networks, notNetwork); i >= 0 {
			errs = append(errs, fmt.Errorf("tenant %q: client %q: %s is no network: it must have no host bits, and IPv4 must be written as such", t.ID, c.ID, c.Networks[i]))
		}
		r.clients[key] = c
		r.secrets[c.Realm] = max(r.secrets[c.Realm], len(c.Secrets))
		short := tagOf(c.Realm, c.ID)
		r.tags[short] = append(r.tags[short], c)
	}
	return errors.Join(errs...)
}

// notNetwork reports whether the prefix would admit others than it seems to, or
// nobody.
func notNetwork(n netip.Prefix) bool { return !n.IsValid() || n.Addr().Is4In6() || n != n.Masked() }

func (r *Registry) addDestinations(t *Tenant) error {
	var errs []error
	seen := map[string]bool{}
	for i := range t.Destinations {
		d := &t.Destinations[i]
		if d.ID == "" || seen[d.ID] {
			errs = append(errs, fmt.Errorf("tenant %q: destination %q: the id must be given and unique", t.ID, d.ID))
		}
		seen[d.ID] = true
		if rule := d.fault(); rule != "" {
			errs = append(errs, fmt.Errorf("tenant %q: destination %q %s", t.ID, d.ID, rule))
		}
		for _, o := range d.Origins {
			errs = append(errs, r.addHost(Site{t, d}, o))
		}
	}
	return errors.Join(errs...)
}

func (r *Registry) addHost(p Site, o Origin) error {
	if strings.HasPrefix(o.Host, "*.") {
		r.wild = append(r.wild, wildSite{o, p})
		return nil
	}
	key := hostKey{o.HostPort(), p.Destination.Kind}
	for _, other := range r.hosts[key] {
		switch {
		case other == p:
			return nil // named twice
		case !key.kind.shared():
			return fmt.Errorf("tenant %q: destination %q: %s is registered already for a %s of tenant %q", p.Tenant.ID, p.Destination.ID, o, key.kind, other.Tenant.ID)
		case other.Tenant == p.Tenant:
			return fmt.Errorf("tenant %q: destination %q: %s is registered already for its destination %q", p.Tenant.ID, p.Destination.ID, o, other.Destination.ID)
		case ownerTag(other.Tenant.ID, other.Destination) == ownerTag(p.Tenant.ID, p.Destination):
			return fmt.Errorf("tenant %q: destination %q can't be told from that of tenant %q at %s: one of the tenants needs another id", p.Tenant.ID, p.Destination.ID, other.Tenant.ID, o)
		}
	}
	r.hosts[key] = append(r.hosts[key], p)
	return nil
}

// fault returns what is wrong with a declared destination, or "".
func (d *Destination) fault() string {
	switch {
	case d.Kind == KindApp && d.DefaultTTL > 0 && d.DefaultTTL <= d.MaxTTL && d.MaxTTL <= MaxNumberedTTL:
		return ""
	case d.Kind == KindApp:
		return "needs a default validity above zero and a longest one not below it, of 24 hours at most"
	case len(d.Origins) == 0:
		return "needs a registered host"
	case strings.HasPrefix(d.Origins[0].Host, "*."):
		return "must not start its hosts with a wildcard: the first one is the base of its links"
	case d.Kind.shared() && slices.ContainsFunc(d.Origins, func(o Origin) bool { return strings.HasPrefix(o.Host, "*.") }):
		return "must not have a wildcard among its hosts"
	case len(d.Paths) == 0:
		return "needs a path"
	case d.TokenParam == "":
		return "needs the name of the parameter that carries the token"
	case d.DefaultTTL <= 0 || d.MaxTTL < d.DefaultTTL:
		return "needs a default validity above zero and a longest one not below it"
	case d.SessionTTL <= 0:
		return "needs a session lifetime above zero"
	case d.IdleTTL < 0:
		return "must not have an idle time below zero"
	case d.AddrPolicy != AddrExact && d.AddrPolicy != AddrNet64:
		return "must bind addresses exact or net64"
	case d.OnMismatch != "" && d.OnMismatch != MismatchRefuse && d.OnMismatch != MismatchReport:
		return "must refuse or report calls from other addresses"
	case d.Policy != "" && d.Policy != PolicyDirect && d.Policy != PolicyAuto && d.Policy != PolicyConfirm:
		return "must redeem links direct, auto or confirm"
	}
	return ""
}

// Tenant returns the tenant with that id.
func (r *Registry) Tenant(id TenantID) (*Tenant, bool) {
	t, ok := r.tenants[id]
	return t, ok
}

// Tenants returns all tenants, by their ids.
func (r *Registry) Tenants() []*Tenant {
	all := slices.Collect(maps.Values(r.tenants))
	slices.SortFunc(all, func(a, b *Tenant) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return all
}

// ActingFor returns the tenants that may act for that one, by name.
func (r *Registry) ActingFor(tenant TenantID) []*Tenant {
	var all []*Tenant
	for _, t := range r.tenants {
		if slices.Contains(t.ActsFor, tenant) {
			all = append(all, t)
		}
	}
	slices.SortFunc(all, func(a, b *Tenant) int { return strings.Compare(a.Name+string(a.ID), b.Name+string(b.ID)) })
	return all
}

// Client returns the client with that id in that realm.
func (r *Registry) Client(realm, id string) (*Client, bool) {
	c, ok := r.clients[clientKey{realm, id}]
	return c, ok
}

// mostSecrets returns how many secrets the client has that has most of them in the
// realm.
func (r *Registry) mostSecrets(realm string) int { return r.secrets[realm] }

// Destination returns the tenant's first destination of that kind.
func (r *Registry) Destination(tenant TenantID, kind DestinationKind) (*Destination, bool) {
	t, ok := r.tenants[tenant]
	if !ok {
		return nil, false
	}
	for i := range t.Destinations {
		if t.Destinations[i].Kind == kind {
			return &t.Destinations[i], true
		}
	}
	return nil, false
}

// DestinationByID returns the tenant's destination with that id.
func (r *Registry) DestinationByID(tenant TenantID, id string) (*Destination, bool) {
	t, ok := r.tenants[tenant]
	if !ok {
		return nil, false
	}
	for i := range t.Destinations {
		if t.Destinations[i].ID == id {
			return &t.Destinations[i], true
		}
	}
	return nil, false
}

// At returns the tenant and destination of that kind at a host, as a browser
// names it: "host" or "host:port". Where several tenants share the host, it is the
// one declared first, as whose the host itself counts.
func (r *Registry) At(hostPort string, kind DestinationKind) (*Tenant, *Destination, bool) {
	hostPort = strings.ToLower(hostPort)
	if sites := r.hosts[hostKey{hostPort, kind}]; len(sites) > 0 {
		return sites[0].Tenant, sites[0].Destination, true
	}
	for _, w := range r.wild {
		host, port, rule := splitAuthority(hostPort, defaultPort(w.origin.Scheme))
		here := Origin{w.origin.Scheme, host, port}
		if rule == "" && w.site.Destination.Kind == kind && w.origin.Covers(here) && here.HostPort() == hostPort {
			return w.site.Tenant, w.site.Destination, true
		}
	}
	return nil, nil, false
}

// Sites returns all that are of that kind at a host, the one declared first first.
func (r *Registry) Sites(hostPort string, kind DestinationKind) []Site {
	if sites := r.hosts[hostKey{strings.ToLower(hostPort), kind}]; len(sites) > 0 {
		return slices.Clone(sites)
	}
	if tenant, dest, ok := r.At(hostPort, kind); ok {
		return []Site{{tenant, dest}}
	}
	return nil
}

// Shared returns the site of the tenant at a host that several may share.
func (r *Registry) Shared(hostPort string, kind DestinationKind, tenant TenantID) (Site, bool) {
	return r.sharedWhere(hostPort, kind, func(p Site) bool { return p.Tenant.ID == tenant })
}

// Addressed returns the site at a host that several tenants may share which the
// text of a token is for, whether or not there is such a token.
func (r *Registry) Addressed(hostPort string, kind DestinationKind, token string) (Site, bool) {
	parsed, err := ParseToken(token)
	if err != nil {
		return Site{}, false
	}
	owner, ok := parsed.owner()
	if !ok {
		return Site{}, false
	}
	return r.sharedWhere(hostPort, kind, func(p Site) bool { return ownerTag(p.Tenant.ID, p.Destination) == owner })
}

func (r *Registry) sharedWhere(hostPort string, kind DestinationKind, is func(Site) bool) (Site, bool) {
	sites := r.hosts[hostKey{strings.ToLower(hostPort), kind}]
	if i := slices.IndexFunc(sites, is); i >= 0 && kind.shared() {
		return sites[i], true
	}
	return Site{}, false
}
