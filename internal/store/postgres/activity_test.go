package postgres

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-sso/latchkey/internal/pgtest/testcluster"
	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/tables"
)

// pinned reads through one connection.
type pinned struct {
	engine
	conn querier
}

func (p pinned) Scan(ctx context.Context, _ string, do func(tables.Reader) error) error {
	return do(reader{ctx, p.conn})
}

func TestActivityReadsNoMoreOfTheLogThanItTells(t *testing.T) {
	t.Parallel()
	testcluster.Need(t)
	f := newFixture(t, nil)
	g := newGrant(f.Store, 1)
	e := &signon.Event{Type: signon.EventIssued, Tenant: "shop", Activity: signon.Person{Kind: signon.SubjectUser, Ref: "1"}}
	if err := f.CreateGrant(t.Context(), g, e, nil); err != nil {
		t.Fatal(err)
	}
	f.with(t, func(ctx context.Context, c *pgx.Conn) error {
		for _, query := range []string{
			"INSERT INTO audit SELECT n, body, hash FROM audit, generate_series(2, 20000) AS n WHERE seq = 1",
			"INSERT INTO activity SELECT 'shop', n, 'user', '1' FROM generate_series(2, 100) AS n",
			"INSERT INTO activity SELECT 'other', n, 'user', '1' FROM generate_series(101, 20000) AS n",
			"ANALYZE audit, activity",
		} {
			if _, err := c.Exec(ctx, query); err != nil {
				return err
			}
		}
		return nil
	})
	for name, q := range map[string]signon.ActivityQuery{
		"all": {Tenant: "shop", Limit: 9},
		"one": {Tenant: "shop", Person: e.Activity, Limit: 9},
	} {
		c, err := pgx.ConnectConfig(t.Context(), f.config)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close(t.Context())
		tx, err := c.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		events, err := tables.New(pinned{engine{f.Store}, tx}, f.keys).Activity(t.Context(), q)
		if err != nil || len(events) != 9 || events[0].Seq != 100 {
			t.Fatalf("%s: got %d events, %v", name, len(events), err)
		}
		var read int
		err = tx.QueryRow(t.Context(), "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'audit'").Scan(&read)
		if err != nil || read > 2*len(events) {
			t.Errorf("%s: read %d events, %v, to tell %d", name, read, err, len(events))
		}
	}
}
