package transfer

import (
	"errors"
	"strconv"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// column is one column of files about a T: how it is read from one and put into
// one. Errors of the setters are rules.
type column[T any] struct {
	name string
	form form
	get  func(*T) string
	set  func(*T, string) error
	// For lists, instead:
	shape   *shape
	getList func(*T) []item
	setList func(*T, []item) error
	// importOnly columns are not exported: another one says the same.
	importOnly bool
}

// table is all columns of files about a T, in the order of an export.
type table[T any] []column[T]

func (t table[T]) names() []string {
	list := make([]string, len(t))
	for i := range t {
		list[i] = t[i].name
	}
	return list
}

// exported returns the columns that an export has.
func (t table[T]) exported() table[T] {
	var list table[T]
	for i := range t {
		if !t[i].importOnly {
			list = append(list, t[i])
		}
	}
	return list
}

// fill puts what the record has into the row. The error is CodeInvalid and
// names the column.
func (t table[T]) fill(row *T, r *record) error {
	for i := range t {
		c := &t[i]
		v, ok := r.value(c.name)
		if !ok {
			continue
		}
		if err := c.put(row, v); err != nil {
			var known *signon.Error
			if errors.As(err, &known) {
				return err
			}
			return signon.Invalid(c.name, err.Error())
		}
	}
	return nil
}

func (c *column[T]) put(row *T, v value) error {
	if c.shape != nil {
		items, err := v.list(c.shape)
		if err != nil {
			return err
		}
		return c.setList(row, items)
	}
	text, err := v.scalar(c.form)
	if err != nil {
		return err
	}
	return c.set(row, text)
}

func textColumn[T any](name string, of func(*T) *string) column[T] {
	return column[T]{
		name: name,
		get:  func(row *T) string { return *of(row) },
		set:  func(row *T, text string) error { *of(row) = text; return nil },
	}
}

func boolColumn[T any](name string, of func(*T) *bool) column[T] {
	return column[T]{
		name: name, form: aBoolean,
		get: func(row *T) string { return strconv.FormatBool(*of(row)) },
		set: func(row *T, text string) (err error) { *of(row), err = parseBool(text); return err },
	}
}

func intColumn[T any](name string, of func(*T) *int) column[T] {
	return column[T]{
		name: name, form: aNumber,
		get: func(row *T) string { return strconv.Itoa(*of(row)) },
		set: func(row *T, text string) (err error) { *of(row), err = parseInt(text); return err },
	}
}

func dateColumn[T any](name string, of func(*T) *directory.Date) column[T] {
	return column[T]{
		name: name,
		get:  func(row *T) string { return of(row).String() },
		set:  func(row *T, text string) (err error) { *of(row), err = parseDate(text); return err },
	}
}

// decimalColumn is an amount in hundredths; shown reports whether there is one.
func decimalColumn[T any](name string, of func(*T) *int64, shown func(*T) bool) column[T] {
	return column[T]{
		name: name, form: aDecimal,
		get: func(row *T) string {
			if !shown(row) {
				return ""
			}
			return directory.Money{Hundredths: *of(row)}.Decimal()
		},
		set: func(row *T, text string) (err error) { *of(row), err = parseDecimal(text); return err },
	}
}

// contactColumns are the columns of a contact, whose names start with prefix. of
// returns the contact to write to, read the one to read from.
func contactColumns[T any](prefix string, of func(*T) *directory.Contact, read func(*T) directory.Contact) table[T] {
	var list table[T]
	for _, f := range []struct {
		name string
		of   func(*directory.Contact) *string
	}{
		{directory.FieldFirstName, func(c *directory.Contact) *string { return &c.FirstName }},
		{directory.FieldLastName, func(c *directory.Contact) *string { return &c.LastName }},
		{directory.FieldCompany, func(c *directory.Contact) *string { return &c.Company }},
		{directory.FieldAddress1, func(c *directory.Contact) *string { return &c.Address1 }},
		{directory.FieldAddress2, func(c *directory.Contact) *string { return &c.Address2 }},
		{directory.FieldCity, func(c *directory.Contact) *string { return &c.City }},
		{directory.FieldState, func(c *directory.Contact) *string { return &c.State }},
		{directory.FieldZip, func(c *directory.Contact) *string { return &c.Zip }},
		{directory.FieldCountryCode, func(c *directory.Contact) *string { return &c.CountryCode }},
		{directory.FieldPhone, func(c *directory.Contact) *string { return &c.Phone }},
		{directory.FieldFax, func(c *directory.Contact) *string { return &c.Fax }},
		{directory.FieldEmail, func(c *directory.Contact) *string { return &c.Email }},
	} {
		list = append(list, column[T]{
			name: prefix + f.name,
			get:  func(row *T) string { c := read(row); return *f.of(&c) },
			set:  func(row *T, text string) error { *f.of(of(row)) = text; return nil },
		})
	}
	return list
}

// optional returns how to read and write a contact that may be nil.
func optional[T any](of func(*T) **directory.Contact) (write func(*T) *directory.Contact, read func(*T) directory.Contact) {
	write = func(row *T) *directory.Contact {
		c := of(row)
		if *c == nil {
			*c = &directory.Contact{}
		}
		return *c
	}
	read = func(row *T) directory.Contact {
		if c := *of(row); c != nil {
			return *c
		}
		return directory.Contact{}
	}
	return write, read
}
