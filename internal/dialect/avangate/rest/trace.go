package rest

import (
	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
)

// trace keeps why the call was refused, if it asks for a link or about one.
func (c *call) trace(err error) {
	if err == nil || c.asks == (ask{}) {
		return
	}
	c.api.Trace(c.context(), &c.by, &avangate.Ask{Operation: c.asks.operation, Kind: c.asks.kind, Word: c.word, Text: c.text}, err)
}

// text returns what came for an argument that may be repeated to an operator:
// no token, and nothing that was named by the client itself.
func (c *call) text(argument string) string {
	switch argument {
	case avangate.ArgCustomer:
		return c.path.args[0]
	case avangate.ArgSubscription:
		if reference, ok := c.query.find(words[avangate.ArgRequest][0]); ok {
			return reference.value
		}
		return c.path.args[0]
	case avangate.ArgPage:
		return c.path.args[1]
	}
	for _, name := range words[argument] {
		if p, ok := c.query.find(name); ok {
			return p.value
		}
	}
	return ""
}
