package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/latchkey-sso/latchkey/internal/config"
	"github.com/latchkey-sso/latchkey/internal/dev"
	"github.com/latchkey-sso/latchkey/internal/sandbox"
	"github.com/latchkey-sso/latchkey/internal/server"
)

type devOptions struct{ listen, dataDir, logLevel string }

func newDev() *cobra.Command {
	var o devOptions
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Run a demo on localhost, without any set-up",
		Long: `Runs Latchkey on localhost with demo vendors, customers, subscriptions and
products, for trying it out and for testing programs against it. The start page
makes a fresh link at every click. At /dev every call and every link that is
followed shows as it comes, links are expired and revoked, the clock is moved and
calls are made to fail; below /dev/api/ programs do the same.

Without --data everything is forgotten at the end. With it the directory keeps
what is made, and the demo data is only added where it is missing.

The demo's secrets are public. It trusts X-Forwarded-For from this machine, so
that a request can pretend an address, and its limits are raised so that a test
suite does not meet them: 10,000 links for one person, 600 wrong authentications
and 600 refused links a minute.`,
		Example: "  latchkey dev\n  latchkey dev --listen 127.0.0.1:0",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runDev(cmd.Context(), o, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.listen, "listen", "127.0.0.1:8080", "`address` to listen on; port 0 takes a free one")
	f.StringVar(&o.dataDir, "data", "", "`directory` that keeps the data; without it, one that is removed at the end")
	f.StringVar(&o.logLevel, "log-level", "info", "debug, info, warn or error")
	_ = cmd.MarkFlagDirname("data")
	return cmd
}

func runDev(ctx context.Context, o devOptions, stdout, stderr io.Writer) (err error) {
	ctx, stop := untilStopped(ctx, syscall.SIGHUP) // a terminal that is closed, too, or the temporary directory stays
	defer stop()
	listeners, err := server.ListenLocal(o.listen)
	if err != nil {
		return explainInUse(err, o.listen)
	}
	if o.dataDir == "" {
		if o.dataDir, err = os.MkdirTemp("", "latchkey-dev-"); err != nil {
			return fmt.Errorf("make a data directory: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(o.dataDir)) }()
	}
	cfg, err := devConfig(o, listeners[0].Addr())
	if err != nil {
		return err
	}
	log, err := newLog(stderr, cfg.Log)
	if err != nil {
		return err
	}
	s, err := server.New(ctx, server.Options{Config: cfg, Log: log, Listeners: listeners, Demo: &server.Demo{
		Keys: dev.SeedKeys, People: dev.Seed, Sandbox: sandbox.New(sandbox.Options{
			Log: log, BaseURL: cfg.PublicURL, Example: dev.ExampleCall(cfg.PublicURL, netip.IPv6Loopback()),
		}),
	}})
	if err != nil {
		return err
	}
	sayReady(stdout, s.URL())
	_, _ = fmt.Fprintf(stdout, "Watch calls live at %s/dev\n", s.URL())
	return s.Run(ctx)
}

// devConfig returns the demo's configuration for a server at that address.
func devConfig(o devOptions, addr net.Addr) (*config.Config, error) {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		return nil, fmt.Errorf("listen: %s is no TCP address", addr)
	}
	cfg := dev.Config(tcp.AddrPort().Port())
	cfg.DataDir, cfg.Log.Level = o.dataDir, o.logLevel
	cfg.RootKey = config.SecretRef{File: filepath.Join(o.dataDir, rootKeyFile)}
	if err := os.MkdirAll(o.dataDir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data directory: %w", err)
	}
	if err := writeRootKey(cfg.RootKey.File); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, err
	}
	return cfg, nil
}
