package bench

import (
	"context"
	"fmt"
	"path/filepath"
	"time"
)

// The database engines that servers and floors are measured with.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)

// engine makes databases for servers and floors.
type engine interface {
	// place makes the database of a server with that data directory.
	place(ctx context.Context, dataDir string) (*place, error)
	// rows makes room for the rows of a floor.
	rows(ctx context.Context) (FloorRows, error)
	// close removes all of them.
	close() error
}

// place is where a server has its database.
type place struct {
	settings string   // in the configuration
	env      []string // of the process
	server   int      // the process of the database server, 0 where there is none
	// fill copies the one grant that is there, while no server runs.
	fill func(ctx context.Context, s spread) error
	// count returns how many grants there are that expired in a time.
	count func(ctx context.Context, from, to time.Time) (int64, error)
}

// spread are grants that expire evenly over a time.
type spread struct {
	count int64
	from  time.Time
	over  time.Duration
}

func (r *run) newEngine() (engine, error) {
	switch r.Engine {
	case SQLite, "":
		return &sqliteEngine{dir: r.dir}, nil
	case Postgres:
		return &postgresEngine{}, nil
	}
	return nil, fmt.Errorf("there is no engine %q: the engines are %s and %s", r.Engine, SQLite, Postgres)
}

// sqliteEngine has every database in the process that uses it.
type sqliteEngine struct{ dir string }

func (*sqliteEngine) close() error { return nil }

func (e *sqliteEngine) rows(context.Context) (FloorRows, error) {
	return FloorRows{Dir: e.dir}, nil
}

func (*sqliteEngine) place(_ context.Context, dataDir string) (*place, error) {
	path := filepath.Join(dataDir, "latchkey.db")
	return &place{
		fill:  func(ctx context.Context, s spread) error { return copyGrants(ctx, path, s) },
		count: func(ctx context.Context, from, to time.Time) (int64, error) { return countGrants(ctx, path, from, to) },
	}, nil
}
