package transfer

import (
	"strconv"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/directory"
)

// rowOf finds out what a record is about.
func rowOf(kind Kind, rec *record) (*row, *Refusal) {
	switch kind {
	case Customers:
		return customer(rec)
	case Subscriptions:
		return subscription(rec)
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

func subscription(rec *record) (*row, *Refusal) {
	reference, refusal := rec.key(directory.FieldReference, aText)
	if refusal != nil {
		return nil, refusal
	}
	customerRef, refusal := rec.key(directory.FieldCustomerRef, aText)
	if refusal != nil {
		return nil, refusal
	}
	_, given := rec.value(customerIDColumn)
	edit := directory.SubscriptionRow{Reference: reference, CustomerRef: customerRef, Fill: func(s *directory.Subscription) error {
		if customerRef != "" && !given {
			s.CustomerID = 0 // the row moves the subscription to another customer
		}
		return subscriptionTable.fill(s, rec)
	}}
	return &row{rec.line, func(rows *directory.Rows) { rows.Subscriptions = append(rows.Subscriptions, edit) }}, nil
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
