package tables

import (
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Table is a table that both engines have, with the columns that hold what was
// stored. What an engine adds for itself is not among them.
type Table struct {
	Name    string
	Columns []string
	// Order, unless empty, is the column by which rows are read.
	Order string
}

// Schema are all tables whose rows make up what a store holds.
var Schema = []Table{
	{Name: "audit", Columns: []string{"seq", "body", "hash"}, Order: "seq"},
	{Name: "audit_start", Columns: []string{"place", "head"}},
	{Name: "activity", Columns: []string{"tenant", "seq", "kind", "subject"}},
	{Name: "tenants", Columns: []string{"id", "doc"}},
	{Name: "clients", Columns: []string{"tenant", "pos", "realm", "id", "doc", "secrets"}},
	{Name: "destinations", Columns: []string{"tenant", "pos", "id", "doc"}},
	{Name: "signing_keys", Columns: []string{"tenant", "owner", "id", "secret", "created_at", "signs_from", "retires_at"}},
	{Name: "voided", Columns: []string{"tenant", "destination", "before"}},
	{Name: "products", Columns: []string{"tenant", "id", "doc"}},
	{Name: "users", Columns: []string{
		"tenant", "id", "username", "version", "created_at", "changed_at", "signed_out_before", "privacy_key", "doc",
	}},
	{Name: "members", Columns: []string{
		"tenant", "number", "version", "created_at", "changed_at", "signed_out_before", "privacy_key", "doc",
	}},
	{Name: "customers", Columns: []string{
		"tenant", "id", "external_ref", "email", "version", "created_at", "changed_at", "privacy_key", "card_tokens", "doc",
		"signed_out_before", "shopper_id",
	}},
	{Name: "subscriptions", Columns: []string{
		"tenant", "reference", "customer_id", "email", "version", "created_at", "card_token", "doc",
	}},
	{Name: "orders", Columns: []string{"tenant", "ref_no", "cart_id", "customer_id", "status", "placed_at", "card_token", "doc"}},
	{Name: "replies", Columns: []string{"key", "call", "sealed", "outdated_at", "tenant", "kind", "subject"}},
	{Name: "grants", Columns: []string{
		"key", "state", "epoch", "issued_at", "expires_at", "bound_addr", "misses", "about", "redeemed_at", "binding",
		"session_secret", "session_expires_at", "session_ended_at",
	}},
}

// State is where a store has come to.
type State struct {
	// Epoch is the current epoch.
	Epoch int64
	// At is an instant after which nothing was judged so far.
	At time.Time
	// End is the end of the audit log.
	End signon.ChainHead
}

// Count returns how many rows each table of the Schema has, by its name.
func Count(r Reader) (map[string]int64, error) {
	counts := map[string]int64{}
	for _, t := range Schema {
		found, err := r.One("SELECT count(*) FROM " + t.Name)
		if err != nil {
			return nil, err
		}
		counts[t.Name] = found.Int(0)
	}
	return counts, nil
}
