package postgres

import (
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/tables"
)

const (
	createRows = ` INTO grants (key, state, epoch, issued_at, expires_at, bound_addr, misses, about)
SELECT n.key, 0, $1, n.issued_at, n.expires_at, n.bound_addr, 0, n.about
FROM unnest($2::new_grant[]) AS n`
	createGrants = "INSERT" + createRows + " ON CONFLICT DO NOTHING"

	// redeemGrants is the only judge of redemptions: every condition is in it, and
	// what counts is which rows it changed.
	redeemGrants = `UPDATE grants g SET state = 1, redeemed_at = $1, binding = r.binding,
session_secret = r.secret, session_expires_at = r.expires_at, about = coalesce(r.moved, g.about)
FROM unnest($3::redemption[]) AS r
WHERE g.key = r.key AND g.state = 0 AND g.epoch = $2 AND g.expires_at > r.judged
AND (g.bound_addr IS NULL OR g.bound_addr = r.addr1 OR g.bound_addr = r.addr2)
RETURNING g.key`
)

// groupwise does what many of a group ask for in one statement.
type groupwise struct {
	created, redeemed []*op
	again             []*op                   // redemptions of what is among redeemed already
	place             map[signon.GrantKey]int // of a key, in redeemed; of one that is created, -1
	won               []bool

	grants, redemptions rows
}

// do creates and redeems. Where one of a group can't be created, or its key occurs
// twice, errGroup is returned, and they are done one by one.
func (g *groupwise) do(t *tx, ops []*op) error {
	if !g.sort(ops) {
		return errGroup
	}
	if len(g.created)+len(g.redeemed) == 0 {
		return nil
	}
	var b pgx.Batch
	for _, o := range g.redeemed {
		o.redeem.Begin(t)
	}
	g.queueCreated(t, &b)
	g.queueRedeemed(t, &b)
	if err := t.injected("batch"); err != nil {
		return t.groupFault(fmt.Errorf("%w: %w", errOurs, err))
	}
	if err := t.conn.SendBatch(unbounded, &b).Close(); err != nil {
		return t.groupFault(err)
	}
	return g.tell(t)
}

// sort takes the operations that can be done together; false when a key that is
// created is twice among them.
func (g *groupwise) sort(ops []*op) bool {
	g.created, g.redeemed, g.again = g.created[:0], g.redeemed[:0], g.again[:0]
	if g.place == nil {
		g.place = map[signon.GrantKey]int{}
	}
	clear(g.place)
	for _, o := range ops {
		switch {
		case o.create != nil:
			if _, twice := g.place[o.create.Key]; twice {
				return false
			}
			g.place[o.create.Key] = -1
			g.created = append(g.created, o)
		case o.redeem != nil:
			at, twice := g.place[o.redeem.Key]
			switch {
			case twice && at < 0:
				return false
			case twice:
				g.again = append(g.again, o)
			default:
				g.place[o.redeem.Key] = len(g.redeemed)
				g.redeemed = append(g.redeemed, o)
			}
		}
	}
	return true
}

func (g *groupwise) queueCreated(t *tx, b *pgx.Batch) {
	want := int64(len(g.created))
	if want == 0 {
		return
	}
	b.Queue(createGrants, g.createArgs(t)...).Exec(func(tag pgconn.CommandTag) error {
		if tag.RowsAffected() != want {
			return errTaken
		}
		return nil
	})
}

// createArgs returns the arguments of createRows.
func (g *groupwise) createArgs(t *tx) []any {
	r := &g.grants
	r.reset(t.types.grant)
	for _, o := range g.created {
		c := o.create
		r.begin(5)
		r.bytes(c.Key[:])
		r.number(c.IssuedAt)
		r.number(c.ExpiresAt)
		r.bytes(orNil(c.BoundAddr))
		r.bytes(c.About)
		r.end()
	}
	return []any{t.epoch, r.data}
}

// errTaken: one of the keys is that of another grant.
var errTaken = fmt.Errorf("%w: a key is taken", errOurs)

func (g *groupwise) queueRedeemed(t *tx, b *pgx.Batch) {
	if len(g.redeemed) == 0 {
		return
	}
	g.won = append(g.won[:0], make([]bool, len(g.redeemed))...)
	b.Queue(redeemGrants, g.redeemArgs(t)...).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var key []byte
			if err := rows.Scan(&key); err != nil {
				return err
			}
			g.won[g.place[signon.GrantKey(key)]] = true
		}
		return rows.Err()
	})
}

// redeemArgs returns the arguments of redeemGrants.
func (g *groupwise) redeemArgs(t *tx) []any {
	r := &g.redemptions
	r.reset(t.types.redemption)
	for _, o := range g.redeemed {
		q := o.redeem
		secret := q.SessionSecret()
		r.begin(8)
		r.bytes(q.Key[:])
		r.bytes(q.Binding[:])
		r.bytes(secret)
		if secret != nil {
			r.number(q.SessionEnd(t.at).UnixMilli())
		} else {
			r.noNumber()
		}
		r.number(q.Judged(t.at))
		r.bytes(orNil(q.Addr[0]))
		r.bytes(orNil(q.Addr[1]))
		r.bytes(q.Moved)
		r.end()
	}
	return []any{t.at.UnixMilli(), t.epoch, r.data}
}

// tell finishes the operations after their statements.
func (g *groupwise) tell(t *tx) error {
	for _, o := range g.created {
		o.Err = nil
		o.create.Epoch = t.epoch
		t.Append(o.create.Event)
	}
	var losers, later []*op
	for i, o := range g.redeemed {
		if o.Err = nil; g.won[i] {
			o.redeem.Win(t)
		} else {
			losers = append(losers, o)
		}
	}
	for _, o := range g.again {
		if g.won[g.place[o.redeem.Key]] {
			o.Err = nil
			o.redeem.Begin(t)
			losers = append(losers, o)
		} else {
			later = append(later, o) // what stopped the first one need not stop this one
		}
	}
	g.lose(t, losers)
	for _, o := range later {
		if t.fault == nil {
			o.Err = o.redeem.Do(t)
		}
	}
	if t.fault != nil {
		return t.groupFault(t.fault)
	}
	return nil
}

// lose tells those who did not win how their grants stand, by one look at all.
func (g *groupwise) lose(t *tx, losers []*op) {
	if len(losers) == 0 || t.fault != nil {
		return
	}
	stand, err := standings(t, losers)
	if err != nil {
		t.Fail(err)
		return
	}
	for _, o := range losers {
		if t.fault == nil {
			o.redeem.LoseTo(t, stand[o.redeem.Key])
		}
	}
}

func standings(t *tx, ops []*op) (map[signon.GrantKey]*tables.Standing, error) {
	stand := make(map[signon.GrantKey]*tables.Standing, len(ops))
	keys := make([][]byte, 0, len(ops))
	for _, o := range ops {
		if _, twice := stand[o.redeem.Key]; !twice {
			stand[o.redeem.Key] = nil
			keys = append(keys, o.redeem.Key[:])
		}
	}
	err := reader{unbounded, t.conn}.Each(selectRows, func(r tables.Row) error {
		grant, session := cutRow(r)
		s, err := tables.NewStanding(grant, session)
		if err == nil {
			stand[s.Grant.Key] = s
		}
		return err
	}, keys)
	return stand, err
}

// orNil returns nil, which means NULL, for no bytes.
func orNil(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return b
}
