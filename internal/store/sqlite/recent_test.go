package sqlite

import (
	"errors"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// created stores the n-th grant of a test.
func (f *fixture) created(t *testing.T, n int) *signon.Grant {
	t.Helper()
	g := f.testGrant(n)
	if err := f.create(g); err != nil {
		t.Fatalf("create grant: %v", err)
	}
	return g
}

func TestANewGrantIsFoundWithoutReadingTheDatabase(t *testing.T) {
	t.Parallel()
	f := newFixture(t, signon.SystemClock{})
	g := f.created(t, 1)
	f.exec(t, "DELETE FROM grants")
	if _, err := f.Grant(t.Context(), g.Key); err != nil {
		t.Errorf("got %v, want the grant that was just stored", err)
	}
}

func TestAGrantIsRememberedAsItReadsFromTheDatabase(t *testing.T) {
	t.Parallel()
	f := newFixture(t, signon.SystemClock{})
	g := f.testGrant(1)
	g.BoundAddr, g.IssuedAt = "\x7f\x00\x00\x01", g.IssuedAt.Add(time.Microsecond).Local()
	if err := f.create(g); err != nil {
		t.Fatalf("create grant: %v", err)
	}
	remembered, _ := f.recent.Find(g.Key)
	f.recent.Forget(g.Key)
	if read, err := f.Grant(t.Context(), g.Key); err != nil || read != remembered {
		t.Errorf("remembered %+v, read %+v, %v", remembered, read, err)
	}
}

func TestAChangedGrantIsReadFromTheDatabase(t *testing.T) {
	t.Parallel()
	f := newFixture(t, signon.SystemClock{})
	for what, change := range map[string]func(*signon.Grant) error{
		"redeemed": func(g *signon.Grant) error {
			_, err := f.RedeemGrant(t.Context(), testRedemption(g, 1))
			return err
		},
		"revoked": func(g *signon.Grant) error {
			_, err := f.RevokeGrant(t.Context(), g.Key, &signon.Event{Type: signon.EventRevoked})
			return err
		},
	} {
		g := f.created(t, len(what))
		if err := change(g); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if now, err := f.Grant(t.Context(), g.Key); err != nil || now.State.String() != what {
			t.Errorf("%s: got a grant that is %s, %v", what, now.State, err)
		}
	}
}

func TestAGrantChangedInTheGroupThatStoredItIsReadFromTheDatabase(t *testing.T) {
	t.Parallel()
	f := newFixture(t, signon.SystemClock{})
	g := f.testGrant(1)
	errs := f.together(t,
		func() error { return f.create(g) },
		func() error { _, err := f.RedeemGrant(t.Context(), testRedemption(g, 1)); return err },
	)
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if now, err := f.Grant(t.Context(), g.Key); err != nil || now.State != signon.GrantRedeemed {
		t.Errorf("got a grant that is %s, %v, want it redeemed", now.State, err)
	}
}

func TestASweptGrantIsNotFound(t *testing.T) {
	t.Parallel()
	f := newFixture(t, signon.SystemClock{})
	g, later := f.created(t, 1), f.testGrant(2)
	later.Key = signon.ExpiryKey(g.Key.ExpirySecond().Add(time.Second))
	if err := f.create(later); err != nil {
		t.Fatalf("create grant: %v", err)
	}
	if n, err := f.Sweep(t.Context(), later.Key, f.Now(), 10); n != 1 || err != nil {
		t.Fatalf("sweep: removed %d, %v", n, err)
	}
	if _, err := f.Grant(t.Context(), g.Key); !errors.Is(err, signon.ErrNotFound) {
		t.Errorf("swept: got %v, want ErrNotFound", err)
	}
	if _, ok := f.recent.Find(later.Key); !ok {
		t.Error("a grant that expires later was forgotten, too")
	}
}

func TestAGrantThatWasNotCommittedIsNotRemembered(t *testing.T) {
	t.Parallel()
	f := newFixture(t, signon.SystemClock{})
	f.inject(t, func(query string, _ []any) error {
		if isOne(query, insertEvent) {
			return errInjected
		}
		return nil
	})
	g := f.testGrant(1)
	if err := f.create(g); err == nil {
		t.Fatal("create grant: got no error")
	}
	if _, ok := f.recent.Find(g.Key); ok {
		t.Error("it is remembered")
	}
}
