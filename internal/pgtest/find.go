package pgtest

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
)

// BinVariable is the environment variable that names the folder of PostgreSQL's
// programs. It wins over what Find would find by itself.
const BinVariable = "LATCHKEY_PG_BIN"

// ErrMissing says that PostgreSQL's server programs are not on this machine.
var ErrMissing = errors.New("no PostgreSQL: install it (apt-get install postgresql)")

// debian is where Debian keeps the programs of each major version, out of PATH.
var debian = "/usr/lib/postgresql/*/bin"

// Find returns the folder of initdb, pg_ctl, postgres and pg_basebackup: the one
// that LATCHKEY_PG_BIN names, else the newest of Debian's, else that of PATH. The
// error is ErrMissing when there is none, or says what LATCHKEY_PG_BIN lacks.
func Find() (bin string, err error) {
	if named := os.Getenv(BinVariable); named != "" {
		if lacks := lacking(named); lacks != "" {
			return "", fmt.Errorf("%s=%s has no %s", BinVariable, named, lacks)
		}
		return named, nil
	}
	folders, err := filepath.Glob(debian)
	if err != nil {
		return "", fmt.Errorf("look for PostgreSQL: %w", err)
	}
	slices.SortFunc(folders, func(a, b string) int { return cmp.Compare(major(b), major(a)) })
	if initdb, err := exec.LookPath("initdb"); err == nil {
		folders = append(folders, filepath.Dir(initdb))
	}
	for _, folder := range folders {
		if lacking(folder) == "" {
			return folder, nil
		}
	}
	return "", ErrMissing
}

// major returns the version that a folder of Debian's is for.
func major(folder string) int {
	version, err := strconv.Atoi(filepath.Base(filepath.Dir(folder)))
	if err != nil {
		return 0
	}
	return version
}

// lacking returns the first program that the folder lacks, or "".
func lacking(folder string) string {
	for _, name := range []string{"initdb", "pg_ctl", "postgres", "pg_basebackup"} {
		if _, err := exec.LookPath(filepath.Join(folder, name)); err != nil {
			return name
		}
	}
	return ""
}
