package cli

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/latchkey-sso/latchkey/internal/config"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

func newKeygen() *cobra.Command {
	return &cobra.Command{
		Use:   "keygen FILE",
		Short: "Make a root key",
		Long: `Writes a new root key into a file that only its owner can read. All keys that
Latchkey uses are derived from it: keep a copy in a safe place. A file that is
there is never overwritten.`,
		Example: "  latchkey keygen /etc/latchkey/root.key",
		Args:    oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := writeRootKey(args[0]); err != nil {
				return err
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "A new root key is in %s. Keep a copy in a safe place.\n", args[0])
			return err
		},
	}
}

// writeRootKey draws a root key and writes it into a new file. The error wraps
// os.ErrExist when the file is there.
func writeRootKey(path string) error {
	key := make([]byte, signon.RootKeyLen)
	_, _ = rand.Read(key) // never fails: the process ends instead
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("write root key: %w", err)
	}
	_, err = f.WriteString(config.EncodeRootKey(key) + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write root key: %w", errors.Join(err, os.Remove(path)))
	}
	return nil
}
