package server

import (
	"context"
	"net/http"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/sandbox"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Demo is what makes a server that of `latchkey dev`. What is nil is left out.
type Demo struct {
	// Keys is called before the keys are made that the declared tenants lack.
	Keys func(context.Context, *signon.Service) error
	// People loads whom the demo knows into a directory, but those who are there.
	People func(context.Context, *directory.Service) error
	// Sandbox shows every call, and lets people and test suites interfere.
	Sandbox *sandbox.Sandbox
}

// around returns the handler in front of everything.
func (d *Demo) around(edge http.Handler) http.Handler {
	if d == nil || d.Sandbox == nil {
		return edge
	}
	return d.Sandbox.Around(edge)
}

// use tells the sandbox what it works on.
func (d *Demo) use(s *Server, c *core) {
	if d == nil || d.Sandbox == nil {
		return
	}
	d.Sandbox.Use(&sandbox.Core{SignOn: c.signOn, Directory: c.directory, Expire: c.store.ExpireGrant, Reset: s.reset})
}

// clock returns what the store tells the time by; nil means the machine's clock.
func (d *Demo) clock() signon.Clock {
	if d == nil || d.Sandbox == nil {
		return nil
	}
	return d.Sandbox.Clock()
}

// clientClock returns what clients tell the time by; nil means the store's.
func (d *Demo) clientClock() signon.Clock {
	if d == nil || d.Sandbox == nil {
		return nil
	}
	return signon.SystemClock{}
}
