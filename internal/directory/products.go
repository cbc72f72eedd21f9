package directory

import (
	"context"
	"errors"
	"fmt"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Products returns those of the tenant's products that have one of the IDs, in
// the order of the IDs; unknown IDs are left out.
func (s *Service) Products(ctx context.Context, tenant signon.TenantID, ids []string) ([]Product, error) {
	var found []Product
	for _, id := range ids {
		p, err := s.store.Product(ctx, tenant, id)
		if errors.Is(err, signon.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read product: %w", err)
		}
		found = append(found, *p)
	}
	return found, nil
}
