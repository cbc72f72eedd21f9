package tables

import (
	"context"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

const (
	putProduct     = "INSERT INTO products (tenant, id, doc) VALUES (?, ?, ?) ON CONFLICT (tenant, id) DO UPDATE SET doc = excluded.doc"
	productColumns = "SELECT tenant, id, doc FROM products "
)

// Product returns the product with that ID. See [directory.ProductStore].
func (s *Tables) Product(ctx context.Context, tenant signon.TenantID, id string) (*directory.Product, error) {
	return readOne(ctx, s, "read product", product, productColumns+"WHERE tenant = ? AND id = ?", string(tenant), id)
}

// Products returns products by ID. See [directory.ProductStore].
func (s *Tables) Products(ctx context.Context, tenant signon.TenantID, after string, limit int) ([]directory.Product, error) {
	return readAll(ctx, s, "list products", product, productColumns+"WHERE tenant = ? AND id > ? ORDER BY id LIMIT ?", string(tenant), after, int64(limit))
}

// product reads a row of productColumns.
func product(r Row) (directory.Product, error) {
	var doc productDoc
	err := fromJSON(r.Text(2), &doc)
	p := directory.Product{Tenant: signon.TenantID(r.Text(0)), ID: r.Text(1), Code: doc.Code, Name: doc.Name, Version: doc.Version}
	for _, m := range doc.Prices {
		p.Prices = append(p.Prices, directory.Money(m))
	}
	return p, err
}

type productDoc struct {
	Code    string     `json:"code,omitempty"`
	Name    string     `json:"name,omitempty"`
	Version string     `json:"version,omitempty"`
	Prices  []moneyDoc `json:"prices,omitempty"`
}

func newProductDoc(p *directory.Product) *productDoc {
	doc := &productDoc{Code: p.Code, Name: p.Name, Version: p.Version}
	for _, m := range p.Prices {
		doc.Prices = append(doc.Prices, moneyDoc(m))
	}
	return doc
}
