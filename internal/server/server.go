package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/latchkey-sso/latchkey/internal/clientip"
	"github.com/latchkey-sso/latchkey/internal/config"
	"github.com/latchkey-sso/latchkey/internal/signingkey"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Options are what a server is made of. Config and Log are required.
type Options struct {
	Config *config.Config
	Log    *slog.Logger
	// Listeners are where connections come in; none means Config.Listen.
	Listeners []net.Listener
	// Clock is the machine's clock, for what tests servers; nil means the real one.
	Clock signon.Clock
	// Demo, if not nil, adds what `latchkey dev` has and `latchkey serve` has not:
	// demo data, their pages, reasons of refusals in a header, and the sandbox.
	Demo *Demo
}

// Server is everything that runs, put together.
type Server struct {
	cfg       *config.Config // as it was at the start
	log       *slog.Logger
	demo      *Demo // nil in production
	clock     signon.Clock
	listeners []net.Listener
	lounge    *lounge // nil with TLS
	keys      *signon.Keyring
	core      atomic.Pointer[core]
	sweeping  sync.Mutex // held by a step of the sweeper, and while the core is replaced
	http      *http.Server
	operators *http.Server
	cert      *certificate // nil without TLS
	socket    *operatorSocket
	stopping  atomic.Bool
	headroom  []byte
}

// headroom is how many bytes are allocated and never touched, so that they take
// none of the machine's memory. The garbage collector starts when the heap has
// doubled, and the heap of this server is so small that it would start dozens of
// times a second under load; with headroom it starts after that much garbage.
const headroom = 18 << 20

// New opens the store, applies the declared tenants and listens. The caller
// must Run the server or Close it.
func New(ctx context.Context, o Options) (*Server, error) {
	s := &Server{cfg: o.Config, log: o.Log, demo: o.Demo, clock: o.Clock, listeners: o.Listeners, headroom: make([]byte, headroom)}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Server) open(ctx context.Context) error {
	root, previous, err := s.cfg.RootKeys()
	if err != nil {
		return err
	}
	if s.keys, err = signon.NewKeyring(root, previous); err != nil {
		return fmt.Errorf("read root key: %w", err)
	}
	if len(s.listeners) == 0 {
		if s.listeners, err = Listen(s.cfg.Listen); err != nil {
			return err
		}
	}
	if s.cert = s.demo.certificate(); s.cert == nil && s.cfg.TLSCert != "" {
		shown, err := readCertificate(s.cfg)
		if err != nil {
			return err
		}
		s.cert = &certificate{}
		s.cert.current.Store(shown)
	}
	c, err := s.openCore(ctx)
	if err != nil {
		return err
	}
	s.core.Store(c)
	if s.socket, err = listenOperator(s.cfg.DataDir); err != nil {
		return err
	}
	s.serversUp()
	return nil
}

// serversUp makes the HTTP servers over the core.
func (s *Server) serversUp() {
	limits := &s.cfg.Limits
	clients := clientip.New(s.cfg.Proxies(), s.cfg.ClientIPHeader)
	gate := newGate(limits.Connections, limits.ConnectionsPerAddress, clients.Trusts, s.log)
	if s.cert == nil {
		s.lounge = newLounge(s.Addr(), loungeAfter)
	}
	for i, l := range s.listeners {
		s.listeners[i] = s.lounge.around(gate.guard(l))
	}
	s.http = &http.Server{
		Handler: s.demo.around(&edge{
			next: s, bounds: s.bounds, clients: clients, timeout: deadlines{after: time.Duration(limits.HandlerTimeout)}, log: s.log, access: s.cfg.Log.Access,
			local: s.demo != nil,
		}),
		ReadHeaderTimeout: time.Duration(limits.ReadHeaderTimeout),
		ReadTimeout:       time.Duration(limits.RequestTimeout),
		WriteTimeout:      time.Duration(limits.WriteTimeout),
		IdleTimeout:       time.Duration(limits.IdleTimeout),
		MaxHeaderBytes:    limits.HeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug), // handshakes that strangers broke off, and the like
	}
	if s.cert != nil {
		s.http.TLSConfig = s.cert.config()
	} else {
		s.http.ConnState = s.lounge.idle
	}
	if s.demo != nil && s.demo.Sandbox != nil {
		s.http.RegisterOnShutdown(s.demo.Sandbox.Stop)
	}
	s.operators = &http.Server{
		Handler:           http.HandlerFunc(s.serveOperator),
		ReadHeaderTimeout: time.Duration(limits.ReadHeaderTimeout), // and no others: imports take their time
		ErrorLog:          s.http.ErrorLog,
	}
}

// Addr returns the address that the server listens on.
func (s *Server) Addr() net.Addr { return s.listeners[0].Addr() }

// Reload takes over the tenants and the certificate of a configuration; the
// rest of it needs a restart. When it fails, everything stays as it was.
func (s *Server) Reload(ctx context.Context, cfg *config.Config) error {
	tenants, err := cfg.Declared()
	if err != nil {
		return err
	}
	var shown *tls.Certificate
	if s.cert != nil && cfg.TLSCert != "" {
		if shown, err = readCertificate(cfg); err != nil {
			return err
		}
	}
	signOn := s.core.Load().signOn
	if err := signingkey.Ensure(ctx, signOn, tenants, s.log); err != nil {
		return err
	}
	if err := signOn.Apply(ctx, tenants); err != nil {
		return err
	}
	if shown != nil {
		s.cert.current.Store(shown)
	}
	if !reflect.DeepEqual(s.cfg.Fixed(), cfg.Fixed()) {
		s.log.Warn("reloaded the tenants; other settings have changed, too, and need a restart")
	}
	return nil
}

// Run serves until ctx ends, then stops: it accepts nothing new, finishes what
// was begun, and closes the store. It returns nil after a clean stop.
func (s *Server) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var running sync.WaitGroup
	listeners := s.listeners
	if s.lounge != nil {
		listeners = append(listeners[:len(listeners):len(listeners)], s.lounge)
	}
	failed := make(chan error, len(listeners)+1)
	for _, l := range listeners {
		running.Go(func() { failed <- s.serve(l) })
	}
	running.Go(func() { failed <- fmt.Errorf("serve operators: %w", s.operators.Serve(s.socket)) })
	running.Go(func() { sweep(ctx, s.sweepStep, s.log) })
	running.Go(func() { s.follow(ctx) })
	if s.keys.Replacing() {
		running.Go(func() { s.reseal(ctx) })
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	cancel()
	err = errors.Join(err, s.stop())
	running.Wait()
	return errors.Join(err, s.Close())
}

// serve answers connections until the server is stopped.
func (s *Server) serve(l net.Listener) error {
	var err error
	if s.cert != nil {
		err = s.http.ServeTLS(l, "", "")
	} else {
		err = s.http.Serve(l)
	}
	return fmt.Errorf("serve %s: %w", l.Addr(), err)
}

// stop lets requests finish that have begun, for a while.
func (s *Server) stop() error {
	s.stopping.Store(true)
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(s.cfg.Limits.ShutdownTimeout))
	defer cancel()
	err := errors.Join(s.http.Shutdown(ctx), s.operators.Shutdown(ctx))
	if errors.Is(err, context.DeadlineExceeded) {
		s.log.Warn("requests were cut off: they took longer than the shutdown timeout")
		err = errors.Join(s.http.Close(), s.operators.Close())
	}
	if err != nil {
		return fmt.Errorf("stop serving: %w", err)
	}
	return nil
}

// Close gives back what New opened. Closing again does nothing.
func (s *Server) Close() error {
	var errs []error
	for _, l := range s.listeners {
		if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	if s.socket != nil {
		errs = append(errs, s.socket.Close())
		s.socket = nil
	}
	if c := s.core.Load(); c != nil {
		errs = append(errs, c.close())
	}
	return errors.Join(errs...)
}

// URL returns how people reach the server: the public URL, or the address it
// listens on when none is configured.
func (s *Server) URL() string {
	if s.cfg.PublicURL != "" {
		return strings.TrimSuffix(s.cfg.PublicURL, "/")
	}
	scheme := "http://"
	if s.cert != nil {
		scheme = "https://"
	}
	return scheme + s.Addr().String()
}
