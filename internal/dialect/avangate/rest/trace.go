package rest

import (
	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// trace keeps why the call was refused.
func (c *call) trace(err error) {
	if err == nil {
		return
	}
	ask := avangate.Ask{Operation: c.asks.operation, Kind: c.asks.kind, Call: c.request.Method + " " + c.pattern, Word: c.word, Text: c.text}
	if ask.Operation == "" {
		ask.Operation = signon.OpCall
	}
	c.api.Trace(c.context(), &c.by, &ask, err)
}

// text returns what came for an argument that may be repeated to an operator:
// no token, and nothing that was named by the client itself.
func (c *call) text(argument string) string {
	switch argument {
	case avangate.ArgCustomer:
		return c.path.args[0]
	case avangate.ArgSubscription:
		if reference, ok := c.query.Find(words[avangate.ArgRequest][0]); ok {
			return reference.Value
		}
		return c.path.args[0]
	case avangate.ArgPage:
		return c.path.args[1]
	}
	for _, name := range words[argument] {
		if p, ok := c.query.Find(name); ok {
			return p.Value
		}
	}
	return ""
}
