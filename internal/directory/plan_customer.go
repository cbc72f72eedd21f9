package directory

import (
	"cmp"
	"context"
	"errors"
	"math"
	"strconv"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// maxCustomerID is what the ID can be in every wire format.
const maxCustomerID = math.MaxInt32

func (p *plan) addCustomer(ctx context.Context, row *CustomerRow) error {
	stored, err := p.findCustomer(ctx, row)
	if err != nil {
		return err
	}
	found := stored != nil
	if !found {
		stored = &Customer{ID: row.ID, CreatedAt: p.now}
	}
	c := stored.Clone()
	if err := row.Fill(c); err != nil {
		return err
	}
	c.Tenant, c.ID, c.Version, c.PrivacyKey = p.tenant, stored.ID, stored.Version, stored.PrivacyKey
	c.CreatedAt, c.ChangedAt, c.SignedOutBefore = stored.CreatedAt, p.now, stored.SignedOutBefore
	if err := c.normalise(); err != nil {
		return err
	}
	if err := p.nameCustomer(ctx, c, found); err != nil {
		return err
	}
	if err := drawPrivacyKey(c); err != nil {
		return err
	}
	p.batch.Customers = append(p.batch.Customers, c)
	p.count(found)
	after := *c
	after.Version++
	p.customers[c.ID] = &after
	if c.ExternalRef != "" {
		p.owners[c.ExternalRef] = c.ID
	}
	if c.ShopperID != 0 {
		p.shoppers[c.ShopperID] = c.ID
	}
	return nil
}

// findCustomer returns the customer that the row is about, or nil for a new one.
func (p *plan) findCustomer(ctx context.Context, row *CustomerRow) (*Customer, error) {
	if row.ID < 0 || row.ID > maxCustomerID {
		return nil, signon.Invalid(FieldID, "must be a whole number from 1 to 2147483647")
	}
	if row.ID != 0 {
		return missing(p.customer(ctx, row.ID))
	}
	ref := row.ExternalRef
	if err := text(&ref, FieldExternalRef, maxText); err != nil || ref == "" {
		return nil, err
	}
	return missing(p.customerByRef(ctx, ref))
}

// nameCustomer gives a new customer its ID and checks that neither ID nor
// external reference is, or reads as, another's, and that no other is that shopper.
func (p *plan) nameCustomer(ctx context.Context, c *Customer, found bool) error {
	if other, err := p.shopper(ctx, c.ShopperID); err != nil || other != nil && other.ID != c.ID {
		return cmp.Or(err, shopperIDTaken())
	}
	if c.ExternalRef != "" {
		taken, err := p.taken(ctx, c.ExternalRef, c.ID)
		if err != nil {
			return err
		}
		if taken {
			return externalRefTaken()
		}
	}
	if found {
		return nil
	}
	if c.ID != 0 {
		taken, err := p.taken(ctx, string(c.Ref()), c.ID)
		if err != nil || !taken {
			return err
		}
		return &signon.Error{Code: signon.CodeConflict, Argument: FieldID, Rule: "must not be another customer's external reference"}
	}
	for range maxDraws {
		id := drawNumber()
		text := strconv.FormatInt(id, 10)
		taken, err := p.taken(ctx, text, 0)
		if err != nil {
			return err
		}
		if !taken && text != c.ExternalRef {
			c.ID = id
			return nil
		}
	}
	return errors.New("import: no free number found")
}

// taken reports whether the text is the external reference or the ID of a
// customer other than that one.
func (p *plan) taken(ctx context.Context, text string, except int64) (bool, error) {
	other, err := missing(p.customerByRef(ctx, text))
	if err != nil {
		return false, err
	}
	if id, ok := parseID(text); ok && other == nil {
		if other, err = missing(p.customer(ctx, id)); err != nil {
			return false, err
		}
	}
	return other != nil && other.ID != except, nil
}

func (p *plan) customer(ctx context.Context, id int64) (*Customer, error) {
	if c, ok := p.customers[id]; ok {
		return c, nil
	}
	return p.service.store.Customer(ctx, p.tenant, id)
}

// shopper returns the customer with that ShopperID, or nil.
func (p *plan) shopper(ctx context.Context, id int64) (*Customer, error) {
	if c := p.customers[p.shoppers[id]]; c != nil && c.ShopperID == id {
		return c, nil
	}
	c, err := missing(p.service.CustomerByShopperID(ctx, p.tenant, id))
	if c != nil && p.customers[c.ID] != nil {
		return nil, nil // a row before gave that customer another one
	}
	return c, err
}

func (p *plan) customerByRef(ctx context.Context, ref string) (*Customer, error) {
	if c := p.customers[p.owners[ref]]; c != nil && c.ExternalRef == ref {
		return c, nil
	}
	c, err := p.service.store.CustomerByExternalRef(ctx, p.tenant, ref)
	if err == nil && p.customers[c.ID] != nil {
		return nil, signon.ErrNotFound // a row before gave that customer another one
	}
	return c, err
}
