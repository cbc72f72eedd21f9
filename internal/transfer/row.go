package transfer

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// row finds out what a record is about.
func (i *importer) row(ctx context.Context, rec *record) (*row, *Refusal) {
	switch i.Kind {
	case Customers:
		return customer(rec)
	case Subscriptions:
		return i.subscription(ctx, rec)
	case Users:
		return user(rec)
	case Members:
		return memberRow(rec)
	default:
		return product(rec)
	}
}

func customer(rec *record) (*row, *Refusal) {
	edit := directory.CustomerRow{Fill: func(c *directory.Customer) error { return customerTable.fill(c, rec) }}
	id, refusal := rec.key(directory.FieldID, aNumber)
	if refusal != nil {
		return nil, refusal
	}
	if id != "" {
		n, err := parseInt(id)
		if err != nil || n <= 0 {
			return nil, &Refusal{rec.line, directory.FieldID, "must be a whole number from 1 to 2147483647"}
		}
		edit.ID = int64(n)
	}
	if edit.ExternalRef, refusal = rec.key(directory.FieldExternalRef, aText); refusal != nil {
		return nil, refusal
	}
	return &row{rec.line, func(rows *directory.Rows) { rows.Customers = append(rows.Customers, edit) }}, nil
}

func (i *importer) subscription(ctx context.Context, rec *record) (*row, *Refusal) {
	reference, refusal := rec.key(directory.FieldReference, aText)
	if refusal != nil {
		return nil, refusal
	}
	edit := directory.SubscriptionRow{Reference: reference, Fill: func(s *directory.Subscription) error {
		filled := subscriptionRow{Subscription: *s}
		if err := subscriptionTable.fill(&filled, rec); err != nil {
			return err
		}
		if err := i.findCustomer(ctx, &filled, rec); err != nil {
			return err
		}
		*s = filled.Subscription
		return nil
	}}
	return &row{rec.line, func(rows *directory.Rows) { rows.Subscriptions = append(rows.Subscriptions, edit) }}, nil
}

// findCustomer finds the customer whom the row names by external reference.
func (i *importer) findCustomer(ctx context.Context, s *subscriptionRow, rec *record) error {
	ref := strings.TrimSpace(s.customerRef)
	if ref == "" {
		return nil
	}
	c, err := i.dir.CustomerByExternalRef(ctx, i.Tenant, ref)
	if errors.Is(err, signon.ErrNotFound) {
		return &signon.Error{Code: signon.CodeSubjectUnknown, Argument: customerRefColumn, Rule: "must be that of a customer who exists"}
	}
	if err != nil {
		return err
	}
	if _, given := rec.value(customerIDColumn); given && s.CustomerID != 0 && s.CustomerID != c.ID {
		return signon.Invalid(customerRefColumn, "must be that of the customer whose id is given")
	}
	s.CustomerID = c.ID
	return nil
}

func product(rec *record) (*row, *Refusal) {
	id, refusal := rec.key(directory.FieldID, aText)
	if refusal != nil {
		return nil, refusal
	}
	edit := directory.ProductRow{ID: id, Fill: func(p *directory.Product) error { return productTable.fill(p, rec) }}
	return &row{rec.line, func(rows *directory.Rows) { rows.Products = append(rows.Products, edit) }}, nil
}

func user(rec *record) (*row, *Refusal) {
	edit := directory.UserRow{Fill: func(u *directory.User) error { return userTable.fill(u, rec) }}
	id, refusal := rec.key(directory.FieldID, aNumber)
	if refusal != nil {
		return nil, refusal
	}
	if id != "" {
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil || n <= 0 {
			return nil, &Refusal{rec.line, directory.FieldID, "must be a whole number from 1 to 999999999999"}
		}
		edit.ID = n
	}
	if edit.Username, refusal = rec.key(directory.FieldUsername, aText); refusal != nil {
		return nil, refusal
	}
	return &row{rec.line, func(rows *directory.Rows) { rows.Users = append(rows.Users, edit) }}, nil
}

func memberRow(rec *record) (*row, *Refusal) {
	number, refusal := rec.key(directory.FieldNumber, aText)
	if refusal != nil {
		return nil, refusal
	}
	edit := directory.MemberRow{Number: number, Fill: func(m *directory.Member) error { return memberTable.fill(m, rec) }}
	return &row{rec.line, func(rows *directory.Rows) { rows.Members = append(rows.Members, edit) }}, nil
}

// key returns the text of a column that says what the record is about; none is
// empty.
func (r *record) key(column string, as form) (string, *Refusal) {
	v, _ := r.value(column)
	text, err := v.scalar(as)
	if err != nil {
		return "", &Refusal{r.line, column, err.Error()}
	}
	return strings.TrimSpace(text), nil
}
