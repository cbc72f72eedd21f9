package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/latchkey-sso/latchkey/internal/config"
	"github.com/latchkey-sso/latchkey/internal/operator"
	"github.com/latchkey-sso/latchkey/internal/server"
	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/archive"
	"github.com/latchkey-sso/latchkey/internal/store/tables"
)

func newRestore() *cobra.Command {
	var p place
	var replace bool
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Restore a backup",
		Long: `Fills the database that the configuration names, a file or PostgreSQL, with what
"latchkey backup" wrote of either. "-" reads standard input. The database must be
empty, unless --replace removes what is in it first, and no server may be running
on it. The file is checked before: one that was cut or changed, or was written
under another root key, is refused. Either all of it is restored or nothing.

All links and sessions of before are void afterwards: a link that was used after
the backup was made can't be used again. The audit log says so with an event, which
"latchkey audit verify" wants to be told of with --restored.`,
		Example: "  latchkey restore latchkey.backup --config latchkey.yaml",
		Args:    oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := untilStopped(cmd.Context())
			defer stop()
			cfg, keys, err := p.offline(ctx)
			if err != nil {
				return err
			}
			if replace {
				if err := askToReplace(cmd.InOrStdin(), cmd.ErrOrStderr(), cfg); err != nil {
					return err
				}
			}
			src, _, err := openFile(args[0], cmd.InOrStdin())
			if err != nil {
				return err
			}
			defer src.Close()
			l := &archive.Loading{Src: src, Keys: keys, Replace: replace}
			if err := restore(ctx, cfg, l, cmd.ErrOrStderr()); err != nil {
				return fmt.Errorf("restore: %w", err)
			}
			return sayRestored(cmd.OutOrStdout(), &l.Header, databaseOf(cfg))
		},
	}
	cmd.Flags().BoolVar(&replace, "replace", false, "remove everything that is in the database first")
	p.addFlags(cmd)
	return cmd
}

// offline returns the configuration and the keys of a place on which no server runs.
func (p *place) offline(ctx context.Context) (*config.Config, *signon.Keyring, error) {
	cfg, err := p.load()
	if err != nil {
		return nil, nil, err
	}
	client, err := operator.Dial(ctx, server.OperatorSocket(cfg.DataDir))
	if err == nil {
		return nil, nil, errors.Join(fmt.Errorf("a server is running on %s: stop it first", cfg.DataDir), client.Close())
	}
	if !errors.Is(err, operator.ErrNoServer) {
		return nil, nil, err
	}
	root, previous, err := cfg.RootKeys()
	if err != nil {
		return nil, nil, err
	}
	keys, err := signon.NewKeyring(root, previous)
	if err != nil {
		return nil, nil, fmt.Errorf("read root key: %w", err)
	}
	return cfg, keys, nil
}

// restore checks the archive, when it can be read twice, and restores it.
func restore(ctx context.Context, cfg *config.Config, l *archive.Loading, stderr io.Writer) error {
	if f, ok := l.Src.(*os.File); ok {
		if err := checkFirst(f, l.Keys, stderr); err != nil {
			return err
		}
	}
	var bar rowBar
	l.Progress = bar.on(stderr, "restoring")
	err := server.Restore(ctx, cfg, l)
	bar.finish()
	if errors.Is(err, tables.ErrNotEmpty) {
		err = fmt.Errorf("%w; --replace removes all that is there", err)
	}
	return err
}

// checkFirst reads the whole archive, and goes back to its beginning.
func checkFirst(f *os.File, keys *signon.Keyring, stderr io.Writer) error {
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return err
	}
	r, err := archive.NewReader(f, keys)
	if err != nil {
		return err
	}
	var bar rowBar
	err = r.Check(bar.on(stderr, "checking the backup"))
	bar.finish()
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	return err
}

// askToReplace asks a person on a terminal. Where nobody can be asked, what was
// typed counts.
func askToReplace(in io.Reader, out io.Writer, cfg *config.Config) error {
	if file, ok := in.(*os.File); !ok || !term.IsTerminal(int(file.Fd())) {
		return nil
	}
	if _, err := fmt.Fprintf(out, "Remove everything that is in %s? [y/N] ", databaseOf(cfg)); err != nil {
		return err
	}
	if agreed(in) != nil {
		return errors.New("nothing was removed")
	}
	return nil
}

// databaseOf says which database the configuration names: one in the wrong place is
// as good as none.
func databaseOf(cfg *config.Config) string {
	if cfg.Shared() {
		return "the PostgreSQL database"
	}
	return "the database file in " + cfg.DataDir
}

func sayRestored(w io.Writer, h *archive.Header, where string) error {
	_, err := fmt.Fprintf(w, `Restored %d rows into %s, as they were at %s.
All links and sessions of before are void. The audit log says so in event %d:
latchkey audit verify --restored %d
`, h.Rows(), where, stamp(h.At.UTC()), h.LastEvent+1, h.LastEvent+1)
	return err
}
