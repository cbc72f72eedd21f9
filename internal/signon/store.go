package signon

import (
	"context"
	"time"
)

// Store is what the core needs of a storage engine. It is a sum of small
// contracts; what each promises is written here and proven by storetest on
// every engine, with real goroutines.
//
// For all of them:
//
//   - Durable: when a call that changes something returns nil, the change
//     survives kill -9 and power loss.
//   - Whole: a call's rows and its audit event are written in one transaction.
//   - Alone: one call's failure does not touch another's, even where the engine
//     commits several together.
//   - Uncertain is an error: when the engine does not know whether a change was
//     committed, it returns a CodeUnavailable error, never success. Repeating
//     the call converges.
//   - A context that ends makes the caller return early with CodeUnavailable, and
//     with ErrGoesOn where the change had begun; it never interrupts a commit.
type Store interface {
	// Now is the store's authority on time: it never goes back, not even over a
	// restart with the machine's clock set back. Expiry is judged by it.
	Now() time.Time
	// Epoch is the current epoch. Grants and sessions of another epoch are void;
	// it rises when the store finds that its history was set back.
	Epoch() int64
	// Confirm returns nil once all that was read before is certain to stay. Reads can
	// show what is not durable yet, as a commit that was given up while it waited for a
	// standby: nobody must be told that something is over that may come back.
	// CodeUnavailable when that is not known.
	Confirm(ctx context.Context) error

	GrantStore
	SessionStore
	AuditStore
	ActivityStore
	ReplyStore
	TenantStore
	KeyStore
	VoidStore
}

// GrantStore keeps grants.
type GrantStore interface {
	// CreateGrant stores a live grant under its key and appends the event; and it
	// keeps the reply, unless that is nil. It stamps the grant's Epoch. ErrConflict
	// when the key exists; ErrAnswered, before anything else, when there is a reply
	// with that key that is not out of date.
	CreateGrant(ctx context.Context, g *Grant, e *Event, reply *Reply) error

	// Grant returns the grant with that key as last committed, or ErrNotFound. It
	// is a filter and for reading only: it never decides a redemption.
	Grant(ctx context.Context, key GrantKey) (Grant, error)

	// GrantHint is Grant, but that it may tell of a grant as this process stored it,
	// and not what others have done to it since. Who is about to redeem needs no more.
	GrantHint(ctx context.Context, key GrantKey) (Grant, error)

	// RedeemGrant redeems the grant at most once, ever. In one transaction, at an
	// instant of the store's own clock, it marks the grant redeemed by the binding
	// if it is live, of the current epoch, not expired, and bound to no address or
	// to one of r.Addr; creates r.Session, with the key, StartedAt, ExpiresAt and
	// Epoch filled in; and appends the event. All of these conditions are part of
	// one conditional update; the number of rows it changed is the only judge.
	//
	// When the update changed nothing, the outcome tells how the grant stands. If
	// only the address was in the way, the call counts as a miss, and the
	// MaxMisses-th voids the grant. Nothing else is written but the event.
	//
	// r.Record is called with the outcome inside the transaction, perhaps more
	// than once; what it returns, unless nil, is appended. It must be pure.
	RedeemGrant(ctx context.Context, r *Redemption) (RedeemOutcome, error)

	// RevokeGrant ends a grant that is live or redeemed, together with its
	// session, and appends the event. It reports whether anything was ended; when
	// nothing was, nothing is written. ErrNotFound when neither grant nor session
	// has that key.
	RevokeGrant(ctx context.Context, key GrantKey, e *Event) (bool, error)

	// Grants returns up to limit grants with keys greater than after, in order of
	// their keys, hence of their expiry, as last committed.
	Grants(ctx context.Context, after GrantKey, limit int) ([]Grant, error)

	// Sweep removes up to limit grants with keys below the given one, up to limit
	// sessions that ended or expired before the given instant (none for the zero
	// Time), and up to limit replies that are out of date, in one short step. It reports how many rows it removed;
	// fewer than limit means that there is no need to hurry: sessions are looked
	// through a part at a time, so that a step's cost does not grow with how many
	// there are.
	Sweep(ctx context.Context, below GrantKey, sessionsExpiredBefore time.Time, limit int) (int, error)
}

// Redemption asks a store to redeem a grant.
type Redemption struct {
	Key     GrantKey
	From    string    // the grant's destination
	Addr    []AddrKey // the caller's address, in every form a grant may be bound to
	Binding BindingDigest
	// Session is the session to create. It is described as its grant is, so a store
	// need not keep that twice, but perhaps for its Destination: where that is
	// another, the grant reads as one of that destination from then on. Key,
	// StartedAt, ExpiresAt and Epoch are filled in by the store.
	Session BrowserSession
	// ServedAt, unless zero, is when the browser was asked to confirm: expiry is
	// judged by it instead of the store's instant, when it is earlier.
	ServedAt time.Time
	// NoSession: no session is created, and Session tells the destination alone.
	NoSession bool
	// SessionTTL is the session's lifetime from StartedAt.
	SessionTTL time.Duration
	// Record returns the event for an outcome, or nil for none.
	Record func(*RedeemOutcome) *Event
}

// RedeemOutcome tells what RedeemGrant did.
type RedeemOutcome struct {
	// Won: this call redeemed the grant; Session is the one it created.
	Won bool
	// Known: there is a grant with the key. When not Won, Grant is how it stands
	// after the call.
	Known bool
	Grant Grant
	// Session is the grant's session, if there is one (its Key is set then).
	Session BrowserSession
	// At and Epoch are what the store judged by.
	At    time.Time
	Epoch int64
}

// SessionStore keeps browser sessions.
type SessionStore interface {
	// Session returns the session with that key as last committed, ended and
	// expired ones included, or ErrNotFound.
	Session(ctx context.Context, key GrantKey) (BrowserSession, error)
	// EndSession ends a session that has not ended and appends the event. It
	// reports whether it ended one; when not, nothing is written.
	EndSession(ctx context.Context, key GrantKey, e *Event) (bool, error)
	// Sessions returns up to limit sessions with keys greater than after and not
	// above last, in order of their keys, as last committed.
	Sessions(ctx context.Context, after, last GrantKey, limit int) ([]BrowserSession, error)
}

// AuditStore keeps the audit log. Events can be appended and read, never
// changed; they are numbered from 1 without gaps, and chained (see [Chain]). Only the
// oldest can be removed.
type AuditStore interface {
	// AppendEvent appends an event on its own.
	AppendEvent(ctx context.Context, e *Event) error
	// Events returns up to limit events after that number, in order.
	Events(ctx context.Context, after int64, limit int) ([]ChainedEvent, error)
	// AuditAnchor returns the latest end of the chain that the engine remembers
	// outside the log, or zero.
	AuditAnchor(ctx context.Context) (ChainHead, error)
	// SweepAudit removes up to limit of the oldest events, those from before that
	// instant, and what lists them as somebody's activity, and reports how many. The
	// last event of the log stays. Events that are not as they were written are not
	// removed: the error is a *BrokenChain then.
	SweepAudit(ctx context.Context, before time.Time, limit int) (int, error)
	// AuditStart returns the last event that SweepAudit removed, or zero. It is kept
	// sealed: ErrSealed when it was changed.
	AuditStart(ctx context.Context) (ChainHead, error)
}

// ActivityStore tells which events are somebody's sign-on activity.
type ActivityStore interface {
	// Activity returns the latest events that are listed for the tenant's people (see
	// [Event.Activity]), the latest first, with Event.Activity set.
	Activity(ctx context.Context, q ActivityQuery) ([]ListedEvent, error)
}

// ReplyStore keeps replies to calls that must not be done twice (see
// [Service.Once]), and who is doing such a call just now.
type ReplyStore interface {
	// ClaimReply returns the reply with that key that is not out of date. Without one
	// it gives the caller the lease of the key, until that instant of the store's
	// clock, and returns ErrNotFound; ErrConflict while somebody else has the lease.
	// A lease is void when the process that it was given to is gone, as far as the
	// engine can know. It says who is at work and decides nothing: what is done twice
	// all the same, because a lease ran out, fails with ErrAnswered.
	ClaimReply(ctx context.Context, key ReplyKey, until time.Time) (*Reply, error)
	// ReleaseReply gives back the lease that was given until that instant, so that the
	// key can be claimed again. One that somebody else has been given since stays.
	ReleaseReply(ctx context.Context, key ReplyKey, until time.Time) error
}

// TenantStore keeps what the operator declared. Secrets are sealed with the
// keyring for the place they are kept in.
type TenantStore interface {
	// ApplyTenants makes the declared tenants, clients and destinations the
	// current ones, replacing all others, and appends the event. The people and
	// grants of a tenant that is no longer declared stay.
	ApplyTenants(ctx context.Context, tenants []Tenant, e *Event) error
	// Tenants returns what was applied last, sorted by ID.
	Tenants(ctx context.Context) ([]Tenant, error)
}

// VoidStore keeps since when what was issued for a destination counts.
type VoidStore interface {
	// VoidDestination makes void what was issued for the tenant's destination so far:
	// it moves the destination's mark to the millisecond after the store's own
	// instant, or after where it stands, whichever is later.
	VoidDestination(ctx context.Context, tenant TenantID, destination string, e *Event) error
	// VoidedBefore returns the mark, or the zero time when there is none.
	VoidedBefore(ctx context.Context, tenant TenantID, destination string) (time.Time, error)
}

// KeyStore keeps the keys that tokens are signed with. They are sealed with the
// keyring for the place they are kept in.
type KeyStore interface {
	// AddKey stores a key. Of the owner's other keys, those that would be accepted for
	// longer are retired at retireOthers; the zero time leaves them as they are. Keys
	// that retired before the store's instant are removed. ErrConflict when the owner
	// has a key of that ID; ErrKeysFull when more than MaxKeys of the owner's would be
	// accepted at the store's instant, however many are added at the same time.
	AddKey(ctx context.Context, k *SigningKey, retireOthers time.Time, e *Event) error
	// SigningKeys returns the owner's keys, the newest first.
	SigningKeys(ctx context.Context, tenant TenantID, owner string) ([]SigningKey, error)
}
