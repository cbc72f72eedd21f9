package sqlite

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/storetest"
)

func TestThePreviousRootKeyCanGoAfterResealing(t *testing.T) {
	t.Parallel()
	f := newFixture(t, storetest.NewClock())
	const customers = 407 // more than two steps
	for i := range customers {
		c := &directory.Customer{Tenant: "shop", ID: int64(i + 1), PrivacyKey: signon.PrivacyKey{byte(i), 1}, Version: 1}
		if i%2 == 0 {
			c.Cards = []directory.Card{{Type: "visa", LastDigits: "1111", Token: fmt.Sprint("tok", i)}}
		}
		if err := f.CreateCustomer(t.Context(), c, &signon.Event{Type: signon.EventCustomerCreated}); err != nil {
			t.Fatal(err)
		}
	}
	o := &directory.Order{Tenant: "shop", RefNo: "1", CartID: "c", Status: directory.OrderPending, Card: directory.Card{Token: "tok-order"}}
	if _, err := f.PutOrder(t.Context(), o, &signon.Event{Type: signon.EventOrderPlaced}); err != nil {
		t.Fatal(err)
	}
	sub := &directory.Subscription{Tenant: "shop", Reference: "AA", CustomerID: 1, CardToken: "tok-sub", Version: 1}
	if err := f.CreateSubscription(t.Context(), sub, &signon.Event{Type: signon.EventSubscription}); err != nil {
		t.Fatal(err)
	}
	gone := &directory.User{Tenant: "shop", ID: 2, Username: "gone", PrivacyKey: signon.PrivacyKey{9}, Version: 1}
	for _, u := range []*directory.User{{Tenant: "shop", ID: 1, Username: "ada", PrivacyKey: signon.PrivacyKey{8}, Version: 1}, gone} {
		if err := f.CreateUser(t.Context(), u, &signon.Event{Type: signon.EventUserCreated}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.DeleteUser(t.Context(), "shop", gone.ID, nil); err != nil { // has no key any more
		t.Fatal(err)
	}
	member := &directory.Member{Tenant: "shop", Number: "10001004", PrivacyKey: signon.PrivacyKey{10}, Version: 1}
	if err := f.CreateMember(t.Context(), member, &signon.Event{Type: signon.EventMemberCreated}); err != nil {
		t.Fatal(err)
	}
	for _, owner := range []string{"app 01", "issuer"} {
		key := &signon.SigningKey{Tenant: "shop", Owner: owner, ID: "id", Secret: signon.Secret("key of " + owner)}
		if err := f.AddKey(t.Context(), key, time.Time{}, &signon.Event{Type: signon.EventKeyAdded}); err != nil {
			t.Fatal(err)
		}
	}
	old, next := bytes.Repeat([]byte{7}, signon.RootKeyLen), bytes.Repeat([]byte{2}, signon.RootKeyLen)
	reopen := func(root, previous []byte) {
		t.Helper()
		keys, err := signon.NewKeyring(root, previous)
		if err != nil {
			t.Fatal(err)
		}
		f.options.Keys = keys
		f.reopen(t)
	}
	if n, err := f.Reseal(t.Context()); n != 0 || err != nil {
		t.Errorf("without a previous key: %d, %v", n, err)
	}
	reopen(next, old)
	if n, err := f.Reseal(t.Context()); n != customers+(customers+1)/2+6 || err != nil {
		t.Errorf("sealed anew: %d, %v", n, err)
	}
	if n, err := f.Reseal(t.Context()); n != 0 || err != nil {
		t.Errorf("the second time: %d, %v", n, err)
	}
	reopen(next, nil)
	all, err := f.Customers(t.Context(), "shop", 0, 2*customers)
	if err != nil || len(all) != customers || all[4].PrivacyKey != (signon.PrivacyKey{4, 1}) || all[4].Cards[0].Token != "tok4" {
		t.Errorf("without the previous key: %d customers, %v", len(all), err)
	}
	if got, err := f.Order(t.Context(), "shop", "1"); err != nil || got.Card.Token != "tok-order" {
		t.Errorf("order: %v", err)
	}
	if got, err := f.Subscription(t.Context(), "shop", "AA"); err != nil || got.CardToken != "tok-sub" {
		t.Errorf("subscription: %v", err)
	}
	if got, err := f.User(t.Context(), "shop", 1); err != nil || got.PrivacyKey != (signon.PrivacyKey{8}) {
		t.Errorf("user: %v", err)
	}
	if got, err := f.Member(t.Context(), "shop", "10001004"); err != nil || got.PrivacyKey != (signon.PrivacyKey{10}) {
		t.Errorf("member: %v", err)
	}
	for _, owner := range []string{"app 01", "issuer"} {
		if got, err := f.SigningKeys(t.Context(), "shop", owner); err != nil || len(got) != 1 || got[0].Secret.Reveal() != "key of "+owner {
			t.Errorf("keys of %s: %d, %v", owner, len(got), err)
		}
	}
}
