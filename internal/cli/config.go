package cli

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/latchkey-sso/latchkey/internal/config"
)

func newConfig() *cobra.Command {
	return newGroup("config", "Check and explain configurations", newConfigCheck(), newConfigDocs())
}

func newConfigCheck() *cobra.Command {
	var noSecrets bool
	cmd := &cobra.Command{
		Use:   "check FILE",
		Short: "Name every mistake in a configuration",
		Long: `Reads a configuration as "latchkey serve" would, environment variables included,
and names every mistake with its place. Nothing is started or changed.`,
		Example: "  latchkey config check latchkey.yaml",
		Args:    oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkConfig(args[0], !noSecrets); err != nil {
				return err
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s: no mistakes\n", args[0])
			return err
		},
		ValidArgsFunction: completeFiles("yaml", "yml"),
	}
	cmd.Flags().BoolVar(&noSecrets, "no-secrets", false, "don't look whether the secrets are there, for checks on another machine")
	return cmd
}

func checkConfig(file string, secrets bool) error {
	cfg, err := config.Load(config.Source{File: file, Environ: os.Environ()})
	if err != nil || !secrets {
		return err
	}
	_, _, keys := cfg.RootKeys()
	_, database := cfg.DatabaseURL()
	_, tenants := cfg.Declared()
	return errors.Join(keys, database, tenants)
}

func newConfigDocs() *cobra.Command {
	return &cobra.Command{
		Use:   "docs",
		Short: "Print the reference of all settings, in Markdown",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return config.WriteReference(cmd.OutOrStdout())
		},
	}
}

// markFiles makes shells complete the flag with files of those kinds.
func markFiles(cmd *cobra.Command, flag string, extensions ...string) {
	if err := cmd.MarkFlagFilename(flag, extensions...); err != nil {
		panic("no flag " + flag + ": " + strings.Join(extensions, ", ")) // a slip in the code
	}
}

// completeFiles makes shells complete the argument with files of those kinds.
func completeFiles(extensions ...string) cobra.CompletionFunc {
	return cobra.FixedCompletions(extensions, cobra.ShellCompDirectiveFilterFileExt)
}
