package server

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/sqlite"
)

// Store is what the server needs of a storage engine.
type Store interface {
	signon.Store
	directory.Store
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

// HasStore reports whether there is a database in the data directory.
func HasStore(dataDir string) bool {
	_, err := os.Stat(filepath.Join(dataDir, databaseName))
	return err == nil
}

// StoreOptions are what a store needs beside its directory. Keys is required.
type StoreOptions struct {
	Keys  *signon.Keyring
	Clock signon.Clock // nil means the machine's
	Log   *slog.Logger // nil means nobody
}

// OpenStore opens the storage engine in the data directory. One process can
// have it open at a time.
func OpenStore(ctx context.Context, dataDir string, o StoreOptions) (Store, error) {
	s, err := sqlite.Open(ctx, sqlite.Options{Path: filepath.Join(dataDir, databaseName), Keys: o.Keys, Clock: o.Clock, Log: o.Log})
	if err != nil {
		return nil, err // and not a Store that holds nil
	}
	return s, nil
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
