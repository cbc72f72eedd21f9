package directory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// MaxCards is how many cards a customer can have by adding them one by one.
const MaxCards = 20

// Card returns the card on file that the processor calls by that token.
func (c *Customer) Card(token string) (Card, bool) {
	i := c.cardIndex(token)
	if i < 0 {
		return Card{}, false
	}
	return c.Cards[i], true
}

func (c *Customer) cardIndex(token string) int {
	if token == "" {
		return -1 // cards without a name, which an import may bring, can't be told apart
	}
	return slices.IndexFunc(c.Cards, func(card Card) bool { return card.Token == token })
}

// Pays returns the customer's card that pays the subscription's renewals: the
// one that was chosen for it, as long as it is on file, or else the first usable
// one. ok is false when there is none.
func (c *Customer) Pays(s *Subscription, now time.Time) (card Card, ok bool) {
	if card, ok = c.Card(s.CardToken); ok {
		return card, true
	}
	for _, card := range c.Cards {
		if card.Usable(now) {
			return card, true
		}
	}
	return Card{}, false
}

// The changes of cards below are based on the customer as it was read: CodeConflict
// when the customer, or a subscription that is changed with it, was changed in
// between; then read it again and repeat. The customer that is given stays as it
// is. Each is one transaction with its audit event.

// AddCard puts a card on file, behind those that are there, or in the place of
// the one with the same token. Errors: CodeInvalid for a card that an import would
// refuse, for one without a token, and for more than MaxCards; CodeConflict (see
// above); signon.ErrNotFound.
func (s *Service) AddCard(ctx context.Context, c *Customer, card Card, act Act) error {
	if err := card.normalise(FieldCard); err != nil {
		return err
	}
	if card.Token == "" {
		return signon.Invalid(FieldCard, "must have the payment processor's name for it")
	}
	own := c.Clone()
	switch i := own.cardIndex(card.Token); {
	case i >= 0:
		own.Cards[i] = card
	case len(own.Cards) >= MaxCards:
		return signon.Invalid(FieldCards, fmt.Sprintf("must be at most %d", MaxCards))
	default:
		own.Cards = append(own.Cards, card)
	}
	return s.changeCards(ctx, own, nil, signon.EventCustomerChanged, act)
}

// PreferCard puts a card on file before the others. Errors: CodeNotFound when the
// customer has no card of that token, CodeConflict (see above).
func (s *Service) PreferCard(ctx context.Context, c *Customer, token string, act Act) error {
	own := c.Clone()
	i := own.cardIndex(token)
	if i < 0 {
		return cardUnknown()
	}
	card := own.Cards[i]
	own.Cards = slices.Insert(slices.Delete(own.Cards, i, i+1), 0, card)
	return s.changeCards(ctx, own, nil, signon.EventCustomerChanged, act)
}

// RemoveCard takes a card off the file; the customer's subscriptions that it paid
// for are paid with the first usable card then. Errors as for PreferCard.
func (s *Service) RemoveCard(ctx context.Context, c *Customer, token string, act Act) error {
	own := c.Clone()
	if own.cardIndex(token) < 0 {
		return cardUnknown()
	}
	own.Cards = slices.DeleteFunc(own.Cards, func(card Card) bool { return card.Token == token })
	var paid []*Subscription
	for sub, err := range s.SubscriptionsOf(ctx, c) {
		if err != nil {
			return fmt.Errorf("remove card: %w", err)
		}
		if sub.CardToken == token {
			sub.CardToken = ""
			paid = append(paid, sub)
		}
	}
	return s.changeCards(ctx, own, paid, signon.EventCustomerChanged, act)
}

// PayWith chooses the card that pays the renewals of the customer's subscription;
// an empty token means the first usable one. Both must be as they were read: so a
// card that is removed at the same moment is not chosen. Errors: CodeNotFound when
// the customer has no card of that token, or the subscription is another's;
// CodeConflict (see above).
func (s *Service) PayWith(ctx context.Context, sub *Subscription, c *Customer, token string, act Act) error {
	if sub.Tenant != c.Tenant || sub.CustomerID != c.ID {
		return &signon.Error{Code: signon.CodeNotFound, Argument: FieldReference, Rule: "must be one of the customer's", Err: signon.ErrNotFound}
	}
	if token != "" && c.cardIndex(token) < 0 {
		return cardUnknown()
	}
	chosen := sub.Clone()
	chosen.CardToken = token
	return s.changeCards(ctx, c.Clone(), []*Subscription{chosen}, signon.EventSubscriptionChanged, act)
}

func cardUnknown() error {
	return &signon.Error{Code: signon.CodeNotFound, Argument: FieldCard, Rule: "must be one on file", Err: signon.ErrNotFound}
}

// changeCards stores a customer, whom the cache does not know, and subscriptions
// in one transaction.
func (s *Service) changeCards(ctx context.Context, c *Customer, subs []*Subscription, t signon.EventType, act Act) error {
	c.ChangedAt = s.clock.Now()
	note := "customer " + string(c.Ref())
	if t == signon.EventSubscriptionChanged {
		note = "subscription " + subs[0].Reference
	}
	event := act.event(t, c.Tenant, note)
	err := s.cache.change(ctx, "change cards", []customerKey{{c.Tenant, c.ID}}, func(ctx context.Context) error {
		return s.store.Import(ctx, &Batch{Customers: []*Customer{c}, Subscriptions: subs}, event)
	})
	if errors.Is(err, signon.ErrConflict) {
		return changedInBetween(FieldCustomer, err)
	}
	if err != nil {
		return fmt.Errorf("change cards: %w", err)
	}
	return nil
}
