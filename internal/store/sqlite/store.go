// Package sqlite is the storage engine of a single machine: one SQLite file
// that holds both the core's store ([signon.Store]) and the directory's
// ([directory.Store]).
//
// One writer commits groups: all requests waiting at a moment share one
// transaction and one fsync, and each is answered after it. Readers run beside
// it. README.md tells the design.
package sqlite

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/clock"
	"github.com/latchkey-sso/latchkey/internal/store/tables"
)

var (
	_ signon.Store    = (*Store)(nil)
	_ directory.Store = (*Store)(nil)
)

// Options say which database to open, and with what.
type Options struct {
	// Path is the database file. It and its directory are made when missing, for
	// the owner's eyes only. Required.
	Path string
	// Keys seal secrets and chain the audit log. Required.
	Keys *signon.Keyring
	// Clock is the machine's clock; nil means the system's.
	Clock signon.Clock
	// Log receives what an operator should know; nil means nobody.
	Log *slog.Logger

	toMove bool // whatever the stage of its move
}

// Store is an open database. It is safe for concurrent use.
type Store struct {
	*tables.Tables
	path    string
	log     *slog.Logger
	keys    *signon.Keyring
	lock    *lock
	mark    *mark
	clock   *clock.Clock
	epoch   atomic.Int64
	writer  *writer
	readers *readers
	recent  *tables.Recent
	leases  leases
	swept   tables.Swept
	closing sync.Once
}

// Open opens the database, brings its tables up to date, and takes it for this
// process alone: a second Open of a database in the same directory fails while
// the first one lives. When the file turns out to be older than the mark kept
// beside it, all live grants and sessions are void from then on.
func Open(ctx context.Context, o Options) (*Store, error) {
	s, err := prepare(ctx, &o)
	if err != nil {
		return nil, err
	}
	go s.writer.serve()
	return s, nil
}

// prepare opens the database; its writer does not serve yet.
func prepare(ctx context.Context, o *Options) (*Store, error) {
	if o.Path == "" || o.Keys == nil {
		return nil, errors.New("open database: a path and keys are needed")
	}
	if o.Clock == nil {
		o.Clock = signon.SystemClock{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Store{path: o.Path, log: o.Log, keys: o.Keys, recent: tables.NewRecent()}
	s.Tables = tables.New(engine{s}, o.Keys)
	if err := s.open(ctx, o); err != nil {
		return nil, fmt.Errorf("open database %s: %w", o.Path, errors.Join(err, s.release()))
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, o *Options) error {
	err := os.MkdirAll(filepath.Dir(o.Path), 0o700)
	if err != nil {
		return err
	}
	if s.lock, err = takeLock(filepath.Join(filepath.Dir(o.Path), lockName)); err != nil {
		return err
	}
	if err := makePrivate(o.Path); err != nil {
		return err
	}
	if err := migrate(ctx, o.Path); err != nil {
		return err
	}
	if s.mark, err = openMark(o.Path+".mark", s.log); err != nil {
		return err
	}
	if s.readers, err = openReaders(ctx, o.Path); err != nil {
		return err
	}
	c, err := openConn(ctx, o.Path, writerPragmas)
	if err != nil {
		return err
	}
	s.writer = newWriter(s, c)
	if err := s.checkMove(o); err != nil {
		return err
	}
	if err := s.checkKeys(ctx); err != nil {
		return err
	}
	return s.resume(o.Clock)
}

// checkKeys refuses root keys that the database was not written with, before
// anything is written: under another key every link would be unknown and no
// customer could be read, and what is sealed and chained meanwhile could not be
// read under the right one.
func (s *Store) checkKeys(ctx context.Context) error {
	_, err := s.Tenants(ctx)
	if errors.Is(err, signon.ErrSealed) {
		return fmt.Errorf("the root key is not the one that the database was written with: "+
			"set that one as root_key, or as previous_root_key beside a new one: %w", err)
	}
	return err
}

// makePrivate makes the file when it is missing, and lets only its owner read
// it. SQLite gives its side files the same mode.
func makePrivate(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(f.Chmod(0o600), f.Close())
}

// resume goes on where the database and its mark ended.
func (s *Store) resume(source signon.Clock) error {
	state, err := s.writer.conn.state()
	if err != nil {
		return err
	}
	epoch := state.Epoch
	s.epoch.Store(epoch)
	if err := s.writer.findHead(); err != nil {
		return err
	}
	floor, err := s.latestInstant()
	if err != nil {
		return err
	}
	s.clock = clock.New(source, floor, s.mark.setTime)
	if ahead := floor.Sub(source.Now()); ahead > time.Minute {
		s.log.Warn("the machine's clock is behind the database: time runs at half speed until it has caught up", "behind", ahead)
	}
	return s.compareMark(epoch)
}

// AuditAnchor returns what the mark beside the database remembers. See
// [signon.AuditStore].
func (s *Store) AuditAnchor(context.Context) (signon.ChainHead, error) {
	return s.mark.known().head, nil
}

// Now returns the store's time.
func (s *Store) Now() time.Time { return s.clock.Now() }

// Epoch returns the current epoch.
func (s *Store) Epoch() int64 { return s.epoch.Load() }

// Confirm has nothing to wait for: what can be read is on the disk. See
// [signon.Store].
func (s *Store) Confirm(ctx context.Context) error {
	return engine{s}.Read(ctx, "confirm", func(tables.Reader) error { return nil })
}

// Close finishes what was asked for so far and closes the database. Calls that
// come later fail with CodeUnavailable. Closing again does nothing.
func (s *Store) Close() error {
	var err error
	s.closing.Do(func() {
		s.writer.stop()
		s.recent.Close()
		err = s.release()
	})
	if err != nil {
		return fmt.Errorf("close database: %w", err)
	}
	return nil
}

// release gives back what was opened, also half-way.
func (s *Store) release() error {
	var errs []error
	if s.readers != nil {
		errs = append(errs, s.readers.close())
	}
	if s.writer != nil {
		errs = append(errs, s.writer.conn.close())
	}
	if s.mark != nil {
		if s.clock != nil {
			s.mark.setTime(s.clock.Now())
		}
		errs = append(errs, s.mark.close())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.release())
	}
	return errors.Join(errs...)
}
