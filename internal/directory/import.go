package directory

import (
	"context"
	"errors"
	"fmt"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Rows are what one step of an import asks for, all of one tenant. A row names
// what it is about, and fills in what it knows of it: what it leaves alone stays
// as it is stored.
type Rows struct {
	Customers     []CustomerRow
	Subscriptions []SubscriptionRow
	Products      []ProductRow
	Users         []UserRow
	Members       []MemberRow
}

// CustomerRow is about the customer with that ID when there is an ID, else the
// one with that external reference, else a new one. An ID that is not taken yet
// makes a new customer, too.
type CustomerRow struct {
	ID          int64 // 0: not given
	ExternalRef string
	// Fill changes a copy of the stored customer, or an empty one. An error of
	// CodeInvalid refuses the row. It may be called more than once.
	Fill func(*Customer) error
}

// SubscriptionRow is about the subscription with that reference; without one,
// about a new one.
type SubscriptionRow struct {
	Reference string
	// CustomerRef, if not empty, is the external reference of the customer whose it
	// is, who is stored or in a row of the same rows. Fill may name the same
	// customer by ID, and no other one.
	CustomerRef string
	Fill        func(*Subscription) error // as in CustomerRow
}

// ProductRow is about the product with that ID.
type ProductRow struct {
	ID   string
	Fill func(*Product) error // as in CustomerRow
}

// UserRow is about the user with that ID when there is an ID, else the one with
// that username, else a new one. An ID that is not taken makes a new user, also
// where the one who had it was deleted.
type UserRow struct {
	ID       int64 // 0: not given
	Username string
	Fill     func(*User) error // as in CustomerRow
}

// MemberRow is about the member with that number.
type MemberRow struct {
	Number string
	Fill   func(*Member) error // as in CustomerRow
}

// Imported tells what an import did.
type Imported struct{ Created, Updated int }

// Import replaces or creates the complete rows of the batch, all or none, and
// leaves the batch as it is. Customers are found by ID when there is one, else
// by external reference, else they are new, and users by ID or username likewise;
// subscriptions by reference, products by ID, members by number. Errors as for [Service.Merge].
func (s *Service) Import(ctx context.Context, tenant signon.TenantID, b *Batch, act Act) (Imported, error) {
	rows := &Rows{}
	for _, c := range b.Customers {
		fill := func(stored *Customer) error { *stored = *c.Clone(); return nil }
		rows.Customers = append(rows.Customers, CustomerRow{ID: c.ID, ExternalRef: c.ExternalRef, Fill: fill})
	}
	for _, sub := range b.Subscriptions {
		fill := func(stored *Subscription) error { *stored = *sub.Clone(); return nil }
		rows.Subscriptions = append(rows.Subscriptions, SubscriptionRow{Reference: sub.Reference, Fill: fill})
	}
	for _, p := range b.Products {
		fill := func(stored *Product) error { *stored = *p.Clone(); return nil }
		rows.Products = append(rows.Products, ProductRow{ID: p.ID, Fill: fill})
	}
	for _, u := range b.Users {
		fill := func(stored *User) error { *stored = *u.Clone(); return nil }
		rows.Users = append(rows.Users, UserRow{ID: u.ID, Username: u.Username, Fill: fill})
	}
	for _, m := range b.Members {
		fill := func(stored *Member) error { *stored = *m.Clone(); return nil }
		rows.Members = append(rows.Members, MemberRow{Number: m.Number, Fill: fill})
	}
	return s.Merge(ctx, tenant, rows, act)
}

// maxPlans is how often rows are planned again because what they are about
// changed in between.
const maxPlans = 5

// Merge writes all rows in their order, or none, in one transaction. When rows
// are refused the error is RowErrors, which names every row that can't be
// written: CodeInvalid naming the field, CodeConflict for a reference or a name that
// is another's, CodeSubjectUnknown for a customer who does not exist.
func (s *Service) Merge(ctx context.Context, tenant signon.TenantID, rows *Rows, act Act) (Imported, error) {
	if len(rows.Customers)+len(rows.Subscriptions)+len(rows.Products)+len(rows.Users)+len(rows.Members) == 0 {
		return Imported{}, nil
	}
	var err error
	for range maxPlans {
		p := newPlan(s, tenant)
		if err := p.add(ctx, rows); err != nil {
			return Imported{}, err
		}
		if err = s.writeBatch(ctx, tenant, p, act); err == nil {
			return p.imported, nil
		}
		// What was read for the plan changed before it was written.
		if !errors.Is(err, signon.ErrConflict) && !errors.Is(err, signon.ErrNotFound) {
			return Imported{}, fmt.Errorf("import: %w", err)
		}
	}
	var row *RowError
	if errors.As(err, &row) {
		changed := &signon.Error{Code: signon.CodeConflict, Argument: FieldReference, Rule: "is being changed by others", Err: row.Err}
		return Imported{}, RowErrors{{Index: row.Index, Err: changed}}
	}
	return Imported{}, fmt.Errorf("import: %w", err)
}

// Check tells whether Merge would accept the rows as things stand, with the same
// errors. Nothing is written.
func (s *Service) Check(ctx context.Context, tenant signon.TenantID, rows *Rows) error {
	return newPlan(s, tenant).add(ctx, rows)
}

func (s *Service) writeBatch(ctx context.Context, tenant signon.TenantID, p *plan, act Act) error {
	keys := make([]customerKey, 0, len(p.batch.Customers))
	for _, c := range p.batch.Customers {
		keys = append(keys, customerKey{tenant, c.ID})
	}
	note := fmt.Sprintf("%d customers, %d subscriptions, %d products, %d users, %d members: %d new",
		len(p.batch.Customers), len(p.batch.Subscriptions), len(p.batch.Products), len(p.batch.Users), len(p.batch.Members), p.imported.Created)
	event := act.event(signon.EventImported, tenant, note)
	return s.cache.change(ctx, "import", keys, func(ctx context.Context) error {
		return s.store.Import(ctx, &p.batch, event)
	})
}
