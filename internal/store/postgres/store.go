// Package postgres is the storage engine of many nodes: a PostgreSQL database
// that holds both the core's store ([signon.Store]) and the directory's
// ([directory.Store]). Any number of processes share it.
//
// Each process has one committer: all requests waiting at a moment share one
// transaction and one wait for the disk, and statements of several rows do what
// they ask for. The transaction holds the one row of the table head, so that all
// writers of all processes come one after the other. README.md tells the design.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

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
	// URL names the database as PostgreSQL's clients do. It may name several hosts,
	// of which the one that can be written to is used. Required.
	URL string
	// Keys seal secrets and chain the audit log. Required.
	Keys *signon.Keyring
	// Clock is for tests; nil means the clock of the database server.
	Clock signon.Clock
	// Log receives what an operator should know; nil means nobody.
	Log *slog.Logger
	// Looking: the store is only read. Nothing is written to the database then, its
	// tables stay as they are, and so does the epoch.
	Looking bool

	appName string // what the process calls itself, unless that is the usual name
}

// Store is an open database. It is safe for concurrent use.
type Store struct {
	*tables.Tables
	log       *slog.Logger
	keys      *signon.Keyring
	looking   bool
	config    *pgx.ConnConfig
	server    *serverClock // nil where a clock was given
	clock     *clock.Clock
	epoch     atomic.Int64
	acked     atomic.Pointer[acknowledged]
	pool      *pgxpool.Pool
	committer *committer
	lookups   *lookups
	leases    *leases
	foreign   foreign
	swept     tables.Swept
	recent    *tables.Recent
	changes   atomic.Pointer[customerChanges]
	closed    chan struct{}
	closing   sync.Once
	watching  sync.WaitGroup
}

// Open opens the database and brings its tables up to date. When the database
// server turns out to have another history than the one that the epoch belongs to,
// because a standby was promoted or an older state restored, all live grants and
// sessions are void from then on.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.URL == "" || o.Keys == nil {
		return nil, errors.New("open database: an address and keys are needed")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Store{log: o.Log, keys: o.Keys, looking: o.Looking, recent: tables.NewRecent(), closed: make(chan struct{})}
	s.Tables = tables.New(engine{s}, o.Keys)
	if err := s.open(ctx, o); err != nil {
		s.release()
		return nil, fmt.Errorf("open database: %w", err)
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, o Options) error {
	var err error
	if s.config, err = parse(o.URL, s.log); err != nil {
		return err
	}
	if o.appName != "" {
		s.config.RuntimeParams["application_name"] = o.appName
	}
	committer, err := s.begin(ctx, o.Clock)
	if err != nil {
		return err
	}
	s.committer, s.lookups, s.leases = committer, newLookups(s), newLeases(s)
	go s.committer.serve()
	go s.leases.serve()
	if s.pool, err = s.openPool(ctx); err != nil {
		return err
	}
	s.lookups.start()
	if s.looking {
		return s.checkKeys(ctx)
	}
	if err := s.committer.ready(ctx); err != nil {
		return err
	}
	if err := s.checkKeys(ctx); err != nil {
		return err
	}
	s.watching.Go(s.watch)
	return nil
}

// begin makes the connection of the committer, and with it everything that must be
// before anybody else connects: the tables, the time, the epoch.
func (s *Store) begin(ctx context.Context, source signon.Clock) (*committer, error) {
	c := newCommitter(s)
	conn, err := pgx.ConnectConfig(ctx, s.config)
	if err != nil {
		return nil, err
	}
	if err = s.prepare(ctx, conn); err == nil {
		err = s.startClock(ctx, conn, source)
	}
	if err == nil {
		err = s.meet(ctx, conn)
	}
	if err == nil {
		err = s.warnOfLoss(ctx, conn)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close(ctx))
	}
	c.use(conn)
	return c, nil
}

// warnOfLoss says so where a power cut may take back what the server acknowledged: its
// history is the same afterwards, so that nobody notices who was not there before.
func (s *Store) warnOfLoss(ctx context.Context, c *pgx.Conn) error {
	for _, name := range []string{"fsync", "full_page_writes"} {
		var on bool
		if err := c.QueryRow(ctx, "SELECT current_setting($1)::boolean", name).Scan(&on); err != nil {
			return fmt.Errorf("read setting %s: %w", name, err)
		}
		if !on {
			s.log.Warn("the database server may lose what it acknowledged, in a power cut: turn the setting on", "setting", name)
		}
	}
	return nil
}

// checkKeys refuses root keys that the database was not written with, before
// anything is written under them.
func (s *Store) checkKeys(ctx context.Context) error {
	_, err := s.Tenants(ctx)
	if errors.Is(err, signon.ErrSealed) {
		return fmt.Errorf("the root key is not the one that the database was written with: "+
			"set that one as root_key, or as previous_root_key beside a new one: %w", err)
	}
	return err
}

// Now returns the store's time.
func (s *Store) Now() time.Time { return s.clock.Now() }

// Epoch returns the current epoch.
func (s *Store) Epoch() int64 { return s.epoch.Load() }

// AuditAnchor returns the end of the log that the head remembers: it is beside the
// log, though in the same database. See [signon.AuditStore].
func (s *Store) AuditAnchor(ctx context.Context) (end signon.ChainHead, err error) {
	err = engine{s}.Read(ctx, "read end of audit log", func(r tables.Reader) error {
		found, err := r.One("SELECT seq, hash FROM head")
		if err != nil || found == nil {
			return err
		}
		end.Seq = found.Int(0)
		copy(end.Hash[:], found.Blob(1))
		return nil
	})
	return end, err
}

// Close finishes what was asked for so far and closes the connections; what the
// server does not answer within half a minute fails. Calls that come later fail with
// CodeUnavailable. Closing again does nothing.
func (s *Store) Close() error {
	s.closing.Do(func() {
		if !s.looking {
			s.keepTime()
		}
		s.release()
	})
	return nil
}

// keepTime has the database know the latest instant that was handed out. Where that
// fails, the one of the last transaction stands in for it.
func (s *Store) keepTime() {
	ctx, cancel := context.WithTimeout(context.Background(), connectTime)
	defer cancel()
	if err := s.committer.ready(ctx); err != nil {
		s.log.Debug("the time is not kept", "error", err)
	}
}

// release gives back what was opened, also half-way.
func (s *Store) release() {
	close(s.closed)
	if s.committer != nil {
		s.committer.stop()
		s.lookups.stop()
		s.leases.stop()
	}
	s.watching.Wait()
	if s.pool != nil {
		s.pool.Close()
	}
}
