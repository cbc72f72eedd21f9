// Package pgtest gives tests, and commands that test, PostgreSQL servers of their
// own, which they may kill, pause and fail over. It never touches the system's.
//
// A server is a child of this process, in files of its own under the temporary
// directory, and listens on a Unix socket that only this user (and root) reaches:
// whoever can connect is its superuser, without a password. As root, it runs as
// the user postgres, or else nobody, because PostgreSQL refuses to run as root.
//
// Servers are started on Unix only; elsewhere New returns an error.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// Options are the choices for a server. The zero value is a good one.
type Options struct {
	// Dir is where the files go. It must not exist, or be empty; and as root, the
	// user that the server runs as must be able to pass through its parents (which
	// t.TempDir does not let others do). Empty means a new temporary folder.
	Dir string

	// TCP makes the server listen on a free port of 127.0.0.1, too, and URL name
	// that. Every user of this machine can connect then, as superuser.
	TCP bool

	// NoSync turns fsync off, for tests that need no crash safety.
	NoSync bool

	// Settings go into postgresql.conf, over those of this package. Values are
	// quoted here.
	Settings map[string]string
}

// Cluster is one PostgreSQL server and its files. Its methods may be called from
// several goroutines.
type Cluster struct {
	bin     string
	dir     string // holds data, log and, where the path is short enough, the socket
	socket  string // the socket's folder
	port    int
	tcp     bool
	account *account

	mu      sync.Mutex
	running *process // nil while stopped
	paused  bool
}

// New makes a server and returns it when it accepts connections. Its database is
// called postgres. The caller calls Remove in the end.
func New(ctx context.Context, o Options) (*Cluster, error) {
	c, err := prepare(o)
	if err != nil {
		return nil, err
	}
	err = c.initialize(ctx, o)
	if err == nil {
		err = c.Start(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, c.Remove())
	}
	return c, nil
}

// prepare makes the folders of a server and finds its address.
func prepare(o Options) (*Cluster, error) {
	bin, err := Find()
	if err != nil {
		return nil, err
	}
	account, err := serverAccount()
	if err != nil {
		return nil, err
	}
	c := &Cluster{bin: bin, account: account, tcp: o.TCP, port: 5432}
	if c.dir, err = account.folder(o.Dir); err != nil {
		return nil, err
	}
	c.socket = c.dir
	if len(c.dir) > longestSocketFolder {
		if c.socket, err = account.folder(""); err != nil {
			return nil, errors.Join(err, c.Remove())
		}
	}
	if c.tcp {
		if c.port, err = freePort(); err != nil {
			return nil, errors.Join(err, c.Remove())
		}
	}
	return c, nil
}

// longestSocketFolder keeps the path of a socket within the 104 bytes that the
// strictest system allows.
const longestSocketFolder = 80

func (c *Cluster) data() string { return filepath.Join(c.dir, "data") }

// initialize makes the files of a new server. Nothing of it is synced, for a test
// begins after it.
func (c *Cluster) initialize(ctx context.Context, o Options) error {
	err := c.run(ctx, "initdb", "--pgdata="+c.data(), "--username=postgres", "--auth=trust", "--encoding=UTF8",
		"--locale="+locale, "--lc-messages=C", "--data-checksums", "--no-sync")
	if err != nil {
		return err
	}
	return c.configure(defaults(o.NoSync), o.Settings)
}

// defaults are settings for small machines, and for leaving nothing behind: other
// kinds of dynamic shared memory outlive a server that is killed.
func defaults(noSync bool) map[string]string {
	settings := map[string]string{
		"shared_buffers":             "64MB",
		"max_connections":            "100",
		"wal_level":                  "replica",
		"huge_pages":                 "off",
		"dynamic_shared_memory_type": "mmap",
		"log_line_prefix":            "%m [%p] ",
		"log_timezone":               "UTC",
	}
	if noSync {
		settings["fsync"] = "off"
		settings["full_page_writes"] = "off"
	}
	return settings
}

// configure appends settings to postgresql.conf, of which the last of each name
// counts.
func (c *Cluster) configure(all ...map[string]string) error {
	var text strings.Builder
	for _, settings := range all {
		for _, name := range slices.Sorted(maps.Keys(settings)) {
			fmt.Fprintf(&text, "%s = %s\n", name, quoted(settings[name]))
		}
	}
	file, err := os.OpenFile(filepath.Join(c.data(), "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("configure PostgreSQL: %w", err)
	}
	_, err = file.WriteString(text.String())
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("configure PostgreSQL: %w", err)
	}
	return nil
}

// Dir returns the folder of the server's files; its data is in data.
func (c *Cluster) Dir() string { return c.dir }

// Remove kills the server, if it runs, and deletes its files.
func (c *Cluster) Remove() error {
	err := c.Kill()
	return errors.Join(err, os.RemoveAll(c.dir), os.RemoveAll(c.socket))
}
