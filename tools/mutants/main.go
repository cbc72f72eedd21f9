// Command mutants shows that the tests find deliberate bugs. Each one of the table
// (table.go) is put into the code by an overlay, so that no file is changed, and the
// test that is to find it is run: it must fail, and on the code as it is it must pass.
//
//	go -C tools run ./mutants            every bug
//	go -C tools run ./mutants no-epoch   only these
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

func main() {
	root, err := filepath.Abs("..")
	if err == nil {
		err = run(context.Background(), root, os.Args[1:])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

// run tries the named bugs, or all, and prints a line for each.
func run(ctx context.Context, root string, names []string) error {
	missed := 0
	fmt.Printf("%-28s %-10s %7s  %s\n", "bug", "verdict", "seconds", "found by")
	for _, m := range table {
		if len(names) > 0 && !slices.Contains(names, m.name) {
			continue
		}
		began := time.Now()
		verdict, err := m.try(ctx, root)
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		if verdict != found {
			missed++
		}
		fmt.Printf("%-28s %-10s %7.1f  %s %s\n", m.name, verdict, time.Since(began).Seconds(), m.pkg, m.test)
	}
	if missed > 0 {
		return fmt.Errorf("%d were not found", missed)
	}
	return nil
}

// What became of a bug.
const (
	found   = "found"
	unfound = "NOT FOUND"
	broken  = "NO TEST" // the test fails without the bug, or does not run
)

// try runs the test without the bug and with it.
func (m *mutant) try(ctx context.Context, root string) (verdict string, err error) {
	passes, out, err := m.run(ctx, root)
	if err != nil || !passes || !strings.Contains(out, "--- PASS") {
		return broken, err
	}
	dir, err := os.MkdirTemp("", "latchkey-mutant-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	overlay, err := m.overlay(root, dir)
	if err != nil {
		return "", err
	}
	passes, out, err = m.run(ctx, root, "-overlay", overlay)
	switch {
	case err != nil:
		return "", err
	case passes:
		return unfound, nil
	case strings.Contains(out, "[build failed]") || strings.Contains(out, "[setup failed]"):
		return "", fmt.Errorf("it does not compile:\n%s", out)
	}
	return found, nil
}

// run runs the test and reports whether it passes.
func (m *mutant) run(ctx context.Context, root string, flags ...string) (passes bool, out string, err error) {
	args := append([]string{"test", "-v", "-count=1", "-timeout=5m", "-run", "^" + strings.ReplaceAll(m.test, "/", "$/^") + "$"}, flags...)
	cmd := exec.CommandContext(ctx, "go", append(args, "./"+m.pkg)...)
	cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	text, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return false, string(text), nil
	}
	return err == nil, string(text), err
}

// overlay writes the changed files into dir, and which files of the repository they
// stand for.
func (m *mutant) overlay(root, dir string) (path string, err error) {
	replace := map[string]string{}
	for i, c := range m.changes {
		original := filepath.Join(root, c.file)
		source := original
		if earlier, ok := replace[original]; ok {
			source = earlier
		}
		text, err := c.apply(source)
		if err != nil {
			return "", err
		}
		changed := filepath.Join(dir, fmt.Sprintf("%d.go", i))
		if err := os.WriteFile(changed, []byte(text), 0o600); err != nil {
			return "", err
		}
		replace[original] = changed
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, "overlay.json")
	return path, os.WriteFile(path, text, 0o600)
}

// apply returns the file's text with the bug in it.
func (c *change) apply(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(text), c.old); n != 1 {
		return "", fmt.Errorf("%s: %q is there %d times instead of once", c.file, c.old, n)
	}
	return strings.Replace(string(text), c.old, c.bug, 1), nil
}
