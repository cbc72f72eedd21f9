package lob

import (
	"errors"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// trace keeps why a call was refused before it came to the core, or after; what
// the core itself refused it has kept. What asks for a token or about one is also
// in the audit log.
func (c *call) trace(err error) {
	if err == nil || c.traced {
		return
	}
	t := &signon.Trace{
		SupportCode: c.info.SupportCode, Operation: c.route.does, Tenant: c.tenant.ID, Note: c.request.Method + " /" + c.route.path,
	}
	if c.client != nil {
		t.Client = c.client.ID
	}
	if c.about != nil {
		t.Destination = c.about.ID
	}
	c.SignOn.Turned(c.context, t, c.info.Addr, explain(err))
}

// traceUnread keeps why a request is no call of anybody's.
func (c *call) traceUnread(err error) {
	t := &signon.Trace{SupportCode: c.info.SupportCode, Operation: signon.OpCall}
	if c.tenant != nil {
		t.Tenant = c.tenant.ID
	}
	e := *explain(err)
	if e.Code == signon.CodeInvalid {
		e.Argument = signon.ArgCall
	}
	c.SignOn.Trace(t, &e)
}

// explain returns the error as the core would have made it, with what was
// compared.
func explain(err error) *signon.Error {
	var f *fault
	if !errors.As(err, &f) {
		return signon.AsError(err)
	}
	if f.err == nil {
		return &signon.Error{Code: signon.CodeInvalid, Reason: signon.ReasonArgument, Expected: f.Error()}
	}
	return signon.AsError(f.err)
}
