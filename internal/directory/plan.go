package directory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// plan turns rows into a batch: it finds what each row is about, as it stands
// after the rows before, lets the row fill it in, and checks the result.
type plan struct {
	service *Service
	tenant  signon.TenantID
	now     time.Time

	batch    Batch
	imported Imported
	// What stands differently after the rows so far.
	customers     map[int64]*Customer
	owners        map[string]int64 // of external references that rows gave
	shoppers      map[int64]int64  // owners of ShopperIDs that rows gave
	subscriptions map[string]*Subscription
	products      map[string]*Product
	users         map[int64]*User
	named         map[string]int64 // users by the usernames that rows gave, in lower case
	members       map[string]*Member
	// Customers of subscriptions that were looked up.
	known map[int64]bool
}

func newPlan(s *Service, tenant signon.TenantID) *plan {
	return &plan{
		service: s, tenant: tenant, now: s.clock.Now(),
		customers: map[int64]*Customer{}, owners: map[string]int64{}, shoppers: map[int64]int64{},
		users: map[int64]*User{}, named: map[string]int64{},
		subscriptions: map[string]*Subscription{}, products: map[string]*Product{}, members: map[string]*Member{}, known: map[int64]bool{},
	}
}

// add plans all rows. The error is RowErrors when rows are refused.
func (p *plan) add(ctx context.Context, rows *Rows) error {
	var refused RowErrors
	for _, one := range []struct {
		kind RowKind
		rows int
		add  func(i int) error
	}{
		{CustomerRows, len(rows.Customers), func(i int) error { return p.addCustomer(ctx, &rows.Customers[i]) }},
		{SubscriptionRows, len(rows.Subscriptions), func(i int) error { return p.addSubscription(ctx, &rows.Subscriptions[i]) }},
		{ProductRows, len(rows.Products), func(i int) error { return p.addProduct(ctx, &rows.Products[i]) }},
		{UserRows, len(rows.Users), func(i int) error { return p.addUser(ctx, &rows.Users[i]) }},
		{MemberRows, len(rows.Members), func(i int) error { return p.addMember(ctx, &rows.Members[i]) }},
	} {
		for i := range one.rows {
			switch err := one.add(i); {
			case err == nil:
			case refusesRow(err):
				refused = append(refused, &RowError{Kind: one.kind, Index: i, Err: err})
			default:
				return err
			}
		}
	}
	if len(refused) > 0 {
		return refused
	}
	return nil
}

// refusesRow reports whether the error is about the row, not about the store.
func refusesRow(err error) bool {
	switch signon.AsError(err).Code {
	case signon.CodeInvalid, signon.CodeConflict, signon.CodeSubjectUnknown:
		return true
	}
	return false
}

func (p *plan) count(found bool) {
	if found {
		p.imported.Updated++
	} else {
		p.imported.Created++
	}
}

// missing turns signon.ErrNotFound into nil.
func missing[T any](found *T, err error) (*T, error) {
	if errors.Is(err, signon.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("import: look for what is stored: %w", err)
	}
	return found, nil
}
