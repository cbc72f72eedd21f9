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
	refuse := func(i int, err error) error {
		if err == nil || !refusesRow(err) {
			return err
		}
		refused = append(refused, &RowError{Index: i, Err: err})
		return nil
	}
	for i := range rows.Customers {
		if err := refuse(i, p.addCustomer(ctx, &rows.Customers[i])); err != nil {
			return err
		}
	}
	for i := range rows.Subscriptions {
		if err := refuse(i, p.addSubscription(ctx, &rows.Subscriptions[i])); err != nil {
			return err
		}
	}
	for i := range rows.Products {
		if err := refuse(i, p.addProduct(ctx, &rows.Products[i])); err != nil {
			return err
		}
	}
	for i := range rows.Users {
		if err := refuse(i, p.addUser(ctx, &rows.Users[i])); err != nil {
			return err
		}
	}
	for i := range rows.Members {
		if err := refuse(i, p.addMember(ctx, &rows.Members[i])); err != nil {
			return err
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
