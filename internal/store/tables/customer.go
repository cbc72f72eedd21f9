package tables

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

const (
	insertCustomer = `INSERT INTO customers (tenant, id, external_ref, shopper_id, email, version, created_at, changed_at, privacy_key, card_tokens, doc)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	updateCustomer = `UPDATE customers SET external_ref = ?, shopper_id = ?, email = ?, version = version + 1, changed_at = ?, card_tokens = ?, doc = ?
WHERE tenant = ? AND id = ?`
	customerColumns = "SELECT tenant, id, external_ref, version, created_at, changed_at, privacy_key, card_tokens, doc, signed_out_before, shopper_id FROM customers "
	hasCustomer     = "SELECT 1 FROM customers WHERE tenant = ? AND id = ?"
	versionOf       = "SELECT version FROM customers WHERE tenant = ? AND id = ?"
	signOutCustomer = "UPDATE customers SET " + signedOutNow + " WHERE tenant = ?2 AND id = ?3"
)

// CreateCustomer stores a new customer. See [directory.CustomerStore].
func (s *Tables) CreateCustomer(ctx context.Context, c *directory.Customer, e *signon.Event) error {
	r, err := s.newCustomerRow(c)
	if err != nil {
		return fmt.Errorf("create customer: %w", err)
	}
	return s.engine.Write(ctx, "create customer", func(t Tx) error {
		if exists(t, hasCustomer, r.tenant, r.id) || r.clashes(t) {
			return signon.ErrConflict
		}
		r.insert(t, r.version)
		t.Append(e)
		return nil
	})
}

// UpdateCustomer replaces a customer. See [directory.CustomerStore].
func (s *Tables) UpdateCustomer(ctx context.Context, c *directory.Customer, e *signon.Event) error {
	r, err := s.newCustomerRow(c)
	if err != nil {
		return fmt.Errorf("update customer: %w", err)
	}
	err = s.engine.Write(ctx, "update customer", func(t Tx) error {
		stored := t.One(versionOf, r.tenant, r.id)
		switch {
		case stored == nil:
			return signon.ErrNotFound
		case stored.Int(0) != r.version || r.clashes(t):
			return signon.ErrConflict
		}
		r.update(t)
		t.Append(e)
		return nil
	})
	if err == nil {
		c.Version++
	}
	return err
}

// SignOutCustomer voids what was issued to a customer. See
// [directory.CustomerStore].
func (s *Tables) SignOutCustomer(ctx context.Context, tenant signon.TenantID, id int64, e *signon.Event) error {
	return s.engine.Write(ctx, "sign out customer", func(t Tx) error {
		if t.Exec(signOutCustomer, now(t), string(tenant), id) == 0 {
			return signon.ErrNotFound
		}
		t.Append(e)
		return nil
	})
}

// Customer returns the customer with that ID. See [directory.CustomerStore].
func (s *Tables) Customer(ctx context.Context, tenant signon.TenantID, id int64) (*directory.Customer, error) {
	return readOne(ctx, s, "read customer", s.customer, customerColumns+"WHERE tenant = ? AND id = ?", string(tenant), id)
}

// CustomerByExternalRef returns the customer with that external reference. See
// [directory.CustomerStore].
func (s *Tables) CustomerByExternalRef(ctx context.Context, tenant signon.TenantID, ref string) (*directory.Customer, error) {
	return readOne(ctx, s, "read customer", s.customer, customerColumns+"WHERE tenant = ? AND external_ref = ?", string(tenant), ref)
}

// CustomerByShopperID returns the customer with that number. See
// [directory.CustomerStore].
func (s *Tables) CustomerByShopperID(ctx context.Context, tenant signon.TenantID, id int64) (*directory.Customer, error) {
	return readOne(ctx, s, "read customer", s.customer, customerColumns+"WHERE tenant = ? AND shopper_id = ?", string(tenant), id)
}

// CustomersByEmail returns customers by their e-mail address. See
// [directory.CustomerStore].
func (s *Tables) CustomersByEmail(ctx context.Context, tenant signon.TenantID, email string, limit int) ([]directory.Customer, error) {
	return readAll(ctx, s, "list customers", s.customer, customerColumns+"WHERE tenant = ? AND email = ? ORDER BY id LIMIT ?",
		string(tenant), foldEmail(email), int64(limit))
}

// Customers returns customers by ID. See [directory.CustomerStore].
func (s *Tables) Customers(ctx context.Context, tenant signon.TenantID, after int64, limit int) ([]directory.Customer, error) {
	return readAll(ctx, s, "list customers", s.customer, customerColumns+"WHERE tenant = ? AND id > ? ORDER BY id LIMIT ?", string(tenant), after, int64(limit))
}

// customerRow is a customer ready to be written, made before the writer is asked.
type customerRow struct {
	tenant      string
	id          int64
	externalRef string
	shopperID   any // NULL: none
	email       string
	version     int64
	createdAt   any
	changedAt   any
	privacyKey  []byte
	cardTokens  []byte
	doc         string
}

func (s *Tables) newCustomerRow(c *directory.Customer) (*customerRow, error) {
	doc, err := toJSON(newCustomerDoc(c))
	if err != nil {
		return nil, err
	}
	r := &customerRow{
		tenant: string(c.Tenant), id: c.ID, externalRef: c.ExternalRef, email: foldEmail(c.Billing.Email),
		version: c.Version, createdAt: c.CreatedAt.UnixMilli(), changedAt: c.ChangedAt.UnixMilli(),
		privacyKey: s.keys.Seal(c.PrivacyKey[:], customerPlace("privacy_key", c.Tenant, c.ID)), doc: doc,
	}
	if c.ShopperID != 0 {
		r.shopperID = c.ShopperID
	}
	if len(c.Cards) > 0 {
		tokens := make([]signon.Secret, len(c.Cards))
		for i := range c.Cards {
			tokens[i] = signon.Secret(c.Cards[i].Token)
		}
		r.cardTokens, err = s.sealSecrets(tokens, customerPlace("card_tokens", c.Tenant, c.ID))
	}
	return r, err
}

func customerPlace(column string, tenant signon.TenantID, id int64) signon.Place {
	return signon.Place{Table: "customers", Column: column, Tenant: tenant, Row: strconv.FormatInt(id, 10)}
}

// clashes reports whether the external reference is another customer's, or
// reads as another's ID, or the ID reads as another's external reference: one
// text must never name two customers.
func (r *customerRow) clashes(t Tx) bool {
	ownID := strconv.FormatInt(r.id, 10)
	if exists(t, "SELECT 1 FROM customers WHERE tenant = ? AND external_ref IN (?, ?) AND id <> ?", r.tenant, orNull(r.externalRef), ownID, r.id) {
		return true
	}
	if r.shopperID != nil && exists(t, "SELECT 1 FROM customers WHERE tenant = ? AND shopper_id = ? AND id <> ?", r.tenant, r.shopperID, r.id) {
		return true
	}
	id, err := strconv.ParseInt(r.externalRef, 10, 64)
	return err == nil && id != r.id && strconv.FormatInt(id, 10) == r.externalRef && exists(t, hasCustomer, r.tenant, id)
}

func (r *customerRow) insert(t Tx, version int64) {
	t.Exec(insertCustomer, r.tenant, r.id, orNull(r.externalRef), r.shopperID, orNull(r.email), version, r.createdAt, r.changedAt, r.privacyKey, OrNil(r.cardTokens), r.doc)
}

// update replaces the row, but for its privacy key and time of creation.
func (r *customerRow) update(t Tx) {
	t.Exec(updateCustomer, orNull(r.externalRef), r.shopperID, orNull(r.email), r.changedAt, OrNil(r.cardTokens), r.doc, r.tenant, r.id)
}

// customer reads a row of customerColumns.
func (s *Tables) customer(r Row) (c directory.Customer, err error) {
	var doc customerDoc
	if err := fromJSON(r.Text(8), &doc); err != nil {
		return c, err
	}
	c = directory.Customer{
		Tenant: signon.TenantID(r.Text(0)), ID: r.Int(1), ExternalRef: r.Text(2), Version: r.Int(3), CreatedAt: r.Instant(4), ChangedAt: r.Instant(5),
		Billing: directory.Contact(doc.Billing), Delivery: (*directory.Contact)(doc.Delivery), FiscalCode: doc.FiscalCode, Language: doc.Language,
		Credit: directory.Credit(doc.Credit), SignedOutBefore: r.Instant(9), ShopperID: r.Int(10),
	}
	key, err := s.keys.Open(r.Blob(6), customerPlace("privacy_key", c.Tenant, c.ID))
	if err != nil {
		return c, fmt.Errorf("privacy key: %w", err)
	}
	copy(c.PrivacyKey[:], key)
	if len(doc.Cards) == 0 {
		return c, nil
	}
	tokens, err := s.openSecrets(r.Blob(7), customerPlace("card_tokens", c.Tenant, c.ID))
	if err != nil || len(tokens) != len(doc.Cards) {
		return c, fmt.Errorf("tokens of cards: %w", err)
	}
	for i, d := range doc.Cards {
		c.Cards = append(c.Cards, d.card(tokens[i].Reveal()))
	}
	return c, nil
}

// foldEmail returns the address as look-ups compare it.
func foldEmail(email string) string { return strings.ToLower(email) }

type (
	customerDoc struct {
		Billing    contactDoc  `json:"billing"`
		Delivery   *contactDoc `json:"delivery,omitempty"`
		FiscalCode string      `json:"fiscal_code,omitempty"`
		Language   string      `json:"language,omitempty"`
		Cards      []cardDoc   `json:"cards,omitempty"`
		Credit     creditDoc   `json:"credit,omitzero"`
	}
	contactDoc struct {
		FirstName   string `json:"first_name,omitempty"`
		LastName    string `json:"last_name,omitempty"`
		Company     string `json:"company,omitempty"`
		Address1    string `json:"address1,omitempty"`
		Address2    string `json:"address2,omitempty"`
		City        string `json:"city,omitempty"`
		State       string `json:"state,omitempty"`
		Zip         string `json:"zip,omitempty"`
		CountryCode string `json:"country_code,omitempty"`
		Phone       string `json:"phone,omitempty"`
		Fax         string `json:"fax,omitempty"`
		Email       string `json:"email,omitempty"`
	}
	// cardDoc is a card without its token, which is kept sealed.
	cardDoc struct {
		Type            string `json:"type,omitempty"`
		LastDigits      string `json:"last_digits,omitempty"`
		ExpirationMonth int    `json:"expiration_month,omitempty"`
		ExpirationYear  int    `json:"expiration_year,omitempty"`
		Cardholder      string `json:"cardholder,omitempty"`
	}
	creditDoc struct {
		Limit     int64  `json:"limit,omitempty"`
		Remaining int64  `json:"remaining,omitempty"`
		Currency  string `json:"currency,omitempty"`
	}
)

func newCustomerDoc(c *directory.Customer) *customerDoc {
	doc := &customerDoc{
		Billing: contactDoc(c.Billing), Delivery: (*contactDoc)(c.Delivery), FiscalCode: c.FiscalCode, Language: c.Language,
		Credit: creditDoc(c.Credit),
	}
	for i := range c.Cards {
		doc.Cards = append(doc.Cards, newCardDoc(&c.Cards[i]))
	}
	return doc
}

func newCardDoc(c *directory.Card) cardDoc {
	return cardDoc{Type: c.Type, LastDigits: c.LastDigits, ExpirationMonth: c.ExpirationMonth, ExpirationYear: c.ExpirationYear, Cardholder: c.Cardholder}
}

func (d cardDoc) card(token string) directory.Card {
	return directory.Card{
		Type: d.Type, LastDigits: d.LastDigits, ExpirationMonth: d.ExpirationMonth, ExpirationYear: d.ExpirationYear, Cardholder: d.Cardholder, Token: token,
	}
}
