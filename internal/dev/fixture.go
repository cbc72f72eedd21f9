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

// The tenants of the demo vendors.
const (
	tenant      signon.TenantID = "avangate"
	otherTenant signon.TenantID = "othershop"
)

// CustomerID is the demo customer with two cards on file.
const CustomerID = 352365983

// CardEntryPath is where the demo enters a new card.
const CardEntryPath = "/dev/card"

// noCardsID is the demo customer without any.
const noCardsID = 352365984

// ProductID is a product of the demo vendor.
const ProductID = "4639321"

// Config returns the configuration of the demo for a server on that port of
// localhost. The data directory and the root key are left to the caller.
func Config(port uint16) *config.Config {
	here := fmt.Sprintf("http://localhost:%d", port)
	otherHost := fmt.Sprintf("http://127.0.0.1:%d", port)
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
	other := config.DefaultTenant(string(otherTenant))
	other.Name = "Other Shop Demo"
	other.Clients = []config.Client{config.DefaultClient(OtherMerchantCode, config.Literal(OtherSecretKey))}
	other.Destinations.Cart.Hosts = []string{otherHost}
	other.Destinations.Account.Hosts = []string{otherHost}
	c.Tenants = []config.Tenant{shop, other}
	return c
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
// not there: what was changed since stays changed.
func Seed(ctx context.Context, dir *directory.Service) error {
	for _, t := range []signon.TenantID{tenant, otherTenant} {
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
