package avangate

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Ask is what a call asks for, towards a trace.
type Ask struct {
	Operation signon.Operation
	// Kind is where the link leads that is asked for, or asked about; nothing for
	// signon.OpCall.
	Kind signon.DestinationKind
	// Call is what the dialect names the call.
	Call string
	// Word returns the dialect's word for an argument, and Text what came for it.
	Word func(argument string) string
	Text func(argument string) string
}

// Trace keeps why a call was refused before it came to the core, or after; what
// the core itself refused it has kept. What asks for a link or about one is also
// in the audit log. Dialects call it in one place, for every call.
func (a *API) Trace(ctx context.Context, by *Caller, ask *Ask, err error) {
	if err == nil || by.refusedByCore {
		return
	}
	if by.Client == nil || ask.Operation == signon.OpCall {
		a.trace(by, ask.Call, ask.explain(err))
		return
	}
	t := &signon.Trace{SupportCode: by.SupportCode, Operation: ask.Operation, Tenant: by.Client.Tenant, Client: by.Client.ID, Note: by.note(ask.Call)}
	if at, ok := a.signOn.Registry().Destination(by.Client.Tenant, ask.Kind); ok {
		t.Destination = at.ID
	}
	a.signOn.Turned(ctx, t, by.Addr, ask.explain(err))
}

// TraceUnread keeps why a request, or a part of it, is no call. why repeats
// nothing of it.
func (a *API) TraceUnread(by *Caller, why string) {
	a.trace(by, "", &signon.Error{Code: signon.CodeInvalid, Argument: signon.ArgCall, Expected: "a call that can be read", Received: why})
}

// TraceUnknownMethod keeps that a method was called that there is not.
func (a *API) TraceUnknownMethod(by *Caller, name string) {
	a.trace(by, "", &signon.Error{Code: signon.CodeInvalid, Argument: signon.ArgMethod, Expected: "a method that there is", Received: shownMethod(name)})
}

func (a *API) trace(by *Caller, call string, err *signon.Error) {
	t := &signon.Trace{SupportCode: by.entryCode(), Operation: signon.OpCall, Note: by.note(call)}
	if by.Client != nil {
		t.SupportCode, t.Tenant, t.Client = by.SupportCode, by.Client.Tenant, by.Client.ID
	}
	a.signOn.Trace(t, err)
}

// shownMethod returns the name if it reads as one: what stands in a wrong place
// may be a session's id.
func shownMethod(name string) string {
	if name == "" || len(name) > 64 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_.") != "" {
		return characters(name)
	}
	return strconv.Quote(name)
}

// explain returns the error as the core would have made it, with what was
// compared. Tokens are never among what came.
func (k *Ask) explain(err error) *signon.Error {
	var f *Fault
	if errors.As(err, &f) {
		err = &signon.Error{Code: meant(f.Code), Argument: f.Argument, Rule: f.Rule, Reason: signon.ReasonArgument, Err: f}
	}
	e := *signon.AsError(err)
	switch {
	case e.Code == signon.CodeSubjectUnknown:
		e.Code, e.Reason = signon.CodeNotFound, signon.ReasonReference
		e.Expected, e.Received = "a customer of this vendor", k.Text(ArgCustomer)
	case e.Code == signon.CodeNotFound && e.Argument == argSubscription:
		e.Reason = signon.ReasonReference
		e.Expected, e.Received = "a subscription of this vendor, and of this customer where one is named", k.Text(ArgSubscription)
	case e.Argument != "":
		e.Expected, e.Received = k.Word(e.Argument)+" "+e.Rule, k.Text(e.Argument)
	case e.Rule != "":
		e.Expected = e.Rule
	}
	if e.Argument == ArgEmail {
		e.Received = maskEmail(e.Received)
	}
	if e.Argument != signon.ArgTarget {
		e.Argument = "" // it could not be read: the core's check of it was not reached
	}
	return &e
}

// meant returns what a fault of this package would be in the core.
func meant(code Code) signon.Code {
	switch code {
	case LimitExceeded:
		return signon.CodeLimit
	case Unavailable:
		return signon.CodeUnavailable
	case InternalError:
		return signon.CodeInternal
	}
	return signon.CodeInvalid
}

// maskEmail returns as much of an address as shows a typing mistake in its
// domain.
func maskEmail(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 1 {
		return characters(address)
	}
	return address[:1] + "…" + address[at:]
}
