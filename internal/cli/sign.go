package cli

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
	"github.com/latchkey-sso/latchkey/internal/dialect/avangate/rest"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

type signOptions struct{ code, keyEnv, keyFile, algorithm, date string }

// defaultKeyEnv is the variable that holds the secret key when no flag says
// where it is.
const defaultKeyEnv = "LATCHKEY_SECRET_KEY"

func newSign() *cobra.Command {
	var o signOptions
	cmd := &cobra.Command{
		Use:   "sign",
		Short: "Print an authentication header for the 2Checkout REST API",
		Long: `Prints a header line that proves a merchant code, ready for curl. It is good for
about ten minutes. The secret key is read from an environment variable or a
file, so that it shows up in no list of processes and no shell history.`,
		Example: `  export LATCHKEY_SECRET_KEY=SECRET_KEY
  curl -H "$(latchkey sign --code AVANGATE)" http://localhost:8080/rest/6.0/customers/352365983/`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			header, err := signHeader(o)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), header)
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.code, "code", "", "merchant `code`")
	f.StringVar(&o.keyEnv, "key-env", defaultKeyEnv, "environment `variable` that holds the secret key")
	f.StringVar(&o.keyFile, "key-file", "", "`file` that holds the secret key")
	f.StringVar(&o.algorithm, "algo", "sha256", "sha256, sha3-256 or md5")
	f.StringVar(&o.date, "date", "", `date to sign, in UTC, as in "2010-05-13 12:12:12" (default: now)`)
	cmd.MarkFlagsMutuallyExclusive("key-env", "key-file")
	_ = cmd.MarkFlagRequired("code")
	_ = cmd.RegisterFlagCompletionFunc("algo", cobra.FixedCompletions([]string{"sha256", "sha3-256", "md5"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func signHeader(o signOptions) (string, error) {
	key, err := o.key()
	if err != nil {
		return "", err
	}
	at := time.Now()
	if o.date != "" {
		if at, err = time.Parse(avangate.DateLayout, o.date); err != nil {
			return "", errors.New(`--date must be a time in UTC, as in "2010-05-13 12:12:12"`)
		}
	}
	value, err := rest.Sign(o.code, at, key, o.algorithm)
	if err != nil {
		return "", err
	}
	return rest.AuthHeader + ": " + value, nil
}

// key returns the secret key from where the flags say.
func (o *signOptions) key() (signon.Secret, error) {
	if o.keyFile != "" {
		text, err := os.ReadFile(o.keyFile)
		if err != nil {
			return "", fmt.Errorf("read secret key: %w", err)
		}
		if key := strings.TrimRight(string(text), "\r\n"); key != "" {
			return signon.Secret(key), nil
		}
		return "", fmt.Errorf("read secret key: %s is empty", o.keyFile)
	}
	if key := os.Getenv(o.keyEnv); key != "" {
		return signon.Secret(key), nil
	}
	return "", fmt.Errorf("the environment variable %s holds no secret key: set it, or use --key-env or --key-file", o.keyEnv)
}
