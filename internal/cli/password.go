package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/latchkey-sso/latchkey/internal/password"
)

func newPassword() *cobra.Command {
	return &cobra.Command{
		Use:   "password",
		Short: "Print the hash of a password, for the configuration",
		Long: `Reads a password and prints its Argon2id hash, which the secret of a client of
the kind bluesnap refers to. On a terminal it asks twice and shows nothing;
otherwise it reads one line of standard input. A password can't be an argument:
it would show up in lists of processes and in the shell's history.`,
		Example: `  latchkey password >/etc/latchkey/api-user.hash
  printf %s "$PASSWORD" | latchkey password`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			plain, err := readPassword(cmd.InOrStdin(), cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			hash, err := password.Hash(plain)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), hash)
			return err
		},
	}
}

// readPassword asks a person on a terminal, or reads what is piped in.
func readPassword(in io.Reader, out io.Writer) (string, error) {
	file, ok := in.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return pipedPassword(in)
	}
	return askedPassword(func(prompt string) (string, error) {
		if _, err := fmt.Fprint(out, prompt); err != nil {
			return "", err
		}
		typed, err := term.ReadPassword(int(file.Fd()))
		_, _ = fmt.Fprintln(out) // the line break that was not shown
		return string(typed), err
	})
}

// askedPassword asks for the password until it was typed twice alike.
func askedPassword(ask func(prompt string) (string, error)) (string, error) {
	first, err := ask("Password: ")
	if err == nil && first == "" {
		return "", errNoPassword
	}
	again := ""
	if err == nil {
		again, err = ask("Again: ")
	}
	switch {
	case err != nil:
		return "", fmt.Errorf("read the password: %w", err)
	case first != again:
		return "", errors.New("the two are not the same")
	}
	return first, nil
}

// maxPassword is how long a password may be that is piped in.
const maxPassword = 1024

func pipedPassword(in io.Reader) (string, error) {
	text, err := io.ReadAll(io.LimitReader(in, maxPassword+3)) // and a line break
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	plain := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	switch {
	case plain == "":
		return "", errNoPassword
	case len(plain) > maxPassword:
		return "", fmt.Errorf("the password is longer than %d bytes", maxPassword)
	case strings.ContainsAny(plain, "\r\n"):
		return "", errors.New("the password must be one line")
	}
	return plain, nil
}

var errNoPassword = errors.New("there is no password: type one, or pipe it in")
