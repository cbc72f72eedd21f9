package server

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"strconv"

	"github.com/latchkey-sso/latchkey/internal/dev"
	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/sandbox"
	"github.com/latchkey-sso/latchkey/internal/sandbox/shop"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Demo is what makes a server that of `latchkey dev`. What is nil is left out.
type Demo struct {
	// Keys is called before the keys are made that the declared tenants lack.
	Keys func(context.Context, *signon.Service) error
	// People loads whom the demo knows into a directory, but those who are there.
	People func(context.Context, *directory.Service) error
	// Credentials are what programs of tenants have that are not the demo's own.
	Credentials []shop.Credentials
	// Transport makes the calls of the demo's own programs.
	Transport http.RoundTripper
	// Certificate chooses the certificate for a connection; all connections are TLS
	// then.
	Certificate func(*tls.ClientHelloInfo) (*tls.Certificate, error)
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

// transport returns what makes the calls of the demo's own programs; nil is the
// usual one.
func (d *Demo) transport() http.RoundTripper {
	switch {
	case d == nil:
		return nil
	case d.Sandbox == nil:
		return d.Transport
	case d.Transport == nil:
		return d.Sandbox.Nesting(dev.Transport(nil))
	}
	return d.Sandbox.Nesting(d.Transport)
}

// certificate returns the certificates of the demo, or nil without TLS.
func (d *Demo) certificate() *certificate {
	if d == nil || d.Certificate == nil {
		return nil
	}
	return &certificate{choose: d.Certificate}
}

// use tells the sandbox what it works on.
func (d *Demo) use(s *Server, c *core) {
	if d == nil || d.Sandbox == nil {
		return
	}
	d.Sandbox.Use(&sandbox.Core{
		SignOn: c.signOn, Directory: c.directory, Dialects: c.dialects.forSandbox(), Issuers: s.shop(c).Issuers(), Expire: c.store.ExpireGrant, Reset: s.reset,
	})
}

// caFile returns where the local authority is, or nothing.
func (d *Demo) caFile() string {
	if d == nil || d.Sandbox == nil {
		return ""
	}
	return d.Sandbox.CAFile
}

// forSandbox returns the dialects as a sandbox knows them.
func (d *dialects) forSandbox() []sandbox.Dialect {
	return []sandbox.Dialect{
		{Name: "2checkout-rest", Title: "2Checkout REST", Paths: []string{"/rest"}, Refuse: d.rest.Refuse},
		{Name: "2checkout-soap", Title: "2Checkout SOAP", Paths: []string{"/soap"}, Refuse: d.soap.Refuse},
		{Name: "2checkout-jsonrpc", Title: "2Checkout JSON-RPC", Paths: []string{"/rpc"}, Refuse: d.jsonrpc.Refuse},
		{Name: "bluesnap", Title: "BlueSnap", Paths: []string{"/services"}, Refuse: d.bluesnap.Refuse},
		{Name: "generatessotoken", Title: "GenerateSSOToken", Paths: []string{"/v2", "/oauth2", "/lob/*/.well-known"}, Refuse: d.lob.Refuse},
	}
}

// shop returns what asks for links as the programs of the demo's tenants do.
func (s *Server) shop(c *core) *shop.Shop {
	return shop.New(shop.Options{
		BaseURL: s.URL(), Registry: c.signOn.Registry(), Credentials: append(dev.Credentials(), s.demo.Credentials...),
		Transport: c.transport,
		Shopper: func(ctx context.Context, p sandbox.Person) (int64, error) {
			id, err := strconv.ParseInt(string(p.Ref), 10, 64)
			if err != nil {
				return 0, fmt.Errorf("find a customer: %w", err)
			}
			customer, err := c.directory.CustomerByID(ctx, p.Tenant, id)
			if err != nil {
				return 0, err
			}
			return customer.ShopperID, nil
		},
	})
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
