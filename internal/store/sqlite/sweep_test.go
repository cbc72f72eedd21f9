package sqlite

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/storetest"
)

// lastKey is the last key that there can be.
var lastKey = signon.GrantKey(bytes.Repeat([]byte{0xff}, signon.GrantKeyLen))

// sweepAll sweeps until nothing is left to do.
func (f *fixture) sweepAll(t *testing.T, below signon.GrantKey, sessionsBefore time.Time) {
	t.Helper()
	for range 100 {
		if n, err := f.Sweep(t.Context(), below, sessionsBefore, 3); err != nil {
			t.Fatalf("sweep: %v", err)
		} else if n == 0 {
			return
		}
	}
	t.Fatal("sweeping does not come to an end")
}

// rows returns how many rows there are in the table of grants.
func (f *fixture) rows(t *testing.T) (n int64) {
	t.Helper()
	err := f.readers.read(t.Context(), "count", func(c *conn) error {
		found, err := c.One("SELECT count(*) FROM grants")
		n = found.Int(0)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestASweptGrantIsGoneThoughItsSessionLives(t *testing.T) {
	t.Parallel()
	f := newFixture(t, storetest.NewClock())
	g := f.mustCreate(t, 0)
	f.live(t, g, true)
	f.sweepAll(t, lastKey, time.Time{})
	if _, err := f.Grant(t.Context(), g.Key); !errors.Is(err, signon.ErrNotFound) {
		t.Errorf("grant: got %v, want ErrNotFound", err)
	}
	if all, err := f.Grants(t.Context(), signon.GrantKey{}, 10); err != nil || len(all) != 0 {
		t.Errorf("grants: got %d, %v, want none", len(all), err)
	}
	if _, err := f.Session(t.Context(), g.Key); err != nil {
		t.Errorf("session: %v", err)
	}
	f.live(t, g, false)
}

func TestNoRowOutlivesGrantAndSession(t *testing.T) {
	t.Parallel()
	for name, reopen := range map[string]bool{"in one run": false, "after a restart": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := storetest.NewClock()
			f := newFixture(t, clock)
			for n := range 20 {
				if g := f.mustCreate(t, n); n%2 == 0 {
					f.live(t, g, true)
				}
			}
			f.sweepAll(t, lastKey, time.Time{})
			if n := f.rows(t); n != 10 {
				t.Errorf("got %d rows, want those of 10 sessions", n)
			}
			if reopen {
				f.reopen(t)
			}
			clock.Advance(24 * time.Hour)
			f.sweepAll(t, lastKey, f.Now())
			if n := f.rows(t); n != 0 {
				t.Errorf("got %d rows, want none", n)
			}
		})
	}
}

func TestAGrantOutlivesItsSession(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock()
	f := newFixture(t, clock)
	g := f.mustCreate(t, 0)
	f.live(t, g, true)
	clock.Advance(24 * time.Hour)
	f.sweepAll(t, signon.GrantKey{}, f.Now())
	if _, err := f.Session(t.Context(), g.Key); !errors.Is(err, signon.ErrNotFound) {
		t.Errorf("session: got %v, want ErrNotFound", err)
	}
	if got, err := f.Grant(t.Context(), g.Key); err != nil || got.State != signon.GrantRedeemed || got.Binding != (signon.BindingDigest{1}) {
		t.Errorf("grant: got %+v, %v, want it redeemed still", got, err)
	}
}
