package pgtest_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/pgtest"
	"github.com/latchkey-sso/latchkey/internal/pgtest/testcluster"
)

func TestFindTakesTheFolderOfTheVariable(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"initdb", "pg_ctl", "postgres", "pg_basebackup"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv(pgtest.BinVariable, folder)
	if got, err := pgtest.Find(); got != folder || err != nil {
		t.Errorf("got %q and %v, want %q", got, err, folder)
	}
	if err := os.Remove(filepath.Join(folder, "pg_ctl")); err != nil {
		t.Fatal(err)
	}
	_, err := pgtest.Find()
	if err == nil || errors.Is(err, pgtest.ErrMissing) || !strings.Contains(err.Error(), folder+" has no pg_ctl") {
		t.Errorf("got %v, want what the named folder lacks", err)
	}
}

func TestFindFallsBackToPATH(t *testing.T) {
	testcluster.Need(t)
	bin, err := pgtest.Find()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(pgtest.BinVariable, "")
	t.Cleanup(pgtest.HideDebian())
	t.Setenv("PATH", bin)
	if got, err := pgtest.Find(); got != bin || err != nil {
		t.Errorf("got %q and %v, want %q", got, err, bin)
	}
}

func TestMissingPostgreSQLIsReported(t *testing.T) {
	t.Setenv(pgtest.BinVariable, "")
	t.Cleanup(pgtest.HideDebian())
	t.Setenv("PATH", t.TempDir())
	if _, err := pgtest.Find(); !errors.Is(err, pgtest.ErrMissing) {
		t.Errorf("Find: got %v, want ErrMissing", err)
	}
	if _, err := pgtest.New(t.Context(), pgtest.Options{}); !errors.Is(err, pgtest.ErrMissing) {
		t.Errorf("New: got %v, want ErrMissing", err)
	}
	for ci, want := range map[string]string{"": "skip: SKIPPED: no PostgreSQL", "true": "fatal: no PostgreSQL"} {
		t.Setenv("CI", ci)
		if got := outcome(t, testcluster.Need); !strings.HasPrefix(got, want) {
			t.Errorf("CI=%s: got %q, want %q", ci, got, want)
		}
	}
}

// outcome returns how a test would end.
func outcome(t *testing.T, test func(testing.TB)) string {
	t.Helper()
	observed := &observer{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		test(observed)
	}()
	<-done
	return observed.said
}

type observer struct {
	testing.TB

	said string
}

func (o *observer) Skip(args ...any)  { o.end("skip: ", args) }
func (o *observer) Fatal(args ...any) { o.end("fatal: ", args) }

func (o *observer) end(how string, args []any) {
	o.said = how + fmt.Sprint(args...)
	runtime.Goexit()
}

func TestNewTakesNoFolderThatIsInUseOrClosed(t *testing.T) {
	testcluster.Need(t)
	full := t.TempDir()
	kept := filepath.Join(full, "kept")
	if err := os.WriteFile(kept, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := pgtest.New(t.Context(), pgtest.Options{Dir: full}); err == nil || !strings.Contains(err.Error(), "is not empty") {
		t.Errorf("a folder in use: got %v", err)
	}
	if _, err := os.Stat(kept); err != nil {
		t.Errorf("what was there is gone: %v", err)
	}
	if os.Geteuid() != 0 {
		return
	}
	closed := filepath.Join(t.TempDir(), "closed")
	if err := os.Mkdir(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := pgtest.New(t.Context(), pgtest.Options{Dir: filepath.Join(closed, "server")})
	if err == nil || !strings.Contains(err.Error(), "is closed to the user") {
		t.Errorf("a folder that is closed: got %v", err)
	}
}
