package landing

import (
	"log/slog"
	"net/http"
	"sync"

	"github.com/latchkey-sso/latchkey/internal/page"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// wardrobe holds the tenants' brands as pages wear them, made once for each time
// that a tenant is declared.
type wardrobe struct {
	log  *slog.Logger
	mu   sync.Mutex
	made map[signon.TenantID]madeBrand
}

// madeBrand is a brand, and the declaration that it was made from.
type madeBrand struct {
	from  *signon.Tenant
	brand *page.Brand
}

// of returns the tenant's brand. One that can't be worn, which no configuration
// has, is none.
func (b *wardrobe) of(t *signon.Tenant) *page.Brand {
	b.mu.Lock()
	defer b.mu.Unlock()
	if found := b.made[t.ID]; found.from == t {
		return found.brand
	}
	brand, err := page.NewBrand(page.BrandSource(t.Brand))
	if err != nil {
		b.log.Error("landing: a tenant's brand is not shown", "tenant", t.ID, "error", err)
	}
	if b.made == nil {
		b.made = map[signon.TenantID]madeBrand{}
	}
	b.made[t.ID] = madeBrand{t, brand}
	return brand
}

// serveAsset answers with an asset: one that all pages share, or one of the
// brands that are worn at the host. Other tenants' are not here: a picture is
// only ever shown, or opened, at its owner's hosts.
func (s *site) serveAsset(w http.ResponseWriter, r *http.Request) {
	for _, kind := range kinds {
		for _, at := range s.SignOn.Registry().Sites(r.Host, kind) {
			if s.brands.of(at.Tenant).Serve(w, r) {
				return
			}
		}
	}
	page.Assets().ServeHTTP(w, r)
}
