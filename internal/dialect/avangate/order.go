package avangate

import (
	"context"

	"github.com/latchkey-sso/latchkey/internal/directory"
)

// Order returns the vendor's order with that number. Error:
// signon.CodeNotFound.
func (a *API) Order(ctx context.Context, by *Caller, refNo string) (*directory.Order, error) {
	o, err := a.directory.Order(ctx, by.Client.Tenant, refNo)
	return o, notFound(err, argOrder)
}
