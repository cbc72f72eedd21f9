package sqlite

import (
	"context"
	"fmt"
	"strings"

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
	place  func(tenant signon.TenantID, r row) signon.Place
}

var sealedColumns = []sealedColumn{
	customerSeals("privacy_key"),
	customerSeals("card_tokens"),
	{
		list:   "SELECT rowid, tenant, id, privacy_key FROM users WHERE rowid > ? AND privacy_key IS NOT NULL ORDER BY rowid LIMIT ?",
		update: "UPDATE users SET privacy_key = ? WHERE rowid = ? AND privacy_key = ?",
		place:  func(tenant signon.TenantID, r row) signon.Place { return userPlace(tenant, r.int(2)) },
	},
	{
		list:   "SELECT rowid, tenant, number, privacy_key FROM members WHERE rowid > ? ORDER BY rowid LIMIT ?",
		update: "UPDATE members SET privacy_key = ? WHERE rowid = ? AND privacy_key = ?",
		place:  func(tenant signon.TenantID, r row) signon.Place { return memberPlace(tenant, r.text(2)) },
	},
	{
		list:   "SELECT rowid, tenant, owner || char(0) || id, secret FROM signing_keys WHERE rowid > ? ORDER BY rowid LIMIT ?",
		update: "UPDATE signing_keys SET secret = ? WHERE rowid = ? AND secret = ?",
		place: func(tenant signon.TenantID, r row) signon.Place {
			owner, id, _ := strings.Cut(r.text(2), "\x00")
			return keyPlace(tenant, owner, id)
		},
	},
	{
		list:   "SELECT rowid, tenant, ref_no, card_token FROM orders WHERE rowid > ? AND card_token IS NOT NULL ORDER BY rowid LIMIT ?",
		update: "UPDATE orders SET card_token = ? WHERE rowid = ? AND card_token = ?",
		place: func(tenant signon.TenantID, r row) signon.Place {
			return cardPlace(&directory.Order{Tenant: tenant, RefNo: r.text(2)})
		},
	},
	{
		list:   "SELECT rowid, tenant, reference, card_token FROM subscriptions WHERE rowid > ? AND card_token IS NOT NULL ORDER BY rowid LIMIT ?",
		update: "UPDATE subscriptions SET card_token = ? WHERE rowid = ? AND card_token = ?",
		place: func(tenant signon.TenantID, r row) signon.Place {
			return renewalCardPlace(tenant, r.text(2))
		},
	},
}

func customerSeals(column string) sealedColumn {
	return sealedColumn{
		list:   "SELECT rowid, tenant, id, " + column + " FROM customers WHERE rowid > ? AND " + column + " IS NOT NULL ORDER BY rowid LIMIT ?",
		update: "UPDATE customers SET " + column + " = ? WHERE rowid = ? AND " + column + " = ?",
		place: func(tenant signon.TenantID, r row) signon.Place {
			return customerPlace(column, tenant, r.int(2))
		},
	}
}

// Reseal seals everything that is still sealed under the previous root key
// under the current one, in small steps beside other work, and returns how many
// values it changed. It does nothing unless a root key is being replaced. After
// it, and after the tenants have been applied, only the audit log and what lives
// for a short time need the previous key.
func (s *Store) Reseal(ctx context.Context) (changed int, err error) {
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

func (s *Store) resealColumn(ctx context.Context, c *sealedColumn) (changed int, err error) {
	for after := int64(0); ; {
		var batch []resealed
		seen := 0
		err := s.readers.scan(ctx, "read sealed values", func(conn *conn) error {
			return conn.each(c.list, func(r row) error {
				seen++
				after = r.int(0)
				anew, stale, err := s.keys.Reseal(r.blob(3), c.place(signon.TenantID(r.text(1)), r))
				if stale {
					batch = append(batch, resealed{after, r.blob(3), anew})
				}
				return err
			}, after, int64(resealBatch))
		})
		if err != nil {
			return changed, err
		}
		if len(batch) > 0 {
			err = s.write(ctx, "seal values", func(t *tx) error {
				for _, v := range batch {
					t.exec(c.update, v.value, v.rowid, v.old) // one that was changed meanwhile is sealed anew already
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
