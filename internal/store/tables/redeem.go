package tables

import (
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// redeemGrant is the only judge of a redemption: every condition is in it, and
// what counts is whether it changed a row.
const redeemGrant = `UPDATE grants SET state = 1, redeemed_at = ?, binding = ?,
session_secret = ?, session_expires_at = ?
WHERE key = ? AND state = 0 AND epoch = ? AND expires_at > ? AND (bound_addr IS NULL OR bound_addr IN (?, ?))`

// moveGrant makes a grant one of another destination: where its session is.
const moveGrant = "UPDATE grants SET about = ? WHERE key = ?"

// Redemption is a call of [signon.GrantStore.RedeemGrant], with everything that it
// needs copied: its caller may be gone before it is done.
type Redemption struct {
	Key     signon.GrantKey
	Binding signon.BindingDigest
	Addr    [2][]byte
	Moved   []byte // how the grant reads from then on, when the session is at another destination
	Outcome signon.RedeemOutcome

	session   signon.BrowserSession
	served    time.Time
	ttl       time.Duration
	noSession bool
	record    func(*signon.RedeemOutcome) *signon.Event
	gone      func(signon.GrantKey) bool
}

// NewRedemption copies what is asked for. Gone tells whether a grant was removed
// whose row still holds a session.
func NewRedemption(r *signon.Redemption, gone func(signon.GrantKey) bool) *Redemption {
	q := &Redemption{
		Key: r.Key, Binding: r.Binding, session: r.Session, served: r.ServedAt, ttl: r.SessionTTL, noSession: r.NoSession, record: r.Record, gone: gone,
	}
	if b := &r.Session; r.From != b.Destination {
		q.Moved = aboutSession(b).pack()
	}
	for i := range min(len(r.Addr), len(q.Addr)) {
		q.Addr[i] = []byte(r.Addr[i])
	}
	return q
}

func aboutSession(b *signon.BrowserSession) *about {
	return &about{
		tenant: b.Tenant, client: b.Client, destination: b.Destination, kind: b.SubjectKind, subject: b.Subject,
		target: b.Target, language: b.Language,
	}
}

// Judged returns the instant, as stored, that expiry is judged by in a transaction
// of the instant at.
func (q *Redemption) Judged(at time.Time) int64 {
	if !q.served.IsZero() && q.served.Before(at) {
		return q.served.UnixMilli()
	}
	return at.UnixMilli()
}

// SessionSecret returns the digest of the secret of the session to create, nil for
// no session.
func (q *Redemption) SessionSecret() []byte {
	if q.noSession {
		return nil
	}
	return q.session.Secret[:]
}

// SessionEnd returns when a session expires that starts at that instant.
func (q *Redemption) SessionEnd(at time.Time) time.Time {
	return at.Add(q.ttl).Truncate(time.Millisecond)
}

// Do redeems the grant, as [signon.GrantStore] has it, in statements of its own.
func (q *Redemption) Do(t Tx) error {
	q.Begin(t)
	var secret, expires any
	if !q.noSession {
		secret, expires = q.SessionSecret(), q.SessionEnd(t.At()).UnixMilli()
	}
	if t.Exec(redeemGrant, now(t), q.Binding[:], secret, expires,
		q.Key[:], t.Epoch(), q.Judged(t.At()), OrNil(q.Addr[0]), OrNil(q.Addr[1])) == 1 {
		if q.Moved != nil {
			t.Exec(moveGrant, q.Moved, q.Key[:])
		}
		q.Win(t)
	} else {
		q.Lose(t)
	}
	return nil
}

// Begin notes what the redemption is judged by.
func (q *Redemption) Begin(t Tx) { q.Outcome = signon.RedeemOutcome{At: t.At(), Epoch: t.Epoch()} }

// Win notes that the update changed the grant's row.
func (q *Redemption) Win(t Tx) {
	if b := &q.Outcome.Session; !q.noSession {
		*b = q.session
		b.Key, b.StartedAt, b.ExpiresAt, b.Epoch = q.Key, t.At(), q.SessionEnd(t.At()), t.Epoch()
	}
	q.Outcome.Won, q.Outcome.Known = true, true
	q.tell(t)
}

// Standing is how a grant stands that a redemption did not change.
type Standing struct {
	Grant   signon.Grant
	Session signon.BrowserSession // the grant's, if there is one (its Key is set then)
}

// NewStanding reads rows of GrantColumns and, unless that is nil, of SessionColumns.
func NewStanding(grant, session Row) (*Standing, error) {
	var s Standing
	var err error
	if s.Grant, err = grant.Grant(); err != nil || session == nil {
		return &s, err
	}
	s.Session, err = session.Session()
	return &s, err
}

// Lose finds out how the grant stands that the update did not change, and counts a
// miss when only the address was in the way.
func (q *Redemption) Lose(t Tx) {
	var stands *Standing
	if found := t.One(selectGrant, q.Key[:]); found != nil {
		var err error
		if stands, err = NewStanding(found, t.One(selectSession, q.Key[:])); err != nil {
			t.Fail(err)
			return
		}
	}
	q.LoseTo(t, stands)
}

// LoseTo is Lose where it is known how the grant stands; nil when there is none. A
// miss that is counted is counted there, too.
func (q *Redemption) LoseTo(t Tx, stands *Standing) {
	if stands != nil && !q.gone(q.Key) {
		if g := &stands.Grant; q.missed(t, g) {
			g.Misses++
			if g.Misses >= signon.MaxMisses {
				g.State = signon.GrantVoided
			}
			t.Exec("UPDATE grants SET misses = ?, state = ? WHERE key = ?", int64(g.Misses), int64(g.State), q.Key[:])
		}
		q.Outcome.Known, q.Outcome.Grant, q.Outcome.Session = true, stands.Grant, stands.Session
	}
	q.tell(t)
}

// tell appends the event of the outcome.
func (q *Redemption) tell(t Tx) {
	if t.Fault() == nil {
		t.Append(q.record(&q.Outcome))
	}
}

// missed reports whether the address alone was in the way.
func (q *Redemption) missed(t Tx, g *signon.Grant) bool {
	addr := []signon.AddrKey{signon.AddrKey(q.Addr[0]), signon.AddrKey(q.Addr[1])}
	return g.State == signon.GrantLive && g.Epoch == t.Epoch() && t.At().Before(g.ExpiresAt) && !g.BoundAddr.Admits(addr)
}
