package tables

import (
	"context"
	"fmt"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

const (
	insertSubscription = `INSERT INTO subscriptions (tenant, reference, customer_id, email, version, created_at, card_token, doc)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)`
	updateSubscription = `UPDATE subscriptions SET customer_id = ?, email = ?, version = version + 1, card_token = ?, doc = ?
WHERE tenant = ? AND reference = ?`
	hasSubscription       = "SELECT 1 FROM subscriptions WHERE tenant = ? AND reference = ?"
	subscriptionVersionOf = "SELECT version FROM subscriptions WHERE tenant = ? AND reference = ?"
	subscriptionColumns   = "SELECT tenant, reference, customer_id, created_at, doc, version, card_token FROM subscriptions "
)

// CreateSubscription stores a new subscription. See [directory.SubscriptionStore].
func (s *Tables) CreateSubscription(ctx context.Context, sub *directory.Subscription, e *signon.Event) error {
	r, err := s.newSubscriptionRow(sub)
	if err != nil {
		return fmt.Errorf("create subscription: %w", err)
	}
	return s.engine.Write(ctx, "create subscription", func(t Tx) error {
		switch {
		case exists(t, hasSubscription, r.tenant, r.reference):
			return signon.ErrConflict
		case !exists(t, hasCustomer, r.tenant, r.customer):
			return signon.ErrNotFound
		}
		r.insert(t, r.version)
		t.Append(e)
		return nil
	})
}

// UpdateSubscription replaces a subscription. See [directory.SubscriptionStore].
func (s *Tables) UpdateSubscription(ctx context.Context, sub *directory.Subscription, e *signon.Event) error {
	r, err := s.newSubscriptionRow(sub)
	if err != nil {
		return fmt.Errorf("update subscription: %w", err)
	}
	err = s.engine.Write(ctx, "update subscription", func(t Tx) error {
		stored := t.One(subscriptionVersionOf, r.tenant, r.reference)
		switch {
		case stored == nil || !exists(t, hasCustomer, r.tenant, r.customer):
			return signon.ErrNotFound
		case stored.Int(0) != r.version:
			return signon.ErrConflict
		}
		r.update(t)
		t.Append(e)
		return nil
	})
	if err == nil {
		sub.Version++
	}
	return err
}

// Subscription returns the subscription with that reference. See
// [directory.SubscriptionStore].
func (s *Tables) Subscription(ctx context.Context, tenant signon.TenantID, reference string) (*directory.Subscription, error) {
	return readOne(ctx, s, "read subscription", s.subscription, subscriptionColumns+"WHERE tenant = ? AND reference = ?", string(tenant), reference)
}

// Subscriptions returns the matching subscriptions. See
// [directory.SubscriptionStore].
func (s *Tables) Subscriptions(ctx context.Context, q directory.SubscriptionQuery) ([]directory.Subscription, error) {
	where, args := "WHERE tenant = ? ", []any{string(q.Tenant)}
	if q.After != "" {
		where, args = where+"AND reference > ? ", append(args, q.After)
	}
	if q.CustomerID != 0 {
		where, args = where+"AND customer_id = ? ", append(args, q.CustomerID)
	}
	if q.Email != "" {
		email := foldEmail(q.Email)
		where += `AND reference IN (SELECT reference FROM subscriptions WHERE tenant = ? AND email = ?
UNION SELECT s.reference FROM customers c JOIN subscriptions s ON s.tenant = c.tenant AND s.customer_id = c.id WHERE c.tenant = ? AND c.email = ?) `
		args = append(args, string(q.Tenant), email, string(q.Tenant), email)
	}
	if q.After != "" {
		where, args = where+"AND reference > ? ", append(args, q.After)
	}
	args = append(args, int64(q.Limit), int64(q.Offset))
	return readAll(ctx, s, "list subscriptions", s.subscription, subscriptionColumns+where+"ORDER BY reference LIMIT ? OFFSET ?", args...)
}

// subscriptionRow is a subscription ready to be written.
type subscriptionRow struct {
	tenant    string
	reference string
	customer  int64
	email     string
	version   int64
	createdAt int64
	cardToken []byte
	doc       string
}

func (s *Tables) newSubscriptionRow(sub *directory.Subscription) (*subscriptionRow, error) {
	doc, err := toJSON(newSubscriptionDoc(sub))
	r := &subscriptionRow{
		tenant: string(sub.Tenant), reference: sub.Reference, customer: sub.CustomerID, version: sub.Version, createdAt: sub.CreatedAt.UnixMilli(), doc: doc,
	}
	if sub.EndUser != nil {
		r.email = foldEmail(sub.EndUser.Email)
	}
	if sub.CardToken != "" {
		r.cardToken = s.keys.Seal([]byte(sub.CardToken), renewalCardPlace(sub.Tenant, sub.Reference))
	}
	return r, err
}

func renewalCardPlace(tenant signon.TenantID, reference string) signon.Place {
	return signon.Place{Table: "subscriptions", Column: "card_token", Tenant: tenant, Row: reference}
}

func (r *subscriptionRow) insert(t Tx, version int64) {
	t.Exec(insertSubscription, r.tenant, r.reference, r.customer, orNull(r.email), version, r.createdAt, OrNil(r.cardToken), r.doc)
}

// update replaces the row, but for its time of creation.
func (r *subscriptionRow) update(t Tx) {
	t.Exec(updateSubscription, r.customer, orNull(r.email), OrNil(r.cardToken), r.doc, r.tenant, r.reference)
}

// subscription reads a row of subscriptionColumns.
func (s *Tables) subscription(r Row) (sub directory.Subscription, err error) {
	var doc subscriptionDoc
	if err := fromJSON(r.Text(4), &doc); err != nil {
		return sub, err
	}
	sub = directory.Subscription{
		Tenant: signon.TenantID(r.Text(0)), Reference: r.Text(1), CustomerID: r.Int(2), ExternalRef: doc.ExternalRef,
		EndUser: (*directory.Contact)(doc.EndUser), EndUserLanguage: doc.EndUserLanguage, Product: directory.SubscribedProduct(doc.Product),
		StartsOn: directory.Date(doc.StartsOn), ExpiresOn: directory.Date(doc.ExpiresOn),
		Recurring: doc.Recurring, Disabled: doc.Disabled, PastDue: doc.PastDue, Trial: doc.Trial, Test: doc.Test, Lifetime: doc.Lifetime,
		ReceiveNotifications: doc.ReceiveNotifications, SKU: doc.SKU, PartnerCode: doc.PartnerCode, DeliveryDescription: doc.DeliveryDescription,
		NextRenewalPrice: directory.Money(doc.NextRenewalPrice), CreatedAt: r.Instant(3), Version: r.Int(5),
	}
	for _, d := range doc.DeliveryCodes {
		sub.DeliveryCodes = append(sub.DeliveryCodes, directory.DeliveryCode(d))
	}
	if sealed := r.Blob(6); sealed != nil {
		token, err := s.keys.Open(sealed, renewalCardPlace(sub.Tenant, sub.Reference))
		if err != nil {
			return sub, fmt.Errorf("token of card: %w", err)
		}
		sub.CardToken = string(token)
	}
	return sub, nil
}

type (
	subscriptionDoc struct {
		ExternalRef          string               `json:"external_ref,omitempty"`
		EndUser              *contactDoc          `json:"end_user,omitempty"`
		EndUserLanguage      string               `json:"end_user_language,omitempty"`
		Product              subscribedProductDoc `json:"product"`
		StartsOn             dateDoc              `json:"starts_on,omitzero"`
		ExpiresOn            dateDoc              `json:"expires_on,omitzero"`
		Recurring            bool                 `json:"recurring,omitempty"`
		Disabled             bool                 `json:"disabled,omitempty"`
		PastDue              bool                 `json:"past_due,omitempty"`
		Trial                bool                 `json:"trial,omitempty"`
		Test                 bool                 `json:"test,omitempty"`
		Lifetime             bool                 `json:"lifetime,omitempty"`
		ReceiveNotifications bool                 `json:"receive_notifications,omitempty"`
		SKU                  string               `json:"sku,omitempty"`
		PartnerCode          string               `json:"partner_code,omitempty"`
		DeliveryDescription  string               `json:"delivery_description,omitempty"`
		DeliveryCodes        []deliveryCodeDoc    `json:"delivery_codes,omitempty"`
		NextRenewalPrice     moneyDoc             `json:"next_renewal_price,omitzero"`
	}
	subscribedProductDoc struct {
		ID               string   `json:"id,omitempty"`
		Code             string   `json:"code,omitempty"`
		Name             string   `json:"name,omitempty"`
		Version          string   `json:"version,omitempty"`
		Quantity         int      `json:"quantity,omitempty"`
		PriceOptionCodes []string `json:"price_option_codes,omitempty"`
	}
	deliveryCodeDoc struct {
		Code        string `json:"code,omitempty"`
		Description string `json:"description,omitempty"`
		ExtraInfo   string `json:"extra_info,omitempty"`
		File        string `json:"file,omitempty"`
	}
	moneyDoc struct {
		Hundredths int64  `json:"hundredths"`
		Currency   string `json:"currency"`
	}
	dateDoc directory.Date
)

// MarshalText writes YYYY-MM-DD.
func (d dateDoc) MarshalText() ([]byte, error) { return []byte(directory.Date(d).String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (d *dateDoc) UnmarshalText(text []byte) error {
	date, err := directory.ParseDate(string(text))
	*d = dateDoc(date)
	return err
}

func newSubscriptionDoc(s *directory.Subscription) *subscriptionDoc {
	doc := &subscriptionDoc{
		ExternalRef: s.ExternalRef, EndUser: (*contactDoc)(s.EndUser), EndUserLanguage: s.EndUserLanguage, Product: subscribedProductDoc(s.Product),
		StartsOn: dateDoc(s.StartsOn), ExpiresOn: dateDoc(s.ExpiresOn),
		Recurring: s.Recurring, Disabled: s.Disabled, PastDue: s.PastDue, Trial: s.Trial, Test: s.Test, Lifetime: s.Lifetime,
		ReceiveNotifications: s.ReceiveNotifications, SKU: s.SKU, PartnerCode: s.PartnerCode, DeliveryDescription: s.DeliveryDescription,
		NextRenewalPrice: moneyDoc(s.NextRenewalPrice),
	}
	for _, d := range s.DeliveryCodes {
		doc.DeliveryCodes = append(doc.DeliveryCodes, deliveryCodeDoc(d))
	}
	return doc
}
