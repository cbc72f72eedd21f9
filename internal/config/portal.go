package config

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Portal is where a tenant's users work. Links to it are made for one address and
// name the user's tenant, so that several tenants may have one host.
type Portal struct {
	// Hosts are the registered hosts with their scheme. The first one is the base
	// of links. Other tenants may have them for their portals, too.
	Hosts []string `yaml:"hosts"`
	// DefaultTTL is a link's validity when none is asked for.
	DefaultTTL Duration `yaml:"default_ttl"`
	// MaxTTL is the longest validity that can be asked for.
	MaxTTL Duration `yaml:"max_ttl"`
	// SessionTTL is how long a user stays signed in, whatever happens meanwhile.
	SessionTTL Duration `yaml:"session_ttl"`
	// IPBinding says how closely a link is bound to an IPv6 address: exact, or net64
	// for its network of 64 bits. IPv4 is always exact.
	IPBinding string `yaml:"ip_binding"`
	// IPMismatch replaces the tenant's ip_mismatch: refuse or report.
	IPMismatch string `yaml:"ip_mismatch"`
	// Redemption says how links are redeemed: direct, auto or confirm. The tenant's
	// redemption does not count here, where links are bound to an address.
	Redemption string `yaml:"redemption"`
	// RefreshURL is where a user gets a new link when one does not work; the
	// tenant's when not given.
	RefreshURL string `yaml:"refresh_url"`
}

// Entrance leads customers on to the cart or the account of the tenant.
type Entrance struct {
	// Hosts are the registered hosts with their scheme, each of them one of the cart
	// or the account. The first one is the base of links. Without any they are those
	// of the account, or of the cart where there is no account.
	Hosts []string `yaml:"hosts"`
	// DefaultTTL is a link's validity when none is asked for.
	DefaultTTL Duration `yaml:"default_ttl"`
	// MaxTTL is the longest validity that can be asked for.
	MaxTTL Duration `yaml:"max_ttl"`
	// Redemption replaces the tenant's redemption: direct, auto or confirm.
	Redemption string `yaml:"redemption"`
	// RefreshURL is where a person gets a new link when one does not work; the
	// tenant's when not given.
	RefreshURL string `yaml:"refresh_url"`
	// Contracts say which product a contract that links name is, as in {"2121730":
	// "4639321"}. A contract that is not among them is the ID of a product.
	Contracts Contracts `yaml:"contracts"`
}

// Contracts are the IDs of products by those of contracts.
type Contracts map[string]string

func (p *Portal) setDefaults() {
	p.DefaultTTL = Duration(5 * time.Minute)
	p.MaxTTL = Duration(5 * time.Minute)
	p.SessionTTL = Duration(30 * time.Minute)
	p.IPBinding = string(signon.AddrExact)
	p.Redemption = string(signon.PolicyDirect)
}

func (e *Entrance) setDefaults() {
	e.DefaultTTL = Duration(10 * time.Minute)
	e.MaxTTL = Duration(24 * time.Hour)
}

// Where links to portals and entrances lead.
var (
	portalPaths   = []string{"/jsp/developer_login.jsp"}
	entrancePaths = []string{"/jsp/entrance.jsp"}
)

func (k *checker) portal(p *Portal, pages pages, path string) {
	// Portals of several tenants may have one host, so the kind is that of one tenant.
	k.hosts(p.Hosts, path, path)
	for i, o := range p.Hosts {
		if i > 0 && strings.Contains(o, "//*.") {
			k.fail(fmt.Sprintf("%s.hosts[%d]", path, i), "must not be a wildcard")
		}
	}
	pages.url(p.RefreshURL, path+".refresh_url")
	k.policies(p.Redemption, p.IPMismatch, path)
	k.validity(validity{p.DefaultTTL, p.MaxTTL, p.SessionTTL, 0, p.IPBinding}, path)
}

func (k *checker) entrance(e *Entrance, pages pages, path string) {
	if len(pages.inside) == 0 {
		k.fail(path, "needs a cart or an account to lead to")
	} else {
		k.hosts(e.Hosts, "entrance", path)
		k.led(e.Hosts, pages, path)
	}
	pages.url(e.RefreshURL, path+".refresh_url")
	k.policies(e.Redemption, "", path)
	k.validity(validity{e.DefaultTTL, e.MaxTTL, Duration(time.Second), 0, string(signon.AddrExact)}, path)
	for _, contract := range slices.Sorted(maps.Keys(e.Contracts)) {
		at := entry(path+".contracts", contract)
		product := e.Contracts[contract]
		switch {
		case contract == "" || len(contract) > 20 || strings.Trim(contract, "0123456789") != "":
			k.fail(at, "must be for a contract of 1 to 20 digits")
		case product == "" || strings.ContainsAny(product, ",& "):
			k.fail(at, "must be the ID of a product, without commas, blanks and &")
		}
	}
}

// led checks that each host leads somewhere: cookies stay at the host that set them.
func (k *checker) led(hosts []string, pages pages, path string) {
	for i, host := range hosts {
		at, err := signon.ParseOrigin(host)
		if err == nil && !slices.ContainsFunc(pages.inside, func(o signon.Origin) bool { return o == at || o.Covers(at) }) {
			k.fail(fmt.Sprintf("%s.hosts[%d]", path, i), "must be a host of the tenant's cart or account")
		}
	}
}

func (t *Tenant) portal() signon.Destination {
	p := t.Destinations.Portal
	return signon.Destination{
		ID: "portal", Kind: signon.KindPortal, Origins: origins(p.Hosts), Paths: portalPaths, TokenParam: "ref",
		DefaultTTL: time.Duration(p.DefaultTTL), MaxTTL: time.Duration(p.MaxTTL), SessionTTL: time.Duration(p.SessionTTL),
		AddrPolicy: signon.AddrPolicy(p.IPBinding), OnMismatch: signon.Mismatch(cmp.Or(p.IPMismatch, t.IPMismatch)),
		Policy: signon.Policy(p.Redemption), Requires: signon.CapPrincipal,
		Settings: settings(t.refreshURLs(p.Hosts, p.RefreshURL)),
	}
}

func (t *Tenant) entrance() signon.Destination {
	e := t.Destinations.Entrance
	set := t.refreshURLs(e.Hosts, e.RefreshURL)
	for contract, product := range e.Contracts {
		set = append(set, setting{"contract@" + contract, product})
	}
	return signon.Destination{
		ID: "entrance", Kind: signon.KindEntrance, Origins: origins(e.Hosts), Paths: entrancePaths, TokenParam: "token",
		DefaultTTL: time.Duration(e.DefaultTTL), MaxTTL: time.Duration(e.MaxTTL),
		SessionTTL: time.Hour, // of nobody: sessions begin where the entrance leads
		AddrPolicy: signon.AddrExact, OnMismatch: signon.Mismatch(t.IPMismatch),
		Policy: signon.Policy(cmp.Or(e.Redemption, t.Redemption)), Requires: signon.CapPrincipal,
		Settings: settings(set),
	}
}
