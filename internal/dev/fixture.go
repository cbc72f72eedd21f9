// Package dev is the demo that `latchkey dev` runs: its vendors, people and
// products, its start page, and a pretend payment processor.
package dev

import (
	"context"
	"errors"
	"fmt"

	"github.com/latchkey-sso/latchkey/internal/config"
	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// The demo vendors and what they sign with. They are public.
const (
	MerchantCode      = "AVANGATE"
	SecretKey         = "SECRET_KEY"
	OtherMerchantCode = "OTHERSHOP"
	OtherSecretKey    = "OTHER_SECRET"
)

// The demo's API users and their passwords: one that may do everything, and one
// that may do nothing. Of the passwords the server has hashes alone, made by
// password.Hash once, so that a start takes no time for it.
const (
	APIUser      = "username"
	APIPassword  = "password"
	apiHash      = "$argon2id$v=19$m=19456,t=2,p=1$0BwVqPZFuhZdsYVtzIMmDQ$nv7/hUxNGIGpNnik0T/1s0jBQutnO57mMI6E5Yaut08"
	WeakUser     = "norole"
	WeakPassword = "Password1234"
	weakHash     = "$argon2id$v=19$m=19456,t=2,p=1$BufChKDELiI7vGy6K+UtPA$X8NTSug5dZzfA5p5ZZq3nnKQGF5NOdcolV6amqS+Nz4"
)

// The tenants of the demo: two vendors, of which the first is also a merchant with
// users, a merchant that it acts for, and one that it does not.
const (
	tenant         signon.TenantID = "avangate"
	otherTenant    signon.TenantID = "othershop"
	linkedTenant   signon.TenantID = "merchant-23424"
	unlinkedTenant signon.TenantID = "merchant-99999"
)

// What the tenants with users call themselves.
const (
	MerchantNumber = "1000001"
	LinkedNumber   = "23424"
	UnlinkedNumber = "99999"
)

// UserID is a user of the first merchant, and another one of the linked merchant.
const UserID = 1111001

// CustomerID is the demo customer with two cards on file, and ShopperID is the same.
const (
	CustomerID = 352365983
	ShopperID  = 19363122
)

// ContractID is what the demo vendor calls ProductID, too.
const ContractID = "2121730"

// CardEntryPath is where the demo enters a new card.
const CardEntryPath = "/dev/card"

// noCardsID is the demo customer without any.
const noCardsID = 352365984

// ProductID is a product of the demo vendor, and otherProductID the other one's.
const (
	ProductID      = "4639321"
	otherProductID = "9000001"
)

// Config returns the configuration of the demo for a server on that port of
// localhost. The data directory and the root key are left to the caller.
func Config(port uint16) *config.Config { return ConfigAt(Place{Port: port}) }

// ConfigAt returns what Config does, for a server in that place.
func ConfigAt(place Place) *config.Config {
	here, otherHost := place.URL("localhost"), place.URL("127.0.0.1")
	c := config.Default()
	c.PublicURL = here
	c.TrustedProxies = loopback()
	c.Log.Format = "text"
	// A test suite asks for many links for one person, and for wrong ones.
	c.Limits.LinksPerSubject = 10_000
	c.Limits.FailedLogins = 600
	c.Limits.Misses = 600
	shop := config.DefaultTenant(string(tenant))
	shop.Name, shop.SupportEmail, shop.Branding = "Avangate Demo", "help@demo.example", branding()
	shop.Clients = []config.Client{config.DefaultClient(MerchantCode, config.Literal(SecretKey))}
	shop.Destinations.Cart.Hosts = []string{here, "https://store.avancart.com", "https://store.YourCustomDomain.com"}
	shop.Destinations.Cart.CardEntryURL = here + CardEntryPath
	shop.Destinations.Account.Hosts = []string{here, "https://secure.2co.com"}
	principal := config.DefaultAPIUser(APIUser, config.Literal(apiHash))
	principal.Capabilities = []string{string(signon.CapPrincipal)}
	shop.Clients = append(shop.Clients, principal, config.DefaultAPIUser(WeakUser, config.Literal(weakHash)))
	shop.Number, shop.ActsFor = MerchantNumber, []string{string(linkedTenant)}
	shop.Destinations.Portal = portal(here)
	shop.Destinations.Entrance = config.DefaultEntrance()
	shop.Destinations.Entrance.Hosts = []string{here}
	shop.Destinations.Entrance.Contracts = config.Contracts{ContractID: ProductID}
	other := config.DefaultTenant(string(otherTenant))
	other.Name = "Other Shop Demo"
	other.Clients = []config.Client{config.DefaultClient(OtherMerchantCode, config.Literal(OtherSecretKey))}
	other.Destinations.Cart.Hosts = []string{otherHost}
	other.Destinations.Account.Hosts = []string{otherHost}
	c.Tenants = []config.Tenant{
		shop, other,
		merchant(linkedTenant, LinkedNumber, "Harbour Books Demo", here),
		merchant(unlinkedTenant, UnlinkedNumber, "Northgate Tools Demo", here),
		group(place),
	}
	return c
}

// merchant returns a tenant that has a portal and nothing else.
func merchant(id signon.TenantID, number, name, host string) config.Tenant {
	m := config.DefaultTenant(string(id))
	m.Name, m.Number = name, number
	m.Destinations = config.Destinations{Portal: portal(host)}
	return m
}

// portal returns a portal at the host, which all of the demo's merchants share.
func portal(host string) *config.Portal {
	p := config.DefaultPortal()
	p.Hosts = []string{host}
	return p
}

// loopback is the trusted proxy of the demo, so that an example can pretend an
// address with X-Forwarded-For.
func loopback() []config.Network {
	v4, v6 := config.Network{}, config.Network{}
	if err := errors.Join(v4.UnmarshalText([]byte("127.0.0.0/8")), v6.UnmarshalText([]byte("::1"))); err != nil {
		panic(err) // they are constants
	}
	return []config.Network{v4, v6}
}

// Seed stores the demo's people, products and subscriptions, as far as they are
// not there: what was changed since stays changed, and a user who was deleted stays
// deleted, as the directory gives no user's number away again.
func Seed(ctx context.Context, dir *directory.Service) error {
	for _, t := range []signon.TenantID{tenant, otherTenant, linkedTenant, unlinkedTenant} {
		if err := seedUsers(ctx, dir, t); err != nil {
			return fmt.Errorf("load demo data: %w", err)
		}
		batch, err := missing(ctx, dir, t)
		if err != nil {
			return fmt.Errorf("load demo data: %w", err)
		}
		if batch == nil {
			continue
		}
		if _, err := dir.Import(ctx, t, batch, directory.Act{}); err != nil {
			return fmt.Errorf("load demo data: %w", err)
		}
	}
	if err := seedMembers(ctx, dir); err != nil {
		return fmt.Errorf("load demo data: %w", err)
	}
	return nil
}

// seedUsers adds those of the tenant's users who never were there.
func seedUsers(ctx context.Context, dir *directory.Service, t signon.TenantID) error {
	absent, err := absent(users()[t], func(u *directory.User) error {
		_, err := dir.User(ctx, t, u.ID)
		return err
	})
	if err != nil {
		return err
	}
	for _, u := range absent {
		u.Tenant = t
		if err := dir.AddUser(ctx, u, directory.Act{}); err != nil && !errors.Is(err, signon.ErrConflict) {
			return err
		}
	}
	return nil
}

// missing returns what the tenant has in the demo but not in the directory, or
// nil when nothing is missing.
func missing(ctx context.Context, dir *directory.Service, t signon.TenantID) (*directory.Batch, error) {
	var b directory.Batch
	var errs [3]error
	b.Customers, errs[0] = absent(customers()[t], func(c *directory.Customer) error {
		_, err := dir.CustomerByID(ctx, t, c.ID)
		return err
	})
	b.Subscriptions, errs[1] = absent(subscriptions()[t], func(s *directory.Subscription) error {
		_, err := dir.Subscription(ctx, t, s.Reference)
		return err
	})
	b.Products, errs[2] = absent(products()[t], func(p *directory.Product) error {
		found, err := dir.Products(ctx, t, []string{p.ID})
		if err == nil && len(found) == 0 {
			err = signon.ErrNotFound
		}
		return err
	})
	if err := errors.Join(errs[:]...); err != nil || len(b.Customers)+len(b.Subscriptions)+len(b.Products) == 0 {
		return nil, err
	}
	return &b, nil
}

// absent returns the rows that find does not find.
func absent[T any](rows []*T, find func(*T) error) (missing []*T, err error) {
	for _, row := range rows {
		switch err := find(row); {
		case errors.Is(err, signon.ErrNotFound):
			missing = append(missing, row)
		case err != nil:
			return nil, err
		}
	}
	return missing, nil
}
