package bluesnap

import (
	"errors"
	"net/http"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/directory"
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
	c.SignOn.Trace(&signon.Trace{SupportCode: c.info.SupportCode, Operation: signon.OpCall, Note: shownMethod(c.request.Method) + " " + shownPath(c.request.URL.EscapedPath())},
		&signon.Error{Code: signon.CodeInvalid, Argument: signon.ArgCall, Expected: "a call that can be read", Received: c.faultOf(err).description})
}

// shownWords are the parts of paths that are shown. Anything else may be a person's
// number, or what a stranger made up.
var shownWords = func() map[string]bool {
	all := map[string]bool{}
	for _, word := range base {
		all[word] = true
	}
	for i := range routes {
		for word := range strings.SplitSeq(routes[i].path, "/") {
			all[word] = true
		}
	}
	return all
}()

// shownPath returns the path with a star for every part that is no word of ours.
func shownPath(escaped string) string {
	var b strings.Builder
	parts := 0
	for part := range strings.SplitSeq(escaped, "/") {
		switch {
		case part == "":
			continue
		case parts == maxSegments:
			return b.String() + "/…"
		case !shownWords[part]:
			part = "*"
		}
		parts++
		b.WriteString("/" + part)
	}
	return b.String()
}

// shownMethod returns the method if it is a usual one.
func shownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodOptions:
		return method
	}
	return "*"
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
