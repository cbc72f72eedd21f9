package storetest

import (
	"fmt"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

func product(id string) *directory.Product {
	return &directory.Product{
		Tenant: shop, ID: id, Code: "code", Name: "Name <&> \"Name\"", Version: "2",
		Prices: []directory.Money{{Hundredths: 1999, Currency: "EUR"}, {Currency: "USD"}},
	}
}

var productPromises = []promise{
	{"ProductReadsBackAsStored", func(t *testing.T, b *bench) {
		bareProduct := &directory.Product{Tenant: shop, ID: "2"}
		b.importBatch(t, &directory.Batch{Products: []*directory.Product{product("1"), bareProduct}})
		same(t, "product", b.product(t, "1"), product("1"))
		same(t, "bare product", b.product(t, "2"), bareProduct)
		b.Store = b.Reopen(t)
		same(t, "product after a restart", b.product(t, "1"), product("1"))
	}},
	{"UnknownProductIsNotFound", func(t *testing.T, b *bench) {
		b.importBatch(t, &directory.Batch{Products: []*directory.Product{product("1")}})
		_, err := b.Store.Product(b.ctx, shop, "2")
		fails(t, "unknown", err, signon.ErrNotFound)
		_, err = b.Store.Product(b.ctx, other, "1")
		fails(t, "of another tenant", err, signon.ErrNotFound)
	}},
	{"ProductsAreListedByID", func(t *testing.T, b *bench) {
		var batch directory.Batch
		for _, id := range []string{"b", "a", "10", "9"} {
			batch.Products = append(batch.Products, product(id))
		}
		b.importBatch(t, &batch)
		for _, c := range []struct {
			after string
			limit int
			want  []string
		}{{"", 10, []string{"10", "9", "a", "b"}}, {"9", 1, []string{"a"}}, {"b", 1, nil}} {
			list, err := b.Store.Products(b.ctx, shop, c.after, c.limit)
			if err != nil {
				t.Fatalf("list products: %v", err)
			}
			var got []string
			for _, p := range list {
				got = append(got, p.ID)
			}
			same(t, fmt.Sprintf("products after %q", c.after), got, c.want)
		}
	}},
}

func (b *bench) product(t *testing.T, id string) *directory.Product {
	t.Helper()
	p, err := b.Store.Product(b.ctx, shop, id)
	if err != nil {
		t.Fatalf("read product %s: %v", id, err)
	}
	return p
}
