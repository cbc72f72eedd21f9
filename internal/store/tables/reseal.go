package tables

import (
	"context"
	"fmt"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// resealBatch is how many rows are sealed anew in one step, so that nobody else
// waits long.
const resealBatch = 200

// sealedColumn is a column of sealed values. Clients' secrets are not among
// them: they are sealed anew whenever tenants are applied.
type sealedColumn struct {
	list   string // rowid, tenant, row, value; above a rowid
	update string // new value, rowid, old value
	place  func(tenant signon.TenantID, r Row) signon.Place
}

var sealedColumns = []sealedColumn{
	customerSeals("privacy_key"),
	customerSeals("card_tokens"),
	{
		list:   "SELECT rowid, tenant, id, privacy_key FROM users WHERE rowid > ? AND privacy_key IS NOT NULL ORDER BY rowid LIMIT ?",
		update: "UPDATE users SET privacy_key = ? WHERE rowid = ? AND privacy_key = ?",
		place:  func(tenant signon.TenantID, r Row) signon.Place { return userPlace(tenant, r.Int(2)) },
	},
	{
		list:   "SELECT rowid, tenant, number, privacy_key FROM members WHERE rowid > ? ORDER BY rowid LIMIT ?",
		update: "UPDATE members SET privacy_key = ? WHERE rowid = ? AND privacy_key = ?",
		place:  func(tenant signon.TenantID, r Row) signon.Place { return memberPlace(tenant, r.Text(2)) },
	},
	{
		list:   "SELECT rowid, tenant, owner, secret, id FROM signing_keys WHERE rowid > ? ORDER BY rowid LIMIT ?",
		update: "UPDATE signing_keys SET secret = ? WHERE rowid = ? AND secret = ?",
		place: func(tenant signon.TenantID, r Row) signon.Place {
			return keyPlace(tenant, r.Text(2), r.Text(4))
		},
	},
	{
		list:   "SELECT rowid, tenant, ref_no, card_token FROM orders WHERE rowid > ? AND card_token IS NOT NULL ORDER BY rowid LIMIT ?",
		update: "UPDATE orders SET card_token = ? WHERE rowid = ? AND card_token = ?",
		place: func(tenant signon.TenantID, r Row) signon.Place {
			return cardPlace(&directory.Order{Tenant: tenant, RefNo: r.Text(2)})
		},
	},
	{
		list:   "SELECT rowid, tenant, reference, card_token FROM subscriptions WHERE rowid > ? AND card_token IS NOT NULL ORDER BY rowid LIMIT ?",
		update: "UPDATE subscriptions SET card_token = ? WHERE rowid = ? AND card_token = ?",
		place: func(tenant signon.TenantID, r Row) signon.Place {
			return renewalCardPlace(tenant, r.Text(2))
		},
	},
}

func customerSeals(column string) sealedColumn {
	return sealedColumn{
		list:   "SELECT rowid, tenant, id, " + column + " FROM customers WHERE rowid > ? AND " + column + " IS NOT NULL ORDER BY rowid LIMIT ?",
		update: "UPDATE customers SET " + column + " = ? WHERE rowid = ? AND " + column + " = ?",
		place: func(tenant signon.TenantID, r Row) signon.Place {
			return customerPlace(column, tenant, r.Int(2))
		},
	}
}

// Reseal seals everything that is still sealed under the previous root key
// under the current one, in small steps beside other work, and returns how many
// values it changed. It does nothing unless a root key is being replaced. After
// it, and after the tenants have been applied, only the audit log and what lives
// for a short time need the previous key.
func (s *Tables) Reseal(ctx context.Context) (changed int, err error) {
	if !s.keys.Replacing() {
		return 0, nil
	}
	for i := range sealedColumns {
		n, err := s.resealColumn(ctx, &sealedColumns[i])
		changed += n
		if err != nil {
			return changed, fmt.Errorf("seal under the current root key: %w", err)
		}
	}
	return changed, nil
}

// resealed is a value before and after.
type resealed struct {
	rowid      int64
	old, value []byte
}

func (s *Tables) resealColumn(ctx context.Context, c *sealedColumn) (changed int, err error) {
	for after := int64(0); ; {
		var batch []resealed
		seen := 0
		err := s.engine.Scan(ctx, "read sealed values", func(conn Reader) error {
			return conn.Each(c.list, func(r Row) error {
				seen++
				after = r.Int(0)
				anew, stale, err := s.keys.Reseal(r.Blob(3), c.place(signon.TenantID(r.Text(1)), r))
				if stale {
					batch = append(batch, resealed{after, r.Blob(3), anew})
				}
				return err
			}, after, int64(resealBatch))
		})
		if err != nil {
			return changed, err
		}
		if len(batch) > 0 {
			err = s.engine.Write(ctx, "seal values", func(t Tx) error {
				for _, v := range batch {
					t.Exec(c.update, v.value, v.rowid, v.old) // one that was changed meanwhile is sealed anew already
				}
				return nil
			})
			if err != nil {
				return changed, err
			}
		}
		changed += len(batch)
		if seen < resealBatch {
			return changed, nil
		}
	}
}
