package postgres

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/latchkey-sso/latchkey/internal/pgtest/testcluster"
)

// A statement that the server cancels while it waits for a standby is done and not
// done, and a role may have any limits.
func TestLimitsOfTheRoleDoNotApply(t *testing.T) {
	t.Parallel()
	testcluster.Need(t)
	url := testcluster.Database(t)
	limits := []string{"statement_timeout", "lock_timeout", "idle_session_timeout", "transaction_timeout"}
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	set := 0
	for _, name := range limits {
		if known(t, c, name) != "" {
			set++
			if _, err := c.Exec(t.Context(), "ALTER DATABASE "+pgx.Identifier{c.Config().Database}.Sanitize()+" SET "+name+" = '1h'"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if set < 3 {
		t.Fatalf("the server knows %d of %v", set, limits)
	}
	s, err := Open(t.Context(), Options{URL: url, Keys: testKeys(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	err = s.pool.AcquireFunc(t.Context(), func(p *pgxpool.Conn) error {
		for _, name := range limits {
			if got := known(t, p.Conn(), name); got != "" && got != "0" {
				t.Errorf("%s is %s", name, got)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// known returns what a setting is, and nothing where the server does not know it.
func known(t *testing.T, c *pgx.Conn, name string) (value string) {
	t.Helper()
	if err := c.QueryRow(context.Background(), fmt.Sprintf("SELECT coalesce(current_setting('%s', true), '')", name)).Scan(&value); err != nil {
		t.Fatal(err)
	}
	return value
}
