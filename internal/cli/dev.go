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
	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/sandbox"
	"github.com/latchkey-sso/latchkey/internal/server"
)

type devOptions struct {
	listen, dataDir, logLevel string
	seeds                     []string
	init                      bool
	tls                       bool
	caDir                     string
}

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

With --seed tenants and people of your own are there, too; --init writes a file to
start from. With --tls it speaks TLS alone, at port 8443, with certificates of an
authority that it makes for this machine, also for the vendors' host names; what it
prints then tells how to trust that authority.

The demo's secrets are public. It trusts X-Forwarded-For from this machine, so
that a request can pretend an address, and its limits are raised so that a test
suite does not meet them: 10,000 links for one person, 600 wrong authentications
and 600 refused links a minute.`,
		Example: `  latchkey dev
  latchkey dev --listen 127.0.0.1:0
  latchkey dev --init && latchkey dev --seed latchkey-dev.yaml
  latchkey dev --tls`,
		Args: func(cmd *cobra.Command, args []string) error {
			if o.init {
				return cobra.MaximumNArgs(1)(cmd, args)
			}
			return cobra.NoArgs(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.init {
				return initSeed(cmd.OutOrStdout(), args)
			}
			if o.tls && !cmd.Flags().Changed("listen") {
				o.listen = "127.0.0.1:8443"
			}
			return runDev(cmd.Context(), o, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.listen, "listen", "127.0.0.1:8080", "`address` to listen on; port 0 takes a free one")
	f.StringVar(&o.dataDir, "data", "", "`directory` that keeps the data; without it, one that is removed at the end")
	f.StringVar(&o.logLevel, "log-level", "info", "debug, info, warn or error")
	f.StringArrayVar(&o.seeds, "seed", nil, "YAML `file` with tenants and people to add; may be given several times")
	f.BoolVar(&o.init, "init", false, "write an example of a seed, latchkey-dev.yaml or the file that is named, and end")
	f.BoolVar(&o.tls, "tls", false, "speak TLS alone, with certificates of a local authority")
	f.StringVar(&o.caDir, "ca-dir", "", "`directory` of the local authority; without it, one with the user's settings")
	_ = cmd.MarkFlagDirname("data")
	_ = cmd.MarkFlagDirname("ca-dir")
	markFiles(cmd, "seed", "yaml", "yml")
	for _, other := range []string{"seed", "tls", "data", "listen"} {
		cmd.MarkFlagsMutuallyExclusive("init", other)
	}
	return cmd
}

func runDev(ctx context.Context, o devOptions, stdout, stderr io.Writer) (err error) {
	ctx, stop := untilStopped(ctx, syscall.SIGHUP) // a terminal that is closed, too, or the temporary directory stays
	defer stop()
	listeners, err := server.ListenLocal(o.listen)
	if err != nil {
		return explainInUse(err, o.listen)
	}
	place, err := o.place(listeners[0].Addr())
	if err != nil {
		return err
	}
	cfg := dev.ConfigAt(place)
	seeds, err := dev.ReadSeeds(cfg, place, os.Environ(), o.seeds...)
	if err != nil {
		return err
	}
	demo := &server.Demo{Keys: dev.SeedKeys, Credentials: seeds.Credentials(), Transport: dev.Transport(nil)}
	demo.People = func(ctx context.Context, people *directory.Service) error {
		return errors.Join(seeds.Load(ctx, people), dev.Seed(ctx, people))
	}
	var trust *trust
	var caFile string
	if o.tls {
		if trust, err = useTLS(demo, o.caDir, seeds.LocalHosts(), place); err != nil {
			return err
		}
		caFile = trust.File
	}
	if o.dataDir == "" {
		if o.dataDir, err = os.MkdirTemp("", "latchkey-dev-"); err != nil {
			return fmt.Errorf("make a data directory: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(o.dataDir)) }()
	}
	if err := o.useData(cfg); err != nil {
		return err
	}
	log, err := newLog(stderr, cfg.Log)
	if err != nil {
		return err
	}
	demo.Sandbox = sandbox.New(sandbox.Options{
		Log: log, BaseURL: cfg.PublicURL, CAFile: caFile, Open: dev.OpenSecrets(), Example: dev.ExampleCall(cfg.PublicURL, caFile, netip.IPv6Loopback()),
	})
	s, err := server.New(ctx, server.Options{Config: cfg, Log: log, Listeners: listeners, Demo: demo})
	if err != nil {
		return err
	}
	sayReady(stdout, s.URL())
	_, _ = fmt.Fprintf(stdout, "Watch calls live at %s/dev\n", s.URL())
	trust.print(stdout)
	return s.Run(ctx)
}

// place returns where the demo is.
func (o *devOptions) place(addr net.Addr) (dev.Place, error) {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		return dev.Place{}, fmt.Errorf("listen: %s is no TCP address", addr)
	}
	return dev.Place{Port: tcp.AddrPort().Port(), TLS: o.tls}, nil
}

// useData prepares the data directory and has the configuration use it.
func (o *devOptions) useData(cfg *config.Config) error {
	cfg.DataDir, cfg.Log.Level = o.dataDir, o.logLevel
	cfg.RootKey = config.SecretRef{File: filepath.Join(o.dataDir, rootKeyFile)}
	if err := os.MkdirAll(o.dataDir, 0o700); err != nil {
		return fmt.Errorf("make the data directory: %w", err)
	}
	if err := writeRootKey(cfg.RootKey.File); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return nil
}

// initSeed writes an example of a seed.
func initSeed(stdout io.Writer, args []string) error {
	path := dev.ExampleName
	if len(args) > 0 {
		path = args[0]
	}
	if err := dev.WriteExample(path); err != nil {
		return err
	}
	_, err := fmt.Fprintf(stdout, "Wrote %s. Change it as you like, then: latchkey dev --seed %s\n", path, path)
	return err
}
