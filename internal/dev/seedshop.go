package dev

import (
	"slices"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/sandbox/shop"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Credentials returns what programs of the seeds' tenants call the APIs with, as far
// as the files say it: of an API user with a hash the password is not known.
func (s *Seeds) Credentials() []shop.Credentials {
	var all []shop.Credentials
	for i := range s.tenants {
		t := &s.tenants[i]
		own := shop.Credentials{Tenant: t.ID, Product: s.firstProduct(t.ID)}
		for j := range t.Clients {
			switch c := &t.Clients[j]; {
			case c.Realm == "avangate" && own.MerchantCode == "":
				own.MerchantCode, own.SecretKey = c.ID, c.Secrets[0].Reveal()
			case c.Realm == "bluesnap" && own.User == "" && s.principal(c):
				own.User, own.Password = c.ID, s.passwords[c.ID]
			case c.Realm == "lob" && len(c.IssuesFor) > 0:
				all = append(all, s.bearers(t, c)...)
			}
		}
		all = append(all, own)
		all = append(all, s.onBehalf(t, own)...)
	}
	return all
}

// principal reports whether calls can be made as the API user.
func (s *Seeds) principal(c *signon.Client) bool {
	return s.passwords[c.ID] != "" && slices.Contains(c.Capabilities, signon.CapPrincipal)
}

// onBehalf returns the credentials for those of the seeds' tenants that the tenant
// acts for.
func (s *Seeds) onBehalf(t *signon.Tenant, own shop.Credentials) []shop.Credentials {
	var all []shop.Credentials
	for i := range s.tenants {
		if other := &s.tenants[i]; own.User != "" && slices.Contains(t.ActsFor, other.ID) {
			all = append(all, shop.Credentials{Tenant: other.ID, User: own.User, Password: own.Password, OnBehalfOf: other.Number})
		}
	}
	return all
}

// bearers returns the credentials of a client that is proved by access tokens of the
// built-in issuer, of the first of its bearers whose secret is known.
func (s *Seeds) bearers(t *signon.Tenant, c *signon.Client) []shop.Credentials {
	for _, id := range c.Bearers {
		for i := range t.Clients {
			if bearer := &t.Clients[i]; bearer.Realm == "oauth" && bearer.ID == id {
				return []shop.Credentials{{
					Tenant: t.ID, LOBClient: c.ID, Bearer: id, BearerSecret: bearer.Secrets[0].Reveal(), API: s.place.at(t.Hosts),
				}}
			}
		}
	}
	return nil
}

// firstProduct returns what links of the tenant put into the cart, or nothing.
func (s *Seeds) firstProduct(t signon.TenantID) string {
	for _, e := range s.entries {
		if e.Tenant == string(t) && e.Kind == string(directory.ProductRows) {
			return e.key
		}
	}
	return ""
}
