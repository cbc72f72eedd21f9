package signon_test

import (
	"bytes"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// withDirectory gives the world's service a real directory, as the server does.
func (w *world) withDirectory() *directory.Service {
	w.t.Helper()
	people := directory.New(w.store, w.store)
	w.Service = signon.New(signon.Options{
		Store: w.store, Keys: w.keys, People: people, Misses: w.misses, Failures: w.failures, Refusals: w.refusals, Log: quiet(),
	})
	if err := w.Apply(w.t.Context(), tenants()); err != nil {
		w.t.Fatal(err)
	}
	return people
}

func TestSigningOutEverywhereHoldsOverARestart(t *testing.T) {
	path, root := filepath.Join(t.TempDir(), "latchkey.db"), bytes.Repeat([]byte{1}, 32)
	w := openWorld(t, path, root, nil)
	people := w.withDirectory()
	id, err := people.CreateCustomer(t.Context(), &directory.Customer{Tenant: "shop", Billing: directory.Contact{
		FirstName: "John", LastName: "Newman", Address1: "12 Orchard Street", City: "Springfield", Zip: "62704", CountryCode: "us", Email: "john@example.com",
	}}, directory.Act{})
	if err != nil {
		t.Fatal(err)
	}
	john := signon.SubjectRef(strconv.FormatInt(id, 10))
	first, second := w.signOn(john, 1), w.signOn(john, 2)
	link := w.issue(func(r *signon.IssueRequest) { r.Subject = john })
	w.signOutEverywhere(&first.Session)
	after := w.signOn(john, 3) // in the same millisecond

	for range 2 {
		w.wantOver(first.Token, "", signon.ReasonRevoked)
		w.wantOver(second.Token, "", signon.ReasonRevoked)
		_, err = w.redeem(link.Token, 1, nil)
		wantRefusal(t, err, signon.ReasonRevoked)
		w.visit(after.Token, "")

		if err := w.store.Close(); err != nil {
			t.Fatal(err)
		}
		w = openWorldAt(t, w.clock, path, root, nil)
		w.withDirectory()
	}
}
