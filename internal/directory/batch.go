package directory

import "fmt"

// Batch is what one step of an import writes, all of one tenant: complete rows.
type Batch struct {
	Customers     []*Customer
	Subscriptions []*Subscription
	Products      []*Product
	Users         []*User
	Members       []*Member
}

// RowKind says which of the slices of [Rows] a row is in.
type RowKind string

// The kinds of rows.
const (
	CustomerRows     RowKind = "customers"
	SubscriptionRows RowKind = "subscriptions"
	ProductRows      RowKind = "products"
	UserRows         RowKind = "users"
	MemberRows       RowKind = "members"
)

// RowError names the row of a batch that could not be written.
type RowError struct {
	Kind  RowKind // empty when only the store found out
	Index int     // within its slice
	Err   error
}

// Error says what is wrong with the row.
func (e *RowError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *RowError) Unwrap() error { return e.Err }

// RowErrors names all rows that could not be written, in their order.
type RowErrors []*RowError

// Error says what is wrong with the first row, and how many there are.
func (e RowErrors) Error() string {
	if len(e) == 1 {
		return fmt.Sprintf("row %d: %v", e[0].Index, e[0])
	}
	return fmt.Sprintf("row %d: %v (and %d more)", e[0].Index, e[0], len(e)-1)
}

// Unwrap returns the errors of the rows.
func (e RowErrors) Unwrap() []error {
	errs := make([]error, len(e))
	for i := range e {
		errs[i] = e[i]
	}
	return errs
}
