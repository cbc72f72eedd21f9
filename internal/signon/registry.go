package signon

import (
	"errors"
	"fmt"
	"strings"
)

// Registry is what the operator declared, indexed for look-ups. It is
// immutable: a change of configuration makes a new one.
type Registry struct {
	tenants map[TenantID]*Tenant
	clients map[clientKey]*Client
	tags    map[clientTag][]*Client
	hosts   map[hostKey]*Destination
	owners  map[*Destination]*Tenant
	wild    []hostOwner
}

type clientKey struct{ realm, id string }

type hostKey struct {
	hostPort string
	kind     DestinationKind
}

type hostOwner struct {
	origin Origin
	dest   *Destination
}

// NewRegistry checks the declared tenants together and indexes them. It
// reports every mistake at once, each naming what it concerns.
func NewRegistry(tenants []Tenant) (*Registry, error) {
	r := &Registry{
		tenants: map[TenantID]*Tenant{}, clients: map[clientKey]*Client{}, tags: map[clientTag][]*Client{},
		hosts: map[hostKey]*Destination{}, owners: map[*Destination]*Tenant{},
	}
	var errs []error
	for i := range tenants {
		t := tenants[i]
		if t.ID == "" || r.tenants[t.ID] != nil {
			errs = append(errs, fmt.Errorf("tenant %q: the id must be given and unique", t.ID))
			continue
		}
		r.tenants[t.ID] = &t
		errs = append(errs, r.addClients(&t), r.addDestinations(&t))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return r, nil
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
		case len(c.Secrets) == 0 || len(c.Secrets) > 2:
			errs = append(errs, fmt.Errorf("tenant %q: client %q must have one secret, or two while they are rotated", t.ID, c.ID))
		}
		r.clients[key] = c
		tag := tagOf(c.Realm, c.ID)
		r.tags[tag] = append(r.tags[tag], c)
	}
	return errors.Join(errs...)
}

func (r *Registry) addDestinations(t *Tenant) error {
	var errs []error
	seen := map[string]bool{}
	for i := range t.Destinations {
		d := &t.Destinations[i]
		r.owners[d] = t
		if d.ID == "" || seen[d.ID] {
			errs = append(errs, fmt.Errorf("tenant %q: destination %q: the id must be given and unique", t.ID, d.ID))
		}
		seen[d.ID] = true
		if rule := d.fault(); rule != "" {
			errs = append(errs, fmt.Errorf("tenant %q: destination %q %s", t.ID, d.ID, rule))
		}
		for _, o := range d.Origins {
			errs = append(errs, r.addHost(t, d, o))
		}
	}
	return errors.Join(errs...)
}

func (r *Registry) addHost(t *Tenant, d *Destination, o Origin) error {
	if strings.HasPrefix(o.Host, "*.") {
		r.wild = append(r.wild, hostOwner{o, d})
		return nil
	}
	key := hostKey{o.HostPort(), d.Kind}
	if other := r.hosts[key]; other != nil && other != d {
		return fmt.Errorf("tenant %q: destination %q: %s is registered already for a %s of tenant %q", t.ID, d.ID, o, d.Kind, r.owners[other].ID)
	}
	r.hosts[key] = d
	return nil
}

// fault returns what is wrong with a declared destination, or "".
func (d *Destination) fault() string {
	switch {
	case len(d.Origins) == 0:
		return "needs a registered host"
	case strings.HasPrefix(d.Origins[0].Host, "*."):
		return "must not start its hosts with a wildcard: the first one is the base of its links"
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

// Client returns the client with that id in that realm.
func (r *Registry) Client(realm, id string) (*Client, bool) {
	c, ok := r.clients[clientKey{realm, id}]
	return c, ok
}

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
// names it: "host" or "host:port".
func (r *Registry) At(hostPort string, kind DestinationKind) (*Tenant, *Destination, bool) {
	hostPort = strings.ToLower(hostPort)
	if d, ok := r.hosts[hostKey{hostPort, kind}]; ok {
		return r.owners[d], d, true
	}
	for _, w := range r.wild {
		host, port, rule := splitAuthority(hostPort, defaultPort(w.origin.Scheme))
		here := Origin{w.origin.Scheme, host, port}
		if rule == "" && w.dest.Kind == kind && w.origin.Covers(here) && here.HostPort() == hostPort {
			return r.owners[w.dest], w.dest, true
		}
	}
	return nil, nil, false
}
