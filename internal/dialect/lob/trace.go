package lob

import (
	"errors"
	"sync"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// trace keeps why a call was refused before it came to the core, or after; what
// the core itself refused it has kept. What asks for a token or about one is also
// in the audit log, but for tokens that nobody signed: they concern no grant, and
// strangers can have a line of business ask about as many as they like.
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
	if c.nobodys {
		c.SignOn.Trace(t, explain(err))
		if n := c.forged.count(c.SignOn.Now()); n > 0 {
			c.Log.Warn("tokens that nobody signed were refused", "dialect", Realm, "tenant", c.tenant.ID, "client", t.Client, "support_code", t.SupportCode, "count", n)
		}
		return
	}
	c.SignOn.Turned(c.context, t, c.info.Addr, explain(err))
}

// forged counts tokens that nobody signed, for a line a minute in the log.
type forged struct {
	mu    sync.Mutex
	n     int
	until time.Time // nothing is logged until then
}

// count counts one more, and returns how many there are to log: those since the
// last line, or 0 when it is too early for another.
func (f *forged) count(now time.Time) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n++
	if now.Before(f.until) {
		return 0
	}
	n, f.n, f.until = f.n, 0, now.Add(time.Minute)
	return n
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
