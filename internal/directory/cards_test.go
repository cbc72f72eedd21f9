package directory_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// wallet is a customer with two cards and a subscription, as they are stored.
type wallet struct {
	*directory.Service
	t         *testing.T
	store     signon.AuditStore
	id        int64
	reference string
}

func newWallet(t *testing.T) *wallet {
	s, store, _ := newService(t)
	w := &wallet{Service: s, t: t, store: store, id: create(t, s, john())}
	var err error
	if w.reference, err = s.CreateSubscription(t.Context(), subscription(w.id), directory.Act{}); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *wallet) customer() *directory.Customer {
	w.t.Helper()
	c, err := w.CustomerByID(w.t.Context(), shop, w.id)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *wallet) subscription() *directory.Subscription {
	w.t.Helper()
	s, err := w.Subscription(w.t.Context(), shop, w.reference)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// tokens returns the customer's cards in their order.
func (w *wallet) tokens() string {
	w.t.Helper()
	var list []string
	for _, c := range w.customer().Cards {
		list = append(list, c.Token)
	}
	return strings.Join(list, " ")
}

func (w *wallet) wants(tokens, paying string) {
	w.t.Helper()
	if got := w.tokens(); got != tokens {
		w.t.Errorf("got cards %q, want %q", got, tokens)
	}
	if got := w.subscription().CardToken; got != paying {
		w.t.Errorf("the subscription is paid with %q, want %q", got, paying)
	}
}

func newCard(token string) directory.Card {
	return directory.Card{Type: "Visa", LastDigits: "4242", ExpirationMonth: 1, ExpirationYear: 2030, Cardholder: " J. Newman ", Token: token}
}

func TestCardsAreAddedPreferredAndRemoved(t *testing.T) {
	w := newWallet(t)
	ctx, act := t.Context(), directory.Act{SupportCode: "CODE"}
	w.wants("tok_visa tok_mc", "")
	for _, step := range []struct {
		name           string
		do             func() error
		tokens, paying string
	}{
		{"add", func() error { return w.AddCard(ctx, w.customer(), newCard("tok_3"), act) }, "tok_visa tok_mc tok_3", ""},
		{"prefer", func() error { return w.PreferCard(ctx, w.customer(), "tok_mc", act) }, "tok_mc tok_visa tok_3", ""},
		{"prefer the first", func() error { return w.PreferCard(ctx, w.customer(), "tok_mc", act) }, "tok_mc tok_visa tok_3", ""},
		{"add once more", func() error { return w.AddCard(ctx, w.customer(), newCard("tok_visa"), act) }, "tok_mc tok_visa tok_3", ""},
		{"pay", func() error { return w.PayWith(ctx, w.subscription(), w.customer(), "tok_3", act) }, "tok_mc tok_visa tok_3", "tok_3"},
		{"remove another", func() error { return w.RemoveCard(ctx, w.customer(), "tok_mc", act) }, "tok_visa tok_3", "tok_3"},
		{"remove the one that pays", func() error { return w.RemoveCard(ctx, w.customer(), "tok_3", act) }, "tok_visa", ""},
		{"pay with the one left", func() error { return w.PayWith(ctx, w.subscription(), w.customer(), "tok_visa", act) }, "tok_visa", "tok_visa"},
		{"pay with any", func() error { return w.PayWith(ctx, w.subscription(), w.customer(), "", act) }, "tok_visa", ""},
	} {
		given := w.customer()
		before := given.Clone()
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		w.wants(step.tokens, step.paying)
		if diff := cmp.Diff(before, given); diff != "" { // others share it
			t.Errorf("%s: the customer that was given changed (-before +after):\n%s", step.name, diff)
		}
	}
	want := directory.Card{Type: "visa", LastDigits: "4242", ExpirationMonth: 1, ExpirationYear: 2030, Cardholder: "J. Newman", Token: "tok_visa"}
	if diff := cmp.Diff([]directory.Card{want}, w.customer().Cards); diff != "" {
		t.Errorf("the card that was added twice (-want +got):\n%s", diff)
	}
	if n := len(events(t, w.store, signon.EventCustomerChanged)); n != 6 {
		t.Errorf("got %d events of the customer, want 6", n)
	}
	got := events(t, w.store, signon.EventSubscriptionChanged)
	if note := "subscription " + w.reference; len(got) != 3 || got[0] != note {
		t.Errorf("got events %q, want 3 of %q", got, note)
	}
}

func TestCardsThatAreRefusedChangeNothing(t *testing.T) {
	w := newWallet(t)
	ctx, act := t.Context(), directory.Act{}
	with := func(change func(*directory.Card)) func() error {
		card := newCard("tok_3")
		change(&card)
		return func() error { return w.AddCard(ctx, w.customer(), card, act) }
	}
	theirs := subscription(create(t, w.Service, func() *directory.Customer { c := john(); c.ExternalRef = "another"; return c }()))
	if _, err := w.CreateSubscription(ctx, theirs, act); err != nil {
		t.Fatal(err)
	}
	before := w.customer()
	for name, c := range map[string]struct {
		do    func() error
		code  signon.Code
		field string
	}{
		"no token":            {with(func(c *directory.Card) { c.Token = "" }), signon.CodeInvalid, directory.FieldCard},
		"a card number":       {with(func(c *directory.Card) { c.Token = "4111 1111 1111 1111" }), signon.CodeInvalid, directory.FieldCard},
		"a number as name":    {with(func(c *directory.Card) { c.Cardholder = "4111111111111111" }), signon.CodeInvalid, directory.FieldCard},
		"too many digits":     {with(func(c *directory.Card) { c.LastDigits = "14242" }), signon.CodeInvalid, directory.FieldCard},
		"no month":            {with(func(c *directory.Card) { c.ExpirationMonth = 13 }), signon.CodeInvalid, directory.FieldCard},
		"prefer an unknown":   {func() error { return w.PreferCard(ctx, w.customer(), "tok_9", act) }, signon.CodeNotFound, directory.FieldCard},
		"prefer nothing":      {func() error { return w.PreferCard(ctx, w.customer(), "", act) }, signon.CodeNotFound, directory.FieldCard},
		"remove an unknown":   {func() error { return w.RemoveCard(ctx, w.customer(), "tok_9", act) }, signon.CodeNotFound, directory.FieldCard},
		"pay with an unknown": {func() error { return w.PayWith(ctx, w.subscription(), w.customer(), "tok_9", act) }, signon.CodeNotFound, directory.FieldCard},
		"pay for another's":   {func() error { return w.PayWith(ctx, theirs, w.customer(), "tok_mc", act) }, signon.CodeNotFound, directory.FieldReference},
		"pay at another shop": {func() error {
			s := w.subscription()
			s.Tenant = "other"
			return w.PayWith(ctx, s, w.customer(), "tok_mc", act)
		}, signon.CodeNotFound, directory.FieldReference},
		"a subscription stale": {func() error {
			s := w.subscription()
			s.Version++
			return w.PayWith(ctx, s, w.customer(), "tok_mc", act)
		}, signon.CodeConflict, directory.FieldCustomer},
	} {
		wantRefused(t, c.do(), c.code, c.field)
		if diff := cmp.Diff(before, w.customer()); diff != "" {
			t.Errorf("%s: the customer changed (-before +after):\n%s", name, diff)
		}
	}
	w.wants("tok_visa tok_mc", "")
}

func TestCustomersHaveABoundedNumberOfCards(t *testing.T) {
	w := newWallet(t)
	for i := len(w.customer().Cards); i < directory.MaxCards; i++ {
		if err := w.AddCard(t.Context(), w.customer(), newCard(fmt.Sprint("tok_", i)), directory.Act{}); err != nil {
			t.Fatal(err)
		}
	}
	wantRefused(t, w.AddCard(t.Context(), w.customer(), newCard("tok_more"), directory.Act{}), signon.CodeInvalid, directory.FieldCards)
	if err := w.AddCard(t.Context(), w.customer(), newCard("tok_visa"), directory.Act{}); err != nil {
		t.Errorf("one that is there already: %v", err)
	}
}

func TestChangesOfCardsBasedOnAnOlderVersionConflict(t *testing.T) {
	w := newWallet(t)
	ctx, act := t.Context(), directory.Act{}
	stale, sub := w.customer(), w.subscription()
	if err := w.AddCard(ctx, stale, newCard("tok_3"), act); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"add": w.AddCard(ctx, stale, newCard("tok_4"), act), "prefer": w.PreferCard(ctx, stale, "tok_mc", act),
		"remove": w.RemoveCard(ctx, stale, "tok_mc", act), "pay": w.PayWith(ctx, sub, stale, "tok_mc", act),
	} {
		if e := signon.AsError(err); e == nil || e.Code != signon.CodeConflict || !errors.Is(err, signon.ErrConflict) {
			t.Errorf("%s: got %v, want a conflict", name, err)
		}
	}
	w.wants("tok_visa tok_mc tok_3", "")
}

// retried repeats a change that others were in the way of.
func (w *wallet) retried(do func() error) error {
	for {
		if err := do(); !errors.Is(err, signon.ErrConflict) {
			return err
		}
	}
}

func TestACardThatPaysIsAlwaysOnFile(t *testing.T) {
	w := newWallet(t)
	ctx, act := context.Background(), directory.Act{}
	for range 25 {
		var racers sync.WaitGroup
		racers.Go(func() {
			err := w.retried(func() error { return w.PayWith(ctx, w.subscription(), w.customer(), "tok_mc", act) })
			if err != nil && !errors.Is(err, signon.ErrNotFound) { // removed before
				t.Errorf("pay: %v", err)
			}
		})
		racers.Go(func() {
			if err := w.retried(func() error { return w.RemoveCard(ctx, w.customer(), "tok_mc", act) }); err != nil {
				t.Errorf("remove: %v", err)
			}
		})
		racers.Wait()
		w.wants("tok_visa", "")
		if err := w.AddCard(ctx, w.customer(), newCard("tok_mc"), act); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheCardThatPays(t *testing.T) {
	now := time.Date(2028, 4, 1, 0, 0, 0, 0, time.UTC) // tok_mc has expired the day before
	c := john()
	c.Cards = append([]directory.Card{{Type: "visa", LastDigits: "9999", ExpirationMonth: 1, ExpirationYear: 2035}}, c.Cards...)
	for _, p := range []struct{ chosen, want string }{{"tok_mc", "tok_mc"}, {"", "tok_visa"}, {"tok_gone", "tok_visa"}} {
		s := subscription(1)
		s.CardToken = p.chosen
		if card, ok := c.Pays(s, now); !ok || card.Token != p.want {
			t.Errorf("chosen %q: got %q, %v, want %q", p.chosen, card.Token, ok, p.want)
		}
	}
	c.Cards = c.Cards[2:]
	if card, ok := c.Pays(subscription(1), now); ok {
		t.Errorf("got %q, want none that is usable", card.Token)
	}
	if mc := c.Cards[0]; mc.Usable(now) || !mc.Usable(now.Add(-time.Millisecond)) {
		t.Error("a card is not usable through the last day of its month, and no longer")
	}
}
