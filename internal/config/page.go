package config

import (
	"slices"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// pages checks the addresses of pages that one tenant's people are sent to.
type pages struct {
	*checker
	inside  []signon.Origin // the hosts of the tenant's cart and account
	origins []signon.Origin // these and its other hosts
}

func (k *checker) pagesOf(t *Tenant) pages {
	p := pages{checker: k}
	if c := t.Destinations.Cart; c != nil {
		p.inside = append(p.inside, origins(c.Hosts)...)
	}
	if a := t.Destinations.Account; a != nil {
		p.inside = append(p.inside, origins(a.Hosts)...)
	}
	p.origins = slices.Clone(p.inside)
	if portal := t.Destinations.Portal; portal != nil {
		p.origins = append(p.origins, origins(portal.Hosts)...)
	}
	return p
}

// url checks the address of a page; none is right. People who come over TLS are
// not sent elsewhere without.
func (p pages) url(text, path string) {
	if text == "" {
		return
	}
	to, err := signon.PageOrigin(text)
	switch {
	case err != nil:
		p.fail(path, "%s", err)
	case to.Scheme == "http" && !p.plain():
		p.fail(path, "must be an https URL: none of the tenant's hosts is registered with http")
	}
}

// plain reports whether one of the tenant's hosts is registered with http.
func (p pages) plain() bool {
	for _, o := range p.origins {
		if o.Scheme == "http" {
			return true
		}
	}
	return false
}

// byHost checks the address of a page for the links to one host.
func (p pages) byHost(host, text, path string) {
	path = entry(path, host)
	at, err := signon.ParseOrigin(host)
	switch {
	case err != nil:
		p.fail(path, "is for no host: %s", err)
		return
	case strings.HasPrefix(at.Host, "*."):
		p.fail(path, "must be for one host, not for a wildcard")
		return
	}
	p.unique("refresh_urls of "+path[:strings.IndexByte(path, '.')]+" "+at.String(), path)
	for _, o := range p.origins {
		if o.Covers(at) {
			p.url(text, path)
			return
		}
	}
	p.fail(path, "is for a host that none of the tenant's destinations has")
}
