package config

import (
	"errors"
	"net/url"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Shared reports whether the database is one that several servers may share, and
// not a file in the data directory.
func (c *Config) Shared() bool { return !c.Database.empty() }

// DatabaseURL returns the address of the PostgreSQL database, which may hold a
// password, or "" when the database is a file in the data directory. Its error is
// Problems, and does not hold the address.
func (c *Config) DatabaseURL() (signon.Secret, error) {
	if c.Database.empty() {
		return "", nil
	}
	address, err := c.Database.read(c.origin.environ)
	if err == nil {
		err = checkDatabase(address)
	}
	if err != nil {
		return "", Problems{c.origin.problem("database", "%s", err)}
	}
	return signon.Secret(address), nil
}

// checkDatabase returns what is wrong with the address, without repeating any of it.
func checkDatabase(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return errors.New("must be an address as in postgres://user:password@host:port/database; other characters of a password are written as %XX")
	}
	if len(u.Path) < len("/x") && u.Query().Get("dbname") == "" {
		return errors.New("must name a database, as in postgres://host/database")
	}
	if _, err := pgconn.ParseConfig(address); err != nil {
		return errors.New("has a part or parameter that can't be used: look at sslmode, and whether the certificates that it names can be read")
	}
	return nil
}
