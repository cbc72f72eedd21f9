package bluesnap

import (
	"errors"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/inbound"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// trace keeps why a call was refused before it came to the core, or after; what
// the core itself refused it has kept. What asks for a token is also in the audit
// log.
func (c *call) trace(err error) {
	if err == nil || c.traced {
		return
	}
	c.SignOn.Turned(c.context(), c.newTrace(), c.info.Addr, c.explain(err))
}

// traceUnread keeps why a request is no call of anybody's.
func (c *call) traceUnread(err error) {
	c.SignOn.Trace(&signon.Trace{SupportCode: c.info.SupportCode, Operation: signon.OpCall, Note: inbound.ShownMethod(c.request.Method) + " " + shownPath(c.request.URL.EscapedPath())},
		&signon.Error{Code: signon.CodeInvalid, Argument: signon.ArgCall, Expected: "a call that can be read", Received: c.faultOf(err).description})
}

// shownWords are the parts of paths that are shown.
var shownWords = func() inbound.Words {
	list := strings.Join(base, " ")
	for i := range routes {
		list += " " + routes[i].path
	}
	return inbound.WordsOf(list)
}()

// shownPath returns the path, without empty parts, as far as it may be shown.
func shownPath(escaped string) string {
	return shownWords.Path(strings.Join(strings.FieldsFunc(escaped, func(r rune) bool { return r == '/' }), "/"))
}

// traceRepeated keeps that nothing was done, because the answer was kept.
func (c *call) traceRepeated() {
	t := c.newTrace()
	t.Note += ": nothing was done, the answer is the one that this " + wOnce + " got before"
	c.SignOn.Trace(t, nil)
}

// newTrace returns the trace of the call, of the merchant on whose behalf it is if
// that is known.
func (c *call) newTrace() *signon.Trace {
	t := &signon.Trace{
		SupportCode: c.info.SupportCode, Operation: signon.OpCall, Tenant: c.client.Tenant, Client: c.client.ID, Note: c.request.Method + " " + c.route.path,
	}
	if c.merchant != nil {
		t.Tenant = c.merchant.ID
	}
	if c.route.kind != "" {
		t.Operation = signon.OpIssue
		if at, ok := c.SignOn.Registry().Destination(t.Tenant, c.route.kind); ok {
			t.Destination = at.ID
		}
	}
	return t
}

// explain returns the error as the core would have made it, with what was
// compared.
func (c *call) explain(err error) *signon.Error {
	var f *fault
	if errors.As(err, &f) {
		return &signon.Error{Code: signon.CodeInvalid, Reason: signon.ReasonArgument, Expected: f.description, Err: f}
	}
	e := *signon.AsError(err)
	if e.Expected == "" && e.Rule != "" {
		e.Expected, e.Received = sentence(&e), c.shown(e.Argument)
	}
	switch e.Argument {
	case signon.ArgTarget:
	case directory.FieldUsername, signon.ArgOnce: // which may be taken
		e.Reason = signon.ReasonArgument
		fallthrough
	default:
		e.Argument = "" // it could not be read: the core's check of it was not reached
	}
	return &e
}
