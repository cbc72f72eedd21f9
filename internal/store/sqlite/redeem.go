package sqlite

import (
	"context"
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

// RedeemGrant redeems a grant at most once. See [signon.GrantStore].
func (s *Store) RedeemGrant(ctx context.Context, r *signon.Redemption) (signon.RedeemOutcome, error) {
	q := newRedemption(r)
	q.swept = s.sweeper.swept
	if err := s.changeGrant(ctx, "redeem grant", q.key, q.do); err != nil {
		return signon.RedeemOutcome{}, err
	}
	return q.outcome, nil
}

// redemption is a call of RedeemGrant, with everything that it needs copied:
// its caller may be gone before it is done.
type redemption struct {
	key       signon.GrantKey
	binding   signon.BindingDigest
	addr      [2][]byte
	session   signon.BrowserSession
	served    time.Time
	ttl       time.Duration
	noSession bool
	record    func(*signon.RedeemOutcome) *signon.Event
	moved     []byte // how the grant reads from then on, when the session is at another destination
	swept     func(signon.GrantKey) bool
	outcome   signon.RedeemOutcome
}

func newRedemption(r *signon.Redemption) *redemption {
	q := &redemption{key: r.Key, binding: r.Binding, session: r.Session, served: r.ServedAt, ttl: r.SessionTTL, noSession: r.NoSession, record: r.Record}
	if b := &r.Session; r.From != b.Destination {
		q.moved = aboutSession(b).pack()
	}
	for i := range min(len(r.Addr), len(q.addr)) {
		q.addr[i] = []byte(r.Addr[i])
	}
	return q
}

func aboutSession(b *signon.BrowserSession) *about {
	return &about{
		tenant: b.Tenant, client: b.Client, destination: b.Destination, kind: b.SubjectKind, subject: b.Subject,
		target: b.Target, language: b.Language,
	}
}

func (q *redemption) do(t *tx) error {
	q.outcome = signon.RedeemOutcome{At: t.at, Epoch: t.epoch}
	now, until := t.now(), t.at.Add(q.ttl).Truncate(time.Millisecond)
	judged := now
	if !q.served.IsZero() {
		judged = min(judged, q.served.UnixMilli())
	}
	secret, expires := any(q.session.Secret[:]), any(until.UnixMilli())
	if q.noSession {
		secret, expires = nil, nil
	}
	if t.exec(redeemGrant, now, q.binding[:], secret, expires,
		q.key[:], t.epoch, judged, orNil(q.addr[0]), orNil(q.addr[1])) == 1 {
		if b := &q.outcome.Session; !q.noSession {
			*b = q.session
			b.Key, b.StartedAt, b.ExpiresAt, b.Epoch = q.key, t.at, until, t.epoch
		}
		q.outcome.Won, q.outcome.Known = true, true
		if q.moved != nil {
			t.exec(moveGrant, q.moved, q.key[:])
		}
	} else {
		q.lose(t)
	}
	if t.fault == nil {
		t.append(q.record(&q.outcome))
	}
	return nil
}

// lose finds out how the grant stands, and counts a miss when only the address
// was in the way.
func (q *redemption) lose(t *tx) {
	found := t.one(selectGrant, q.key[:])
	if found == nil || q.swept(q.key) {
		return
	}
	g, err := found.grant()
	if err != nil {
		t.fault = err
		return
	}
	if q.missed(t, &g) {
		g.Misses++
		if g.Misses >= signon.MaxMisses {
			g.State = signon.GrantVoided
		}
		t.exec("UPDATE grants SET misses = ?, state = ? WHERE key = ?", int64(g.Misses), int64(g.State), q.key[:])
	}
	q.outcome.Known, q.outcome.Grant = true, g
	if session := t.one(selectSession, q.key[:]); session != nil {
		q.outcome.Session, t.fault = session.session()
	}
}

// missed reports whether the address alone was in the way.
func (q *redemption) missed(t *tx, g *signon.Grant) bool {
	addr := []signon.AddrKey{signon.AddrKey(q.addr[0]), signon.AddrKey(q.addr[1])}
	return g.State == signon.GrantLive && g.Epoch == t.epoch && t.at.Before(g.ExpiresAt) && !g.BoundAddr.Admits(addr)
}
