package landing

import (
	"context"
	"fmt"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// quote is a cart with the directory's names and prices.
type quote struct {
	Currency string // of all prices; empty when the products have none in common
	Lines    []quoted
	Total    directory.Money
	// Unknown are products that the tenant does not sell.
	Unknown []string
}

// quoted is one line with its product.
type quoted struct {
	line
	Item   directory.Product
	Price  directory.Money
	Priced bool // there is a price in the quote's currency
}

// orderable reports whether every line has a price.
func (q *quote) orderable() bool {
	for _, l := range q.Lines {
		if !l.Priced {
			return false
		}
	}
	return len(q.Lines) > 0
}

// price asks the directory for names and prices of what is in the cart.
func (s *site) price(ctx context.Context, tenant signon.TenantID, c *cart) (*quote, error) {
	ids := make([]string, len(c.Lines))
	for i, l := range c.Lines {
		ids[i] = l.Product
	}
	products, err := s.Directory.Products(ctx, tenant, ids)
	if err != nil {
		return nil, fmt.Errorf("price cart: %w", err)
	}
	known := map[string]directory.Product{}
	for _, p := range products {
		known[p.ID] = p
	}
	q := &quote{Currency: commonCurrency(products, c.Currency)}
	q.Total.Currency = q.Currency
	for _, l := range c.Lines {
		product, ok := known[l.Product]
		if !ok {
			q.Unknown = append(q.Unknown, l.Product)
			continue
		}
		q.add(l, product)
	}
	return q, nil
}

func (q *quote) add(l line, product directory.Product) {
	price, ok := product.Price(q.Currency)
	ok = ok && price.Currency == q.Currency
	q.Lines = append(q.Lines, quoted{line: l, Item: product, Price: price, Priced: ok})
	if ok {
		q.Total.Hundredths += price.Hundredths * int64(l.Quantity)
	}
}

// commonCurrency returns the currency to show prices in: the one asked for, or
// else the first product's first, that every product with prices has. It is
// empty when there is none.
func commonCurrency(products []directory.Product, wanted string) string {
	candidates := []string{wanted}
	for _, p := range products {
		for _, m := range p.Prices {
			candidates = append(candidates, m.Currency)
		}
	}
	for _, code := range candidates {
		if code != "" && inAll(products, code) {
			return code
		}
	}
	return ""
}

func inAll(products []directory.Product, currency string) bool {
	priced := 0
	for i := range products {
		m, ok := products[i].Price(currency)
		if ok && m.Currency != currency {
			return false
		}
		if ok {
			priced++
		}
	}
	return priced > 0
}
