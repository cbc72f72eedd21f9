package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"

	"github.com/latchkey-sso/latchkey/internal/config"
	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/archive"
	"github.com/latchkey-sso/latchkey/internal/store/postgres"
	"github.com/latchkey-sso/latchkey/internal/store/sqlite"
	"github.com/latchkey-sso/latchkey/internal/store/tables"
)

// Restore fills the store that the configuration names from an archive. No server
// may be running on it.
func Restore(ctx context.Context, cfg *config.Config, l *archive.Loading) error {
	address, err := cfg.DatabaseURL()
	if err != nil {
		return err
	}
	if address == "" {
		return sqlite.Fill(ctx, sqliteOptions(cfg, l.Keys), l.Restore(ctx))
	}
	o := postgresOptions(address, l.Keys)
	if err := postgres.Await(ctx, o.URL, databasePatience, o.Log); err != nil {
		return err
	}
	return postgres.Fill(ctx, o, l.Restore(ctx))
}

func sqliteOptions(cfg *config.Config, keys *signon.Keyring) sqlite.Options {
	return sqlite.Options{Path: filepath.Join(cfg.DataDir, databaseName), Keys: keys}
}

func postgresOptions(address signon.Secret, keys *signon.Keyring) postgres.Options {
	return postgres.Options{URL: address.Reveal(), Keys: keys, Log: slog.New(slog.DiscardHandler)}
}

// Migration is a move of a data directory's store to a PostgreSQL database.
type Migration struct {
	DataDir string
	To      signon.Secret // the address
	Keys    *signon.Keyring
	// Progress, unless nil, is told how many rows are there.
	Progress func(rows, all int64)
}

// Migrated tells what a migration did.
type Migrated struct {
	// From and To are how many rows each table has on both sides.
	From, To map[string]int64
	// Before: all of it had been done before, but for the note about it.
	Before bool
}

// Run moves the store. The database must be empty. All links and sessions stay as
// they are; the SQLite store is not opened any more. A move that was cut short can be
// run again: until it is complete, one of the two stores can be used at most.
func (m *Migration) Run(ctx context.Context) (*Migrated, error) {
	if !HasFile(m.DataDir) {
		return nil, fmt.Errorf("there is no database in %s", m.DataDir)
	}
	if err := postgres.Await(ctx, m.To.Reveal(), databasePatience, slog.New(slog.DiscardHandler)); err != nil {
		return nil, err
	}
	from, err := sqlite.OpenToMove(ctx, sqlite.Options{Path: filepath.Join(m.DataDir, databaseName), Keys: m.Keys})
	if err != nil {
		return nil, err
	}
	done, err := m.move(ctx, from)
	return done, errors.Join(err, from.Close())
}

func (m *Migration) move(ctx context.Context, from *sqlite.Store) (*Migrated, error) {
	stage, err := from.Move(ctx)
	if err != nil {
		return nil, err
	}
	done := &Migrated{}
	switch stage {
	case sqlite.Moved:
		return nil, sqlite.ErrMoved
	case sqlite.Moving:
		if done.Before, err = m.received(ctx, from); err != nil {
			return nil, err
		}
	case sqlite.Staying:
	}
	if !done.Before {
		if err := m.fill(ctx, from, done); err != nil {
			return nil, err
		}
	}
	return done, from.SetMove(context.WithoutCancel(ctx), sqlite.Moved)
}

// received reports whether the database has everything already.
func (m *Migration) received(ctx context.Context, from *sqlite.Store) (bool, error) {
	var end signon.ChainHead
	err := from.Archive(ctx, func(_ tables.Reader, s tables.State) error {
		end = s.End
		return nil
	})
	if err != nil {
		return false, err
	}
	return postgres.Received(ctx, postgresOptions(m.To, m.Keys), end)
}

// fill copies all rows, and checks that as many are there.
func (m *Migration) fill(ctx context.Context, from *sqlite.Store, done *Migrated) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	src, dst := io.Pipe()
	written := make(chan error, 1)
	go func() {
		_, err := archive.Write(ctx, dst, from, archive.Options{Keys: m.Keys, Plain: true})
		written <- errors.Join(err, dst.CloseWithError(err))
	}()
	l := archive.Loading{Src: src, Keys: m.Keys, Progress: m.Progress}
	f := l.Move(ctx)
	f.Committing = func(r tables.Reader) (err error) {
		if done.To, err = tables.Count(r); err != nil {
			return err
		}
		done.From = l.Header.Counts
		if err := sameCounts(done.From, done.To); err != nil {
			return err
		}
		// From here on it may be committed at any time, whatever happens to us.
		return from.SetMove(ctx, sqlite.Moving)
	}
	err := postgres.Fill(ctx, postgresOptions(m.To, m.Keys), f)
	cancel()
	_ = src.CloseWithError(context.Canceled)
	failed := <-written
	if err != nil && failed != nil && !errors.Is(failed, context.Canceled) {
		err = failed // what was read is cut off by it
	}
	return err
}

func sameCounts(from, to map[string]int64) error {
	for name, n := range from {
		if to[name] != n {
			return fmt.Errorf("table %s has %d rows there instead of %d", name, to[name], n)
		}
	}
	return nil
}
