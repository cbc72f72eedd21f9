package tables

import (
	"context"
	"fmt"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Import writes all rows of the batch, or none. See [directory.Store].
func (s *Tables) Import(ctx context.Context, b *directory.Batch, e *signon.Event) error {
	rows, err := s.importRows(b)
	if err != nil {
		return err
	}
	return s.engine.WriteAlone(ctx, "import", func(t Tx) error {
		for _, r := range rows {
			err := r.put(t)
			if err == nil {
				err = t.Fault()
			}
			if err != nil {
				return &directory.RowError{Index: r.index, Err: err}
			}
		}
		t.Append(e)
		return nil
	})
}

// importRow is one row of a batch, ready to be written.
type importRow struct {
	index int
	put   func(Tx) error
}

func (s *Tables) importRows(b *directory.Batch) ([]importRow, error) {
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
		rows = append(rows, importRow{i, func(t Tx) error {
			t.Exec(putProduct, tenant, id, doc)
			return nil
		}})
	}
	for i, u := range b.Users {
		r, err := s.newUserRow(u)
		if err != nil {
			return nil, &directory.RowError{Index: i, Err: err}
		}
		rows = append(rows, importRow{i, r.replace})
	}
	for i, m := range b.Members {
		r, err := s.newMemberRow(m)
		if err != nil {
			return nil, &directory.RowError{Index: i, Err: err}
		}
		rows = append(rows, importRow{i, r.replace})
	}
	for i, sub := range b.Subscriptions {
		r, err := s.newSubscriptionRow(sub)
		if err != nil {
			return nil, &directory.RowError{Index: i, Err: err}
		}
		rows = append(rows, importRow{i, r.replace})
	}
	return rows, nil
}

// replace writes the customer in the place of the one with its ID, if any.
func (r *customerRow) replace(t Tx) error {
	stored := t.One(versionOf, r.tenant, r.id)
	switch {
	case stored == nil && r.version != 0:
		return fmt.Errorf("customer %d: %w", r.id, signon.ErrNotFound)
	case stored != nil && stored.Int(0) != r.version:
		return fmt.Errorf("customer %d: its version is %d: %w", r.id, stored.Int(0), signon.ErrConflict)
	case r.clashes(t):
		return fmt.Errorf("customer %d: its external reference, or its ID, names another customer: %w", r.id, signon.ErrConflict)
	case stored == nil:
		r.insert(t, 1)
	default:
		r.update(t)
	}
	return nil
}

// replace writes the subscription in the place of the one with its reference,
// if any.
func (r *subscriptionRow) replace(t Tx) error {
	stored := t.One(subscriptionVersionOf, r.tenant, r.reference)
	switch {
	case !exists(t, hasCustomer, r.tenant, r.customer):
		return fmt.Errorf("subscription %s: customer %d: %w", r.reference, r.customer, signon.ErrNotFound)
	case stored == nil && r.version != 0:
		return fmt.Errorf("subscription %s: %w", r.reference, signon.ErrNotFound)
	case stored != nil && stored.Int(0) != r.version:
		return fmt.Errorf("subscription %s: its version is %d: %w", r.reference, stored.Int(0), signon.ErrConflict)
	case stored == nil:
		r.insert(t, 1)
	default:
		r.update(t)
	}
	return nil
}
