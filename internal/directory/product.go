package directory

import (
	"slices"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Product is something that a tenant sells.
type Product struct {
	Tenant  signon.TenantID
	ID      string // as used in buy links
	Code    string
	Name    string
	Version string
	Prices  []Money // one for each currency, the tenant's main one first
}

// Price returns the price in that currency, or in the first currency when
// there is none in it; ok is false for a product without prices.
func (p *Product) Price(currency string) (m Money, ok bool) {
	for _, m := range p.Prices {
		if m.Currency == currency {
			return m, true
		}
	}
	if len(p.Prices) == 0 {
		return Money{}, false
	}
	return p.Prices[0], true
}

// Clone returns a copy that shares nothing with the product.
func (p *Product) Clone() *Product {
	own := *p
	own.Prices = slices.Clone(p.Prices)
	return &own
}

// normalise puts the product into the form that is stored, or returns a
// CodeInvalid error that names the first bad field.
func (p *Product) normalise() error {
	err := checkTexts(
		field{&p.ID, FieldID, maxText}, field{&p.Code, FieldCode, maxText},
		field{&p.Name, FieldName, maxText}, field{&p.Version, FieldVersion, maxText},
	)
	if err != nil {
		return err
	}
	if p.ID == "" || strings.ContainsAny(p.ID, ",& ") {
		return signon.Invalid(FieldID, "must be given, without commas, blanks and &")
	}
	if p.Name == "" {
		return signon.Invalid(FieldName, "must be given")
	}
	return p.normalisePrices()
}

func (p *Product) normalisePrices() error {
	if len(p.Prices) == 0 {
		p.Prices = nil
		return nil
	}
	p.Prices = slices.Clone(p.Prices)
	seen := map[string]bool{}
	for i := range p.Prices {
		if err := p.Prices[i].normalisePrice(FieldPrices); err != nil {
			return err
		}
		if seen[p.Prices[i].Currency] {
			return signon.Invalid(FieldPrices, "must be one for each currency")
		}
		seen[p.Prices[i].Currency] = true
	}
	return nil
}
