package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// module writes a module of the files, by name.
func module(t *testing.T, files map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	files["go.mod"] = "module example\n\ngo 1.26\n"
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestWhatDoesNotCompileForASystemIsFound(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		found string // for Windows; empty when nothing is
	}{
		"that compiles everywhere": {files: map[string]string{"main.go": "package main\n\nfunc main() {}\n"}},
		"a function that one system lacks": {
			files: map[string]string{"main.go": "package main\n\nfunc main() { f() }\n", "f_linux.go": "package main\n\nfunc f() {}\n"},
			found: "undefined: f",
		},
		"in what is imported": {
			files: map[string]string{
				"main.go": "package main\n\nimport _ \"example/p\"\n\nfunc main() {}\n", "p/p.go": "package p\n",
				"p/p_windows.go": "package p\n\nvar n int = \"\"\n",
			},
			found: "cannot use",
		},
		"a package without files for it": {
			files: map[string]string{"main.go": "package main\n\nimport _ \"example/p\"\n\nfunc main() {}\n", "p/p_linux.go": "package p\n"},
			found: "build constraints exclude all Go files",
		},
		"what is no Go": {files: map[string]string{"main.go": "package main\n\nfunc main() {}\n", "x_windows.go": "package main\n\nfunc {\n"}, found: "expected"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := module(t, c.files)
			for target, want := range map[string]string{"windows/amd64": c.found, "linux/arm64": ""} {
				var out strings.Builder
				found, err := check(&out, dir, target, "./...")
				if err != nil {
					t.Fatal(err)
				}
				if (found > 0) != (want != "") || !strings.Contains(out.String(), want) {
					t.Errorf("%s: found %d, want %q in:\n%s", target, found, want, &out)
				}
			}
		})
	}
}

func TestSizesAreTheTargets(t *testing.T) {
	dir := module(t, map[string]string{"main.go": "package main\n\nfunc main() { println(1 << 40) }\n"})
	var out strings.Builder
	if found, err := check(&out, dir, "linux/arm", "."); err != nil || found == 0 {
		t.Errorf("a number that a word of 32 bits does not hold: found %d, %v", found, err)
	}
}

func TestAnUnknownSystemIsAnError(t *testing.T) {
	dir := module(t, map[string]string{"main.go": "package main\n\nfunc main() {}\n"})
	var out strings.Builder
	if found, err := check(&out, dir, "plan10/amd64", "."); err == nil && found == 0 {
		t.Error("nothing was found")
	}
}
