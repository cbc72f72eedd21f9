package lob

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// admit finds the tenant, and refuses who calls from where it may not be called from.
func (c *call) admit() error {
	if err := c.findTenant(); err != nil {
		return err
	}
	if c.route != nil && c.route.public || callableFrom(c.tenant, c.info.Addr) {
		return nil
	}
	return notAcceptable("a call from one of the tenant's networks", c.info.Addr.String())
}

// findTenant finds the tenant by the host that is called.
func (c *call) findTenant() error {
	tenant, ok := c.SignOn.Registry().ByHost(c.host())
	if !ok {
		return notAcceptable("a host of a tenant", strings.Clone(c.request.Host))
	}
	c.tenant = tenant
	return nil
}

// host is the host that is called, without the port that its scheme has anyway.
func (c *call) host() string {
	usual := ":80"
	if c.info.Secure {
		usual = ":443"
	}
	return strings.TrimSuffix(c.request.Host, usual)
}

func callableFrom(t *signon.Tenant, addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	return len(t.Networks) == 0 || slices.ContainsFunc(t.Networks, func(n netip.Prefix) bool { return n.Contains(addr) })
}
