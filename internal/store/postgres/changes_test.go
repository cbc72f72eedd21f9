package postgres

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/pgtest/testcluster"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// somebody is a customer of the tenant "shop".
func somebody() *directory.Customer {
	return &directory.Customer{
		Tenant: "shop", ExternalRef: "jo", Language: "en",
		Billing: directory.Contact{FirstName: "Jo", LastName: "Fox", Email: "jo@example.com", Address1: "1 Main Street", City: "Springfield", Zip: "62704", CountryCode: "us"},
	}
}

func TestANodeNeverTellsOfACustomerAsBeforeAnotherNodesChange(t *testing.T) {
	t.Parallel()
	testcluster.Need(t)
	f := newFixture(t, nil)
	second := f.newNodes(t, 2).all[1]
	here, there := directory.New(f.Store, f.Store), directory.New(second, second)
	id, err := here.CreateCustomer(t.Context(), somebody(), directory.Act{})
	if err != nil {
		t.Fatal(err)
	}
	seen := func() *directory.Customer {
		t.Helper()
		c, err := there.CustomerByExternalRef(t.Context(), "shop", "jo")
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	seen() // finds out who that is
	before := seen()
	if again := seen(); again != before {
		t.Error("nothing has changed, and yet the customer was read anew")
	}
	if err := here.SignOut(t.Context(), "shop", signon.SubjectCustomer, before.Ref(), &signon.Event{Type: signon.EventSignedOutEverywhere, Tenant: "shop"}); err != nil {
		t.Fatal(err)
	}
	if got := seen(); got.SignedOutBefore.IsZero() {
		t.Error("the other node does not know that the customer has signed out everywhere")
	}
	changed := seen().Clone()
	changed.Language = "de"
	if err := here.UpdateCustomer(t.Context(), changed, directory.Act{}); err != nil {
		t.Fatal(err)
	}
	if got := seen(); got.Language != "de" {
		t.Errorf("got the language %q, want the one that another node has written", got.Language)
	}
	f.exec(t, "UPDATE customers SET doc = replace(doc, 'Fox', 'Hare') WHERE id = $1", id)
	time.Sleep(trusted) // who writes by hand waits for nobody
	if got := seen(); got.Billing.LastName != "Hare" {
		t.Errorf("got the name %q, want the one that was written by hand", got.Billing.LastName)
	}
}

func TestOneProcessSweepsAtATime(t *testing.T) {
	t.Parallel()
	testcluster.Need(t)
	f := newFixture(t, nil)
	g := &signon.Grant{Key: signon.ExpiryKey(f.Now().Add(-time.Hour)), Tenant: "shop", IssuedAt: f.Now().Add(-2 * time.Hour), ExpiresAt: f.Now().Add(-time.Hour)}
	if err := f.CreateGrant(t.Context(), g, &signon.Event{Type: signon.EventIssued, Tenant: "shop"}, nil); err != nil {
		t.Fatal(err)
	}
	sweep := func() int {
		t.Helper()
		n, err := f.Sweep(t.Context(), signon.ExpiryKey(f.Now()), f.Now(), 10)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	f.with(t, func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, "SELECT pg_advisory_lock($1)", lockOf(sweepKey))
		if n := sweep(); n != 0 {
			t.Errorf("removed %d while another process sweeps", n)
		}
		return err
	})
	// A session's locks go a moment after its client.
	for deadline := time.Now().Add(time.Minute); sweep() == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nothing was ever removed")
		}
	}
}
