package sqlite

import (
	"context"
	"fmt"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Import writes all rows of the batch, or none. See [directory.Store].
func (s *Store) Import(ctx context.Context, b *directory.Batch, e *signon.Event) error {
	rows, err := s.importRows(b)
	if err != nil {
		return err
	}
	return s.writeAlone(ctx, "import", func(t *tx) error {
		for _, r := range rows {
			err := r.put(t)
			if err == nil {
				err = t.fault
			}
			if err != nil {
				return &directory.RowError{Index: r.index, Err: err}
			}
		}
		t.append(e)
		return nil
	})
}

// importRow is one row of a batch, ready to be written.
type importRow struct {
	index int
	put   func(*tx) error
}

func (s *Store) importRows(b *directory.Batch) ([]importRow, error) {
	var rows []importRow
	for i, c := range b.Customers {
		r, err := s.newCustomerRow(c)
		if err != nil {
			return nil, &directory.RowError{Index: i, Err: err}
		}
		rows = append(rows, importRow{i, r.replace})
	}
	for i, p := range b.Products {
		doc, err := toJSON(newProductDoc(p))
		if err != nil {
			return nil, &directory.RowError{Index: i, Err: err}
		}
		tenant, id := string(p.Tenant), p.ID
		rows = append(rows, importRow{i, func(t *tx) error {
			t.exec(putProduct, tenant, id, doc)
			return nil
		}})
	}
	for i, sub := range b.Subscriptions {
		r, err := newSubscriptionRow(sub)
		if err != nil {
			return nil, &directory.RowError{Index: i, Err: err}
		}
		rows = append(rows, importRow{i, r.replace})
	}
	return rows, nil
}

// replace writes the customer, one version higher, in the place of the one with
// its ID; that one must be at the version that the row is based on, 0 for none.
func (r *customerRow) replace(t *tx) error {
	stored, version := t.one(versionOf, r.tenant, r.id), int64(0)
	if stored != nil {
		version = stored.int(0)
	}
	switch {
	case version != r.version:
		return fmt.Errorf("customer %d: was changed in between: %w", r.id, signon.ErrConflict)
	case r.clashes(t):
		return fmt.Errorf("customer %d: its external reference, or its ID, names another customer: %w", r.id, signon.ErrConflict)
	case stored != nil:
		r.update(t)
	default:
		first := *r
		first.version = 1
		first.insert(t)
	}
	return nil
}

// replace writes the subscription in the place of the one with its reference,
// if any.
func (r *subscriptionRow) replace(t *tx) error {
	if !t.exists(hasCustomer, r.tenant, r.customer) {
		return fmt.Errorf("subscription %s: customer %d: %w", r.reference, r.customer, signon.ErrNotFound)
	}
	r.put(t)
	return nil
}
