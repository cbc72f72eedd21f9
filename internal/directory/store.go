package directory

import (
	"context"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Store is what the directory needs of a storage engine. Every change is
// durable when the call returns and is written in one transaction with its
// audit event. Look-ups return signon.ErrNotFound when there is no such row in
// that tenant, and see what was committed last.
type Store interface {
	CustomerStore
	SubscriptionStore
	ProductStore
	OrderStore
	UserStore
	MemberStore
	// Import writes all rows of the batch in their order, or none. Rows that exist
	// are replaced (customers and users by ID, members by number, subscriptions by reference, products by ID);
	// what UpdateCustomer and UpdateSubscription leave as it is stored stays here, too.
	// A customer, user, member or subscription must still be at its Version, 0 meaning that there
	// is none with that ID or reference, and is stored one version higher; the row in
	// the batch is left as it is. When one row can't be written, the error is a
	// *RowError that names it: signon.ErrConflict and signon.ErrNotFound in the cases
	// of CreateCustomer, UpdateCustomer, CreateSubscription and UpdateSubscription,
	// CreateUser and UpdateUser. A user who was deleted can be imported anew, above the
	// versions there were: what was issued before the deletion stays void.
	Import(ctx context.Context, b *Batch, e *signon.Event) error
}

// SharedStore is a Store that other processes change, too.
type SharedStore interface {
	Store
	// CustomerChanges returns a number that is another one after each change of a
	// customer who was there before, by whatever process: it was read after the call
	// began. CodeUnavailable.
	CustomerChanges(ctx context.Context) (int64, error)
}

// CustomerStore keeps customers.
type CustomerStore interface {
	// CreateCustomer stores a new customer. signon.ErrConflict when its ID, its
	// ShopperID or its external reference is taken within the tenant, when its external reference
	// reads as another customer's ID, or its ID as another's external reference:
	// all judged inside the transaction.
	CreateCustomer(ctx context.Context, c *Customer, e *signon.Event) error
	// UpdateCustomer replaces a customer whose Version is still c.Version and
	// counts it up, in c too. signon.ErrConflict as for CreateCustomer and when the
	// version is another, signon.ErrNotFound when there is no such customer. The
	// PrivacyKey, CreatedAt and SignedOutBefore of the stored customer stay.
	UpdateCustomer(ctx context.Context, c *Customer, e *signon.Event) error
	// SignOutCustomer moves the customer's SignedOutBefore to the millisecond after
	// the store's own instant, or after where it stands, whichever is later: it is
	// later than every instant that the store's clock had handed out before. The
	// Version stays. signon.ErrNotFound when there is no such customer.
	SignOutCustomer(ctx context.Context, tenant signon.TenantID, id int64, e *signon.Event) error
	// Customer returns the customer with that ID.
	Customer(ctx context.Context, tenant signon.TenantID, id int64) (*Customer, error)
	// CustomerByExternalRef returns the customer with that external reference.
	CustomerByExternalRef(ctx context.Context, tenant signon.TenantID, ref string) (*Customer, error)
	// CustomerByShopperID returns the customer with that ShopperID.
	CustomerByShopperID(ctx context.Context, tenant signon.TenantID, id int64) (*Customer, error)
	// CustomersByEmail returns up to limit customers with that billing e-mail
	// address, in any case of letters, by ID.
	CustomersByEmail(ctx context.Context, tenant signon.TenantID, email string, limit int) ([]Customer, error)
	// Customers returns up to limit customers with IDs above after, by ID.
	Customers(ctx context.Context, tenant signon.TenantID, after int64, limit int) ([]Customer, error)
}

// SubscriptionStore keeps subscriptions.
type SubscriptionStore interface {
	// CreateSubscription stores a new subscription; signon.ErrConflict when its
	// reference is taken, signon.ErrNotFound when its customer does not exist.
	CreateSubscription(ctx context.Context, s *Subscription, e *signon.Event) error
	// UpdateSubscription replaces a subscription whose Version is still s.Version and
	// counts it up, in s too. signon.ErrConflict when the version is another,
	// signon.ErrNotFound when there is no such subscription or its customer does not
	// exist. The CreatedAt of the stored subscription stays.
	UpdateSubscription(ctx context.Context, s *Subscription, e *signon.Event) error
	// Subscription returns the subscription with that reference.
	Subscription(ctx context.Context, tenant signon.TenantID, reference string) (*Subscription, error)
	// Subscriptions returns the matching subscriptions, by reference, from offset on.
	Subscriptions(ctx context.Context, q SubscriptionQuery) ([]Subscription, error)
}

// SubscriptionQuery selects subscriptions of one tenant.
type SubscriptionQuery struct {
	Tenant     signon.TenantID
	CustomerID int64  // 0: of any customer
	Email      string // empty: any; else the end user's or the customer's address, in any case of letters
	After      string // empty: from the first; else only references above it
	Offset     int
	Limit      int
}

// ProductStore keeps products.
type ProductStore interface {
	// Product returns the product with that ID.
	Product(ctx context.Context, tenant signon.TenantID, id string) (*Product, error)
	// Products returns up to limit products with IDs above after, by ID.
	Products(ctx context.Context, tenant signon.TenantID, after string, limit int) ([]Product, error)
}

// OrderStore keeps orders.
type OrderStore interface {
	// PutOrder stores an order. When the tenant has an order of that CartID that is
	// incomplete, the order replaces it; when it has one that is placed, nothing is
	// written. It returns the order as it stands: the given one, or the placed one.
	// signon.ErrConflict when the RefNo is taken by an order of another cart, and
	// when the cart's incomplete order has another RefNo.
	PutOrder(ctx context.Context, o *Order, e *signon.Event) (*Order, error)
	// Order returns the order with that number.
	Order(ctx context.Context, tenant signon.TenantID, refNo string) (*Order, error)
	// OrderByCart returns the order that was placed, or begun, from that cart.
	OrderByCart(ctx context.Context, tenant signon.TenantID, cartID string) (*Order, error)
	// OrdersOf returns up to limit orders of the customer, the latest first by
	// PlacedAt; of those placed in the same millisecond the higher number is first.
	OrdersOf(ctx context.Context, tenant signon.TenantID, customerID int64, limit int) ([]Order, error)
	// Orders returns up to limit orders with numbers above after, by number.
	Orders(ctx context.Context, tenant signon.TenantID, after string, limit int) ([]Order, error)
}

// UserStore keeps the tenants' users.
type UserStore interface {
	// CreateUser stores a new user, and keeps the reply unless that is nil.
	// signon.ErrConflict when the ID was ever taken or the username is taken within
	// the tenant; signon.ErrAnswered as for [signon.GrantStore.CreateGrant].
	CreateUser(ctx context.Context, u *User, e *signon.Event, reply *signon.Reply) error
	// UpdateUser replaces a user whose Version is still u.Version and counts it up,
	// in u too. signon.ErrConflict as for CreateUser and when the version is another,
	// signon.ErrNotFound when there is no such user. PrivacyKey, CreatedAt and
	// SignedOutBefore of the stored user stay.
	UpdateUser(ctx context.Context, u *User, e *signon.Event) error
	// DeleteUser deletes a user: all that is known of the person, the privacy key
	// included, the list of the person's activity, and what replies about the person
	// hold. What is left is the ID, that everything issued before is void, as by
	// SignOutUser, and which calls were answered. signon.ErrNotFound when there is no
	// such user.
	DeleteUser(ctx context.Context, tenant signon.TenantID, id int64, e *signon.Event) error
	// SignOutUser moves the user's SignedOutBefore as SignOutCustomer does.
	SignOutUser(ctx context.Context, tenant signon.TenantID, id int64, e *signon.Event) error
	// User returns the user with that ID.
	User(ctx context.Context, tenant signon.TenantID, id int64) (*User, error)
	// UserByUsername returns the user with that name, in any case of letters.
	UserByUsername(ctx context.Context, tenant signon.TenantID, name string) (*User, error)
	// Users returns up to limit users with IDs above after, by ID.
	Users(ctx context.Context, tenant signon.TenantID, after int64, limit int) ([]User, error)
}

// MemberStore keeps members.
type MemberStore interface {
	// CreateMember stores a new member; signon.ErrConflict when the number is taken.
	CreateMember(ctx context.Context, m *Member, e *signon.Event) error
	// UpdateMember replaces a member whose Version is still m.Version and counts it
	// up, in m too. signon.ErrConflict when the version is another,
	// signon.ErrNotFound when there is no such member. PrivacyKey, CreatedAt and
	// SignedOutBefore of the stored member stay.
	UpdateMember(ctx context.Context, m *Member, e *signon.Event) error
	// SignOutMember moves the member's SignedOutBefore as SignOutCustomer does.
	SignOutMember(ctx context.Context, tenant signon.TenantID, number string, e *signon.Event) error
	// Member returns the member with that number.
	Member(ctx context.Context, tenant signon.TenantID, number string) (*Member, error)
	// Members returns up to limit members with numbers above after, by number.
	Members(ctx context.Context, tenant signon.TenantID, after string, limit int) ([]Member, error)
}
