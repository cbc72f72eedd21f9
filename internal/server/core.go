package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/operator"
	"github.com/latchkey-sso/latchkey/internal/signingkey"
	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/throttle"
)

// core is a store and all that lives over it. A server has one at a time; that of a
// sandbox gets another one with each reset.
type core struct {
	store     Store
	signOn    *signon.Service
	directory *directory.Service
	dialects  dialects
	routes    table
	operators http.Handler
	transport http.RoundTripper // of the calls that its pages make; nil is the usual one
}

// openCore opens the store and applies the declared tenants.
func (s *Server) openCore(ctx context.Context) (*core, error) {
	c := &core{transport: s.demo.transport()}
	var err error
	if c.store, err = OpenStore(ctx, s.cfg, StoreOptions{Keys: s.keys, Clock: s.machineClock(), Log: s.log}); err != nil {
		return nil, err
	}
	limits := &s.cfg.Limits
	c.directory = directory.New(c.store, c.store)
	c.signOn = signon.New(signon.Options{
		Store: c.store, Keys: s.keys, People: c.directory, Log: s.log,
		Misses:      throttle.New(limits.Misses, throttle.Keys),
		Failures:    throttle.New(limits.FailedLogins, throttle.Keys),
		Refusals:    throttle.New(limits.AuditedRefusals, throttle.Keys),
		AuditKeep:   time.Duration(s.cfg.Audit.Keep),
		ClientClock: s.demo.clientClock(),
		Local:       s.demo != nil,
	})
	c.operators = operator.New(operator.Options{Directory: c.directory, Store: c.store, Archive: c.store, SignOn: c.signOn, Keys: s.keys, Log: s.log})
	if err := s.fill(ctx, c); err != nil {
		return nil, errors.Join(err, c.close())
	}
	c.routes = s.routesOf(c)
	s.demo.use(s, c)
	return c, nil
}

// machineClock returns what the store tells the time by; nil means the machine's
// clock.
func (s *Server) machineClock() signon.Clock {
	if s.clock != nil {
		return s.clock
	}
	return s.demo.clock()
}

// fill declares the configuration's tenants, and seeds a demo.
func (s *Server) fill(ctx context.Context, c *core) error {
	tenants, err := s.cfg.Declared()
	if err != nil {
		return err
	}
	if s.demo != nil && s.demo.People != nil { // first: when they can't be loaded, nothing else has changed
		if err := s.demo.People(ctx, c.directory); err != nil {
			return err
		}
	}
	if s.demo != nil && s.demo.Keys != nil {
		if err := s.demo.Keys(ctx, c.signOn); err != nil {
			return err
		}
	}
	if err := signingkey.Ensure(ctx, c.signOn, tenants, s.log); err != nil {
		return err
	}
	return c.signOn.Apply(ctx, tenants)
}

// close finishes what was asked for and closes the store.
func (c *core) close() error {
	c.signOn.Finish()
	return c.store.Close()
}

// reset puts an empty store, seeded anew, in the place of the one there is, whose
// files are removed. Nobody else may use the server meanwhile: it is for a sandbox,
// which sees to that. When it fails, nothing is served any more.
func (s *Server) reset(ctx context.Context) error {
	s.sweeping.Lock() // nor the sweeper
	defer s.sweeping.Unlock()
	if err := s.core.Load().close(); err != nil {
		return fmt.Errorf("reset: %w", err)
	}
	if err := removeStore(s.cfg.DataDir); err != nil {
		return fmt.Errorf("reset: %w", err)
	}
	c, err := s.openCore(ctx)
	if err != nil {
		return fmt.Errorf("reset: %w", err)
	}
	s.core.Store(c)
	return nil
}

// ServeHTTP lets the core's routes answer.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.core.Load().routes.ServeHTTP(w, r)
}

// bounds returns the time limits for a path, or nil for the usual ones.
func (s *Server) bounds(path string) *bounds { return s.core.Load().routes.bounds(path) }

// serveOperator lets the core's operator API answer.
func (s *Server) serveOperator(w http.ResponseWriter, r *http.Request) {
	s.core.Load().operators.ServeHTTP(w, r)
}

// sweepStep removes one batch of what is long over.
func (s *Server) sweepStep(ctx context.Context, batch int) (more bool, err error) {
	s.sweeping.Lock()
	defer s.sweeping.Unlock()
	return s.core.Load().signOn.Sweep(ctx, batch)
}
