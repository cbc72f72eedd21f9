package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// errLooking is what calls get that would write to a store that is only looked at.
var errLooking = fmt.Errorf("%w: the database was opened to be read", errOurs)

// errOlder: servers make the tables what they are to be, and whoever only looks does
// not change them under those that run.
var errOlder = errors.New("its tables are older than this program: start a server of this version first")

// prepare makes the tables and the epoch what they must be before anybody connects.
func (s *Store) prepare(ctx context.Context, c *pgx.Conn) error {
	if !s.looking {
		return migrate(ctx, s.config, c)
	}
	if done, err := migrated(ctx, c); done || err != nil {
		return err
	}
	return errOlder
}

// meet prepares a new connection. To void what belongs to another history is left to
// those who serve.
func (s *Store) meet(ctx context.Context, c *pgx.Conn) error {
	if !s.looking {
		return s.adopt(ctx, c)
	}
	var epoch int64
	if err := c.QueryRow(ctx, "SELECT epoch FROM head").Scan(&epoch); err != nil {
		return fmt.Errorf("read epoch: %w", err)
	}
	s.know(epoch)
	return nil
}
