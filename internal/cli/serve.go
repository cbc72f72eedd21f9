package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/latchkey-sso/latchkey/internal/config"
	"github.com/latchkey-sso/latchkey/internal/server"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

func newServe() *cobra.Command {
	var file, listen, dataDir, logLevel string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve what a configuration declares",
		Long: `Serves the tenants that a configuration declares, and prints one line when it is
ready. SIGTERM and SIGINT stop it after requests that have begun are finished.
SIGHUP reads the configuration again: tenants and the certificate change at
once; a configuration with a mistake in it changes nothing.

"latchkey config docs" explains every setting.`,
		Example: "  latchkey keygen root.key\n  latchkey serve --config latchkey.yaml",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			source := config.Source{File: file, Environ: os.Environ(), Override: func(c *config.Config) {
				override(&c.Listen, listen)
				override(&c.DataDir, dataDir)
				override(&c.Log.Level, logLevel)
			}}
			return serve(cmd.Context(), source, nil, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.StringVarP(&file, "config", "c", "latchkey.yaml", "configuration `file`")
	f.StringVar(&listen, "listen", "", "`address` to listen on, instead of the configured one")
	f.StringVar(&dataDir, "data", "", "data `directory`, instead of the configured one")
	f.StringVar(&logLevel, "log-level", "", "debug, info, warn or error, instead of the configured one")
	markFiles(cmd, "config", "yaml", "yml")
	return cmd
}

func override(setting *string, flag string) {
	if flag != "" {
		*setting = flag
	}
}

// serve runs a server until a signal stops it. A nil clock is the machine's.
func serve(ctx context.Context, source config.Source, clock signon.Clock, stdout, stderr io.Writer) error {
	cfg, err := config.Load(source)
	if err != nil {
		return err
	}
	log, err := newLog(stderr, cfg.Log)
	if err != nil {
		return err
	}
	ctx, stop := untilStopped(ctx)
	defer stop()
	s, err := server.New(ctx, server.Options{Config: cfg, Log: log, Clock: clock})
	if err != nil {
		return explainInUse(err, cfg.Listen)
	}
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	go reloadOn(ctx, hangup, s, source, log)
	sayReady(stdout, s.URL())
	return s.Run(ctx)
}

// untilStopped returns a context that ends with the first SIGTERM or SIGINT, or
// one of the other signals. The second one ends the process at once.
func untilStopped(ctx context.Context, others ...os.Signal) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(ctx, append(others, syscall.SIGTERM, syscall.SIGINT)...)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

func sayReady(stdout io.Writer, url string) {
	_, _ = fmt.Fprintf(stdout, "Latchkey is ready at %s\n", url)
}

// explainInUse says what to do when somebody else listens on the address.
func explainInUse(err error, addr string) error {
	if server.InUse(err) {
		return fmt.Errorf("another program is listening on %s: choose another address with --listen, as in --listen 127.0.0.1:9090", addr)
	}
	return err
}

// reloadOn reads the configuration again at every signal, until ctx ends.
func reloadOn(ctx context.Context, hangup <-chan os.Signal, s *server.Server, source config.Source, log *slog.Logger) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangup:
		}
		cfg, err := config.Load(source)
		if err == nil {
			err = s.Reload(ctx, cfg)
		}
		if err != nil {
			log.Error("the configuration was not reloaded; the one before stays in force", "error", err)
			continue
		}
		log.Info("the configuration was reloaded", "tenants", len(cfg.Tenants))
	}
}
