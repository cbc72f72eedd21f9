package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/latchkey-sso/latchkey/internal/config"
	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/operator"
	"github.com/latchkey-sso/latchkey/internal/server"
	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/throttle"
)

// place says which data directory an operator's command is about.
type place struct {
	config, dataDir string
	looking         bool // the command changes nothing
}

// placeHelp explains the flags of a place.
const placeHelp = `It asks the server that runs on the data directory, through its socket. When none
runs, it opens the database itself.`

// rootKeyFile is where "latchkey dev" keeps its root key in the data directory.
const rootKeyFile = "root.key"

// addFlags gives a command the flags that name the place.
func (p *place) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVarP(&p.config, "config", "c", "latchkey.yaml", "configuration `file` that names the data directory")
	f.StringVar(&p.dataDir, "data", "", "data `directory`, without a configuration")
	cmd.MarkFlagsMutuallyExclusive("config", "data")
	markFiles(cmd, "config", "yaml", "yml")
	_ = cmd.MarkFlagDirname("data")
}

// open returns a client of the server that runs there, or else of a store
// opened for the command. The caller must call done in the end.
func (p *place) open(ctx context.Context) (client *operator.Client, done func() error, err error) {
	cfg, err := p.load()
	if err != nil {
		return nil, nil, err
	}
	client, err = operator.Dial(ctx, server.OperatorSocket(cfg.DataDir))
	if errors.Is(err, operator.ErrNoServer) {
		return openStore(ctx, cfg, p.looking)
	}
	if err != nil {
		return nil, nil, err
	}
	return client, client.Close, nil
}

// with opens the place for the time of do.
func (p *place) with(cmd *cobra.Command, do func(context.Context, *operator.Client) error) error {
	ctx, stop := untilStopped(cmd.Context())
	defer stop()
	client, done, err := p.open(ctx)
	if err != nil {
		return err
	}
	return errors.Join(do(ctx, client), done())
}

// look is with for what changes nothing.
func (p *place) look(cmd *cobra.Command, do func(context.Context, *operator.Client) error) error {
	p.looking = true
	return p.with(cmd, do)
}

// load returns a configuration with at least the data directory and where the
// root key is.
func (p *place) load() (*config.Config, error) {
	source := config.Source{File: p.config, Environ: os.Environ()}
	if p.dataDir != "" {
		source.File = ""
		source.Override = func(c *config.Config) {
			c.DataDir = p.dataDir
			if server.HasFile(p.dataDir) { // whatever the environment says of another
				c.Database = config.SecretRef{}
			}
			if key := filepath.Join(p.dataDir, rootKeyFile); exists(key) {
				c.RootKey = config.SecretRef{File: key}
			}
		}
	}
	cfg, err := config.Load(source)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: say where to look with --config or --data", err)
	}
	return cfg, err
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// openStore returns a client of a handler over the store. A database is never
// made.
func openStore(ctx context.Context, cfg *config.Config, looking bool) (client *operator.Client, done func() error, err error) {
	switch found, err := server.HasStore(ctx, cfg); {
	case err != nil:
		return nil, nil, err
	case !found && cfg.Shared():
		return nil, nil, errors.New("the database has no tables of Latchkey yet: start a server first")
	case !found:
		return nil, nil, fmt.Errorf("there is no database in %s", cfg.DataDir)
	}
	root, previous, err := cfg.RootKeys()
	if err != nil {
		return nil, nil, err
	}
	keys, err := signon.NewKeyring(root, previous)
	if err != nil {
		return nil, nil, fmt.Errorf("read root key: %w", err)
	}
	log := slog.New(slog.DiscardHandler) // the command itself says what happens
	store, err := server.OpenStore(ctx, cfg, server.StoreOptions{Keys: keys, Log: log, Looking: looking})
	if err != nil {
		return nil, nil, err
	}
	people, unlimited := directory.New(store, store), throttle.New(0, 0)
	handler := operator.New(operator.Options{
		Directory: people, Store: store, Archive: store, Keys: keys, Log: log, Standalone: true,
		SignOn: signon.New(signon.Options{Store: store, Keys: keys, People: people, Misses: unlimited, Failures: unlimited, Refusals: unlimited, Log: log}),
	})
	client = operator.InProcess(handler)
	return client, func() error { return errors.Join(client.Close(), store.Close()) }, nil
}
