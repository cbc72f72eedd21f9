package avangate

import (
	"cmp"
	"context"
	"encoding/json"
	"reflect"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Method is a call that SOAP and JSON-RPC offer under one name, with the same
// arguments in the same order. It is declared once, in [Methods]; both dialects,
// the WSDL and the reference in docs come from that.
type Method struct {
	Name   string
	About  string // a sentence
	Params []Param
	// Result is the type of what Call returns. Types of this package have the
	// names of the wire.
	Result reflect.Type

	asks Ask  // what the core is asked for, towards a trace; nothing: the directory alone is
	open bool // needs no session
	call func(*invocation) (any, error)
}

// Param is an argument of a method.
type Param struct {
	Name     string
	Type     reflect.Type
	Optional bool
	About    string // what it is, without a full stop at its end

	alias    string // another name for it
	argument string // what the core or this package calls it
	rule     string // what it must be; empty: text
	code     Code   // of the faults of an object whose members they name without it
}

// Argument is an argument as it came.
type Argument struct {
	// Name is what the client calls it, in any case of letters; empty when
	// arguments came without names.
	Name string
	// ByName: the name is the client's own choice, so the argument has no place but
	// that of its name.
	ByName bool
	// Value is nil, bool, string, json.Number, []any or map[string]any, or a Typed,
	// which becomes one of these. Clients are loose about types, so it is read by
	// what it says.
	Value any
}

// Typed is a value as it came in a format, such as XML, in which a list of one
// item and the item itself may look alike: which one it is depends on the type
// that is wanted in its place.
type Typed interface {
	Value(want reflect.Type) any
}

// FindMethod returns the method of that name, in exactly that spelling.
func FindMethod(name string) (*Method, bool) {
	m, ok := methodsByName[name]
	return m, ok
}

// Word returns the name of an argument that a [Fault] blames.
func (m *Method) Word(argument string) string {
	for i := range m.Params {
		if m.Params[i].argument == argument {
			return m.Params[i].Name
		}
	}
	return argument
}

// bind gives each argument its place: that of its name, or else its own. What
// has no place is surplus. One given twice by name is a fault: whoever looked at
// the call before may have gone by the other one.
func (m *Method) bind(args []Argument) (values []any, surplus []Argument, err error) {
	values = make([]any, len(m.Params))
	var taken [maxParams]bool
	unnamed := make([]int, 0, maxParams)
	for i := range args {
		at := m.place(args[i].Name)
		if at < 0 {
			unnamed = append(unnamed, i)
			continue
		}
		if taken[at] {
			return nil, nil, &Fault{Code: RequestInvalid, Argument: m.Params[at].Name, Rule: givenTwice}
		}
		values[at], taken[at] = m.Params[at].read(args[i].Value), true
	}
	for _, i := range unnamed {
		if a := &args[i]; i < len(m.Params) && !a.ByName && !taken[i] {
			values[i] = m.Params[i].read(a.Value)
		} else {
			surplus = append(surplus, *a)
		}
	}
	return values, surplus, nil
}

func (p *Param) read(value any) any {
	if typed, ok := value.(Typed); ok {
		return typed.Value(p.Type)
	}
	return value
}

// maxParams is how many parameters the method with the most of them has room for.
const maxParams = 8

func (m *Method) place(name string) int {
	if name == "" {
		return -1
	}
	for i := range m.Params {
		if p := &m.Params[i]; strings.EqualFold(p.Name, name) || p.alias != "" && strings.EqualFold(p.alias, name) {
			return i
		}
	}
	return -1
}

// Call makes the call: it finds whose session it is, and then what is asked for.
// A refusal leaves a trace. by needs Addr and SupportCode; Client is filled in.
// Errors are for FaultOf.
func (a *API) Call(ctx context.Context, by *Caller, m *Method, args []Argument) (any, error) {
	v := &invocation{Context: ctx, api: a, by: by, method: m}
	result, err := v.make(args)
	if err != nil {
		ask := m.asks
		if ask.Operation == "" {
			ask.Operation = signon.OpCall
		}
		ask.Call, ask.Word, ask.Text = m.Name, m.Word, v.shown
		a.Trace(ctx, by, &ask, err)
	}
	return result, err
}

func (v *invocation) make(args []Argument) (any, error) {
	var surplus []Argument
	var err error
	if v.values, surplus, err = v.method.bind(args); err != nil {
		return nil, err
	}
	if err := v.enter(); err != nil {
		return nil, err
	}
	if err := v.takeIn(surplus); err != nil {
		return nil, err
	}
	return v.method.call(v)
}

// invocation is one call of a method.
type invocation struct {
	context.Context //nolint:containedctx // it lives as long as the call
	api             *API
	by              *Caller
	method          *Method
	values          []any // by the place of the parameter; nil for those that are absent
	unusable        error // what is wrong with the first argument that can't be read
}

// enter lets in who has a session.
func (v *invocation) enter() (err error) {
	if v.method.open {
		return nil
	}
	id, _ := v.values[0].(string) // anything else is nobody's session
	v.by.Client, err = v.api.signOn.APISession(signon.APISessionRequest{
		Realm: Realm, ID: id, Caller: v.by.Addr, SupportCode: v.by.entryCode(),
	})
	v.by.refusedByCore = err != nil
	return err
}

// at returns the parameter of that name and what came for it.
func (v *invocation) at(name string) (*Param, any) {
	i := v.method.place(name)
	return &v.method.Params[i], v.values[i]
}

// text reads an argument that is a text or a number; an absent one is empty.
// When it is neither, v.unusable says so.
func (v *invocation) text(name string) string {
	p, given := v.at(name)
	text, ok := textOf(given)
	if !ok && v.unusable == nil {
		v.unusable = signon.Invalid(p.word(), cmp.Or(p.rule, mustBeText))
	}
	return text
}

// word returns what faults call the parameter.
func (p *Param) word() string {
	if p.argument != "" {
		return p.argument
	}
	return p.Name
}

func textOf(value any) (text string, ok bool) {
	switch value := value.(type) {
	case nil:
		return "", true
	case string:
		return value, true
	case json.Number:
		return value.String(), true
	}
	return "", false
}

// flag reads an argument that is true or false; an absent one is false.
func (v *invocation) flag(name string) (value bool) {
	_, given := v.at(name)
	r := read(one(name, given), RequestInvalid)
	if r.flag(name, &value); v.unusable == nil {
		v.unusable = r.fault()
	}
	return value
}

// object reads an argument that is an object and has to be there.
func (v *invocation) object(name string) (Object, error) {
	p, given := v.at(name)
	switch given := given.(type) {
	case map[string]any:
		return Object{given}, nil
	case nil:
		return Object{}, &Fault{Code: p.code, Argument: name, Rule: "must be given"}
	}
	return Object{}, &Fault{Code: p.code, Argument: name, Rule: "must be an object"}
}

// shown returns what came for an argument, towards a trace: no token.
func (v *invocation) shown(argument string) string {
	switch {
	case argument == ArgToken:
		return ""
	case argument == ArgSubscription && v.method.Word(argument) == argument:
		argument = ArgRequest
	}
	for i := range v.values {
		p := &v.method.Params[i]
		own := p.argument == argument || argument == ArgCustomer && p.Name == pExternalRef.Name
		if text, _ := textOf(v.values[i]); own && text != "" {
			return text
		}
		if members, ok := v.values[i].(map[string]any); ok && argument == ArgCustomer && p.code != "" {
			return referenceIn(Object{members})
		}
	}
	return ""
}

// referenceIn returns the customer's reference in an object, if there is one.
func referenceIn(o Object) (reference string) {
	r := read(o, "")
	if r.internalReference(&reference); reference == "" {
		r.text(externalCustomerReference, &reference)
	}
	return reference
}

// customerNamed returns the customer whom two references name, of which one has
// to be given.
func (v *invocation) customerNamed() (*directory.Customer, error) {
	refs := References{Internal: v.text("customerReference"), External: v.text("externalCustomerReference")}
	if v.unusable != nil {
		return nil, v.unusable
	}
	c, err := v.api.CustomerNamed(v, v.by, refs)
	if c == nil && err == nil {
		return nil, &Fault{Code: CustomerNotFound, Rule: "customerReference or externalCustomerReference must be given"}
	}
	return c, err
}
