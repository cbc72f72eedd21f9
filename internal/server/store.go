package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/latchkey-sso/latchkey/internal/config"
	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/archive"
	"github.com/latchkey-sso/latchkey/internal/store/postgres"
	"github.com/latchkey-sso/latchkey/internal/store/sqlite"
)

// Store is what the server needs of a storage engine.
type Store interface {
	signon.Store
	directory.Store
	archive.Source
	// Reseal seals what is still sealed under a previous root key under the
	// current one, and returns how many values it changed.
	Reseal(ctx context.Context) (int, error)
	// ExpireGrant has a grant expire now. ErrNotFound when no grant has that key.
	ExpireGrant(ctx context.Context, key signon.GrantKey) error
	// Close finishes what was asked for and closes the database.
	Close() error
}

// databaseName is the file of the storage engine in the data directory.
const databaseName = "latchkey.db"

// HasStore reports whether there is a database where the configuration says.
func HasStore(ctx context.Context, cfg *config.Config) (bool, error) {
	address, err := cfg.DatabaseURL()
	if err != nil {
		return false, err
	}
	if address != "" {
		return postgres.Exists(ctx, address.Reveal())
	}
	return HasFile(cfg.DataDir), nil
}

// HasFile reports whether there is a database file in the data directory.
func HasFile(dataDir string) bool {
	_, err := os.Stat(filepath.Join(dataDir, databaseName))
	return err == nil
}

// StoreOptions are what a store needs beside its place. Keys is required.
type StoreOptions struct {
	Keys  *signon.Keyring
	Clock signon.Clock // nil means the machine's, or the database server's
	Log   *slog.Logger // nil means nobody
	// Looking: nothing is to be written, and a shared database stays as it is.
	Looking bool
}

// databasePatience is how long a start waits for a database server.
const databasePatience = 30 * time.Second

// OpenStore opens the storage engine that the configuration names: any number of
// processes can have a PostgreSQL database open at a time, one a file in a data
// directory. For a database server that takes no connections it waits a while.
func OpenStore(ctx context.Context, cfg *config.Config, o StoreOptions) (Store, error) {
	address, err := cfg.DatabaseURL()
	if err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if address != "" {
		return openShared(ctx, cfg, address, o)
	}
	s, err := sqlite.Open(ctx, sqlite.Options{Path: filepath.Join(cfg.DataDir, databaseName), Keys: o.Keys, Clock: o.Clock, Log: o.Log})
	if err != nil {
		return nil, err // and not a Store that holds nil
	}
	return s, nil
}

func openShared(ctx context.Context, cfg *config.Config, address signon.Secret, o StoreOptions) (Store, error) {
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("make data directory: %w", err)
	}
	if err := postgres.Await(ctx, address.Reveal(), databasePatience, o.Log); err != nil {
		return nil, err
	}
	s, err := postgres.Open(ctx, postgres.Options{URL: address.Reveal(), Keys: o.Keys, Clock: o.Clock, Log: o.Log, Looking: o.Looking})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// warnOfFile says when the data directory of a server on PostgreSQL holds a database
// file that was not moved there: people may be missed who are in it.
func (s *Server) warnOfFile(ctx context.Context) {
	if !s.cfg.Shared() || !HasFile(s.cfg.DataDir) {
		return
	}
	path := filepath.Join(s.cfg.DataDir, databaseName)
	switch stage, err := sqlite.StageOf(ctx, path); {
	case err != nil:
		s.log.Warn("the data directory holds a database file that is not used, and it can't be told whether it was moved to PostgreSQL", "path", path, "error", err)
	case stage != sqlite.Moved:
		s.log.Warn("the data directory holds a database file that was never moved to PostgreSQL, and is not used: \"latchkey migrate\" moves it into an empty one", "path", path)
	}
}

// removeStore removes the files of the data directory's store, which is closed.
func removeStore(dataDir string) error {
	path := filepath.Join(dataDir, databaseName)
	for _, file := range []string{path, path + "-wal", path + "-shm", path + ".mark"} {
		if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// reseal frees the stored data of the previous root key.
func (s *Server) reseal(ctx context.Context) {
	n, err := s.core.Load().store.Reseal(ctx)
	if err != nil {
		s.log.Error("not everything is sealed under the current root key yet: the next start goes on", "sealed_anew", n, "error", err)
		return
	}
	s.log.Info("everything stored is sealed under the current root key", "sealed_anew", n)
}
