package avangate

import (
	"strconv"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/directory"
)

// Object is an object as it came on the wire. Clients are loose about types (a
// zip code arrives as a number, a flag as YES) and about the case of names, so
// members are read by what they say. Only [ReadObject] and [API.Call] make one:
// what a client sent is looked at as a whole before any of it is stored.
type Object struct {
	// members are by name in lower case: nil, bool, string, json.Number, []any, or
	// map[string]any with names in lower case.
	members map[string]any
}

// ReadObject takes in a customer or subscription as it was decoded from JSON, by
// the code of the faults that concern it: CustomerInvalid or SubscriptionInvalid.
// It is refused when a member is given twice in different cases of letters, and
// when a card number is anywhere in it.
func ReadObject(members map[string]any, code Code) (Object, error) {
	in := intake{code: code, judged: judged[code]}
	folded, err := in.object("", members)
	return Object{folded}, err
}

// one returns an object of one member.
func one(name string, value any) Object {
	return Object{map[string]any{strings.ToLower(name): value}}
}

// reader reads the members of an object and keeps the first fault. A member
// that is null counts as absent, and so does an empty list where none is
// expected: PHP writes empty objects so.
type reader struct {
	object Object
	prefix string // of names in faults, as in "EndUser."
	first  *Fault // shared with the readers of inner objects
}

func read(o Object, code Code) reader { return reader{object: o, first: &Fault{Code: code}} }

// fault returns the first fault, or nil.
func (r reader) fault() error {
	if r.first.Rule == "" {
		return nil
	}
	return r.first
}

func (r reader) fail(name, rule string) {
	if r.first.Rule == "" {
		r.first.Argument, r.first.Rule = r.prefix+name, rule
	}
}

func (r reader) member(name string) any { return r.object.members[strings.ToLower(name)] }

const mustBeText = "must be text"

// text reads a text or a number, if there is one, into value.
func (r reader) text(name string, value *string) { r.said(name, mustBeText, value) }

// said is text where something else is meant that the rule tells.
func (r reader) said(name, rule string, value *string) {
	given := r.member(name)
	if list, ok := given.([]any); ok && len(list) == 0 {
		return
	}
	text, ok := textOf(given)
	switch {
	case !ok:
		r.fail(name, rule)
	case given != nil:
		*value = text
	}
}

// internalReference reads a customer's internal reference. PHP sends 0 for an
// empty one.
func (r reader) internalReference(value *string) {
	if r.text(internalCustomerReference, value); *value == "0" {
		*value = ""
	}
}

// flag reads true, false, YES, NO, 1 or 0, if there is one, into value.
func (r reader) flag(name string, value *bool) {
	const rule = "must be true or false"
	if b, ok := r.member(name).(bool); ok {
		*value = b
		return
	}
	var word string
	r.said(name, rule, &word)
	switch strings.ToLower(word) {
	case "":
	case "true", "yes", "1":
		*value = true
	case "false", "no", "0":
		*value = false
	default:
		r.fail(name, rule)
	}
}

// count reads a whole number above zero, if there is one, into value.
func (r reader) count(name string, value *int) {
	const rule = "must be a whole number, at least 1"
	var digits string
	if r.said(name, rule, &digits); digits == "" {
		return
	}
	n, err := strconv.ParseInt(digits, 10, 32)
	if err != nil || n < 1 {
		r.fail(name, rule)
	}
	*value = int(n)
}

// date reads a day, if there is one, into value; a time of day behind it is
// ignored.
func (r reader) date(name string, value *directory.Date) {
	const rule = "must be a day in the form YYYY-MM-DD"
	var text string
	if r.said(name, rule, &text); text == "" {
		return
	}
	day, _, _ := strings.Cut(strings.TrimSpace(text), " ")
	date, err := directory.ParseDate(day)
	if err != nil {
		r.fail(name, rule)
	}
	*value = date
}

// inner returns a reader of a member that is an object; of an empty one when
// there is none.
func (r reader) inner(name string) reader {
	in := reader{prefix: r.prefix + name + ".", first: r.first}
	switch v := r.member(name).(type) {
	case nil:
	case map[string]any:
		in.object = Object{v}
	case []any:
		if len(v) > 0 {
			r.fail(name, "must be an object")
		}
	default:
		if v != "" {
			r.fail(name, "must be an object")
		}
	}
	return in
}

// list reads a member that is a list; an object counts as a list of one.
func (r reader) list(name string) []any {
	switch v := r.member(name).(type) {
	case nil:
	case []any:
		return v
	case map[string]any:
		return []any{v}
	default:
		r.fail(name, "must be a list")
	}
	return nil
}

// contactWord gives the wire's name of a contact's field, and its place.
type contactWord struct {
	wire, field string
	at          func(*directory.Contact) *string
}

var contactWords = []contactWord{
	{"FirstName", directory.FieldFirstName, func(c *directory.Contact) *string { return &c.FirstName }},
	{"LastName", directory.FieldLastName, func(c *directory.Contact) *string { return &c.LastName }},
	{"Company", directory.FieldCompany, func(c *directory.Contact) *string { return &c.Company }},
	{"Address1", directory.FieldAddress1, func(c *directory.Contact) *string { return &c.Address1 }},
	{"Address2", directory.FieldAddress2, func(c *directory.Contact) *string { return &c.Address2 }},
	{"City", directory.FieldCity, func(c *directory.Contact) *string { return &c.City }},
	{"State", directory.FieldState, func(c *directory.Contact) *string { return &c.State }},
	{"Zip", directory.FieldZip, func(c *directory.Contact) *string { return &c.Zip }},
	{"CountryCode", directory.FieldCountryCode, func(c *directory.Contact) *string { return &c.CountryCode }},
	{"Phone", directory.FieldPhone, func(c *directory.Contact) *string { return &c.Phone }},
	{"Fax", directory.FieldFax, func(c *directory.Contact) *string { return &c.Fax }},
	{"Email", directory.FieldEmail, func(c *directory.Contact) *string { return &c.Email }},
}

// contact reads the fields that are given into c.
func (r reader) contact(c *directory.Contact) {
	for _, w := range contactWords {
		r.text(w.wire, w.at(c))
	}
}

// wordsWith returns the wire's names of a contact's fields, which the directory
// and the wire each put a prefix before, together with others.
func wordsWith(field func(string) string, prefix string, others map[string]string) map[string]string {
	for _, w := range contactWords {
		others[field(w.field)] = prefix + w.wire
	}
	return others
}
