package server

import (
	"context"
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

// OpenStore opens the storage engine in the data directory. One process can
// have it open at a time.
func OpenStore(ctx context.Context, dataDir string, keys *signon.Keyring, log *slog.Logger) (Store, error) {
	s, err := sqlite.Open(ctx, sqlite.Options{Path: filepath.Join(dataDir, databaseName), Keys: keys, Log: log})
	if err != nil {
		return nil, err // and not a Store that holds nil
	}
	return s, nil
}
