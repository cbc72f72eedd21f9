package directory_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

func TestUpdateSubscription(t *testing.T) {
	w := newWallet(t)
	ctx := t.Context()
	read := w.subscription()
	changed := read.Clone()
	changed.Recurring, changed.Product.Quantity, changed.CardToken = false, 0, " tok_mc "
	if err := w.UpdateSubscription(ctx, changed, directory.Act{}); err != nil {
		t.Fatal(err)
	}
	want := read.Clone()
	want.Recurring, want.Product.Quantity, want.CardToken, want.Version = false, 1, "tok_mc", 2
	if diff := cmp.Diff(want, w.subscription()); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
	if got := events(t, w.store, signon.EventSubscriptionChanged); len(got) != 1 || got[0] != "subscription "+w.reference {
		t.Errorf("got events %q", got)
	}

	if err := w.UpdateSubscription(ctx, read, directory.Act{}); !errors.Is(err, signon.ErrConflict) {
		t.Errorf("based on an older version: got %v, want a conflict", err)
	} else {
		wantRefused(t, err, signon.CodeConflict, directory.FieldReference)
	}
	refused := func(change func(*directory.Subscription)) error {
		s := w.subscription()
		change(s)
		return w.UpdateSubscription(ctx, s, directory.Act{})
	}
	err := refused(func(s *directory.Subscription) { s.CardToken = "4111 1111 1111 1111" })
	wantRefused(t, err, signon.CodeInvalid, directory.FieldCardToken)
	wantRefused(t, refused(func(s *directory.Subscription) { s.CustomerID++ }), signon.CodeSubjectUnknown, directory.FieldCustomer)
	if err := refused(func(s *directory.Subscription) { s.Reference = "0000000000" }); !errors.Is(err, signon.ErrNotFound) {
		t.Errorf("an unknown reference: got %v", err)
	}
	if diff := cmp.Diff(want, w.subscription()); diff != "" {
		t.Errorf("after refusals (-want +got):\n%s", diff)
	}
}

func TestAnImportKeepsTheVersionsOfSubscriptions(t *testing.T) {
	w := newWallet(t)
	for _, tries := range []int64{2, 3} {
		row := subscription(w.id)
		row.Reference, row.Version, row.CardToken = w.reference, 99, "tok_mc" // a file knows of no versions
		if _, err := w.Import(t.Context(), shop, &directory.Batch{Subscriptions: []*directory.Subscription{row}}, directory.Act{}); err != nil {
			t.Fatal(err)
		}
		if got := w.subscription(); got.Version != tries || got.CardToken != "tok_mc" {
			t.Errorf("got version %d, card %q, want %d", got.Version, got.CardToken, tries)
		}
	}
}
