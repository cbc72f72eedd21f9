// Package arch holds the import rule of the house as a test: which package may
// know which. docs/architecture.md says the same in words.
package arch

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/latchkey-sso/latchkey/"

// layers gives every package its place. A package may import those of lower
// layers, and tools. Packages of one layer don't know each other, but for what
// beside lists.
var layers = map[string]int{
	"internal/signon":     1,
	"internal/directory":  2,
	"internal/signingkey": 2,

	"internal/dialect/avangate":         3,
	"internal/dialect/avangate/rest":    3,
	"internal/dialect/avangate/soap":    3,
	"internal/dialect/avangate/jsonrpc": 3,
	"internal/dialect/bluesnap":         3,
	"internal/dialect/dialecttest":      3,
	"internal/dialect/lob":              3,
	"internal/landing":                  3,
	"internal/lobpage":                  3,
	"internal/store/archive":            3,
	"internal/store/clock":              3,
	"internal/store/group":              3,
	"internal/store/postgres":           3,
	"internal/store/sqlite":             3,
	"internal/store/storetest":          3,
	"internal/store/tables":             3,
	"internal/config":                   3,
	"internal/transfer":                 3,
	"internal/operator":                 3,
	"internal/dev":                      3,
	"internal/sandbox":                  3,
	"internal/sandbox/shop":             3,

	"internal/avangatetest": 4,
	"internal/server":       4,
	"internal/bench":        5,
	"internal/torture":      5,
	"internal/cli":          6,
	"cmd/latchkey":          7,
}

// beside lists what a package may import of its own layer.
var beside = map[string][]string{
	"internal/dialect/avangate/rest":    {"internal/dialect/avangate"},
	"internal/dialect/avangate/soap":    {"internal/dialect/avangate"},
	"internal/dialect/avangate/jsonrpc": {"internal/dialect/avangate"},
	"internal/store/postgres":           {"internal/store/clock", "internal/store/group", "internal/store/tables"},
	"internal/store/sqlite":             {"internal/store/clock", "internal/store/group", "internal/store/tables"},
	"internal/store/storetest":          {"internal/store/archive", "internal/store/tables"},
	"internal/store/archive":            {"internal/store/tables"},
	"internal/operator":                 {"internal/store/archive", "internal/transfer"},
	"internal/dev":                      {"internal/config", "internal/sandbox", "internal/sandbox/shop", "internal/transfer"},
	"internal/sandbox/shop":             {"internal/sandbox", "internal/dialect/avangate", "internal/dialect/avangate/rest", "internal/lobpage"},
}

// tools know bytes and HTTP and import no package of ours, but for what buildsOn
// lists.
var tools = map[string]bool{
	"internal/clientip":   true,
	"internal/inbound":    true,
	"internal/jwt":        true,
	"internal/localca":    true,
	"internal/page":       true,
	"internal/password":   true,
	"internal/pgtest":     true,
	"internal/recording":  true,
	"internal/soap":       true,
	"internal/strictjson": true,
	"internal/throttle":   true,
	"internal/xmltoken":   true,

	"internal/pgtest/testcluster": true,
}

// buildsOn lists the tools that a tool is made with.
var buildsOn = map[string][]string{
	"internal/pgtest/testcluster": {"internal/pgtest"},
	"internal/recording":          {"internal/inbound"},
	"internal/soap":               {"internal/xmltoken"},
}

type goPackage struct {
	ImportPath string
	Imports    []string
	GoFiles    []string
}

func packages(t *testing.T) []goPackage {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,GoFiles", "./...")
	cmd.Dir = filepath.Join("..", "..")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []goPackage
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func TestEveryPackageHasALayerAndKeepsTheImportRule(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		seen[name] = true
		if len(p.GoFiles) == 0 {
			continue // tests only
		}
		layer, layered := layers[name]
		if !layered && !tools[name] {
			t.Errorf("%s has no layer: give it one in layers, or list it as a tool", name)
		}
		for _, imported := range p.Imports {
			other, ours := strings.CutPrefix(imported, module)
			if ours && !allowed(name, layer, other) {
				t.Errorf("%s imports %s, which the import rule forbids", name, other)
			}
			if name == "internal/signon" && strings.Contains(imported, ".") {
				t.Errorf("%s imports %s: the core imports the standard library only", name, imported)
			}
		}
	}
	for name := range layers {
		if !seen[name] {
			t.Errorf("%s has a layer but does not exist", name)
		}
	}
}

func TestTheArchitectureNamesEveryPackage(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "architecture.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range packages(t) {
		folder := p.ImportPath[strings.LastIndex(p.ImportPath, "/")+1:] + "/"
		if !strings.Contains(string(text), folder) {
			t.Errorf("docs/architecture.md does not say what %s is", p.ImportPath)
		}
	}
}

func allowed(name string, layer int, other string) bool {
	if tools[name] {
		return tools[other] && slices.Contains(buildsOn[name], other)
	}
	if tools[other] {
		return true
	}
	for _, b := range beside[name] {
		if b == other {
			return true
		}
	}
	return layers[other] < layer && layers[other] > 0
}

func TestDialectsKnowNoStoreAndNoPage(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		if !strings.HasPrefix(name, "internal/dialect/") {
			continue
		}
		for _, imported := range p.Imports {
			other := strings.TrimPrefix(imported, module)
			if strings.HasPrefix(other, "internal/store/") || other == "internal/landing" || other == "internal/page" {
				t.Errorf("%s imports %s", name, other)
			}
		}
	}
}

// vendorWords are words of the wire formats, which stay in their dialects.
var vendorWords = regexp.MustCompile(`(?i)avangate|2checkout|bluesnap|cognito|logintoken|ssotoken|merchant|\bvendor|myaccount|validationip|validitytime|ciino|\blob\b|tokenno|shopper`)

func TestTheCoreKnowsNoVendorWord(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "signon", "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files of the core found: %v", err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(text), "\n") {
			if word := vendorWords.FindString(line); word != "" {
				t.Errorf("%s:%d: %q belongs in a dialect", file, i+1, word)
			}
		}
	}
}
