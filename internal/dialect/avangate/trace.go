package avangate

import (
	"context"
	"errors"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Ask is what a call asks the core for, towards a trace.
type Ask struct {
	Operation signon.Operation
	// Kind is where the link leads that is asked for, or asked about.
	Kind signon.DestinationKind
	// Word returns the dialect's word for an argument, and Text what came for it.
	Word func(argument string) string
	Text func(argument string) string
}

// Trace keeps why a call was refused before it came to the core, or after, in
// memory and in the audit log; what the core itself refused it has kept. Dialects call it in one place, for every
// call that asks for a link or about one.
func (a *API) Trace(ctx context.Context, by *Caller, ask *Ask, err error) {
	if err == nil || by.refusedByCore {
		return
	}
	t := &signon.Trace{SupportCode: by.SupportCode, Operation: ask.Operation, Tenant: by.Client.Tenant, Client: by.Client.ID}
	if at, ok := a.signOn.Registry().Destination(by.Client.Tenant, ask.Kind); ok {
		t.Destination = at.ID
	}
	a.signOn.Turned(ctx, t, by.Addr, ask.explain(err))
}

// explain returns the error as the core would have made it, with what was
// compared. Tokens are never among what came.
func (k *Ask) explain(err error) *signon.Error {
	var f *Fault
	if errors.As(err, &f) {
		err = &signon.Error{Code: signon.CodeInvalid, Argument: f.Argument, Rule: f.Rule, Reason: signon.ReasonArgument, Err: f}
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

// maskEmail returns as much of an address as shows a typing mistake in its
// domain.
func maskEmail(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 1 {
		return characters(address)
	}
	return address[:1] + "…" + address[at:]
}
