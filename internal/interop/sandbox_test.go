package interop

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const (
	sandboxDocs     = "../../docs/sandbox.md"
	sandboxExamples = "../../docs/examples/sandbox"
)

var phpSoapAndCurl = &tool{
	what: "PHP with SOAP and curl (php-cli, php-soap, php-curl)", commands: []string{"php"},
	probe: []string{"-r", `exit((int) !(extension_loaded("soap") && extension_loaded("curl")));`},
}

// ownDemo runs a demo that the test has for itself, for it is reset and its clock is
// moved, and returns its address.
func ownDemo(t *testing.T) string {
	t.Helper()
	p := &program{}
	base := p.url(t)
	t.Cleanup(func() {
		if err := p.stop(); err != nil {
			t.Errorf("stop the demo: %v", err)
		}
	})
	return base
}

// TestSandboxExamples runs the test suites of a pretend shop that the docs show,
// each against a sandbox of its own.
func TestSandboxExamples(t *testing.T) {
	t.Parallel()
	for _, e := range []struct {
		folder string
		tool   *tool
		args   []string
		passed *regexp.Regexp // in what it prints, of one test
	}{
		{"php", phpSoapAndCurl, []string{"-d", "display_errors=stderr", "shop_test.php"}, regexp.MustCompile(`(?m)^ok  `)},
		{"node", npmSoap, []string{"--test", "--test-reporter=tap"}, regexp.MustCompile(`(?m)^ok \d`)},
		{"go", golang, []string{"test", "-count=1", "-v", "."}, regexp.MustCompile(`(?m)^--- PASS`)},
	} {
		t.Run(e.folder, func(t *testing.T) {
			t.Parallel()
			cmd := e.tool.command(t, e.args...)
			cmd.Dir = filepath.Join(sandboxExamples, e.folder)
			cmd.Env = append(cmd.Env, "LATCHKEY_URL="+ownDemo(t), "GOCACHE="+goCache(t), "GOFLAGS=", "CGO_ENABLED=0")
			var complaints bytes.Buffer
			cmd.Stderr = &complaints
			printed, err := cmd.Output()
			if passed := len(e.passed.FindAll(printed, -1)); err != nil || passed != 6 || complaints.Len() > 0 {
				t.Errorf("%d tests passed, %v, want 6; it printed:\n%s\nand complained:\n%s", passed, err, printed, &complaints)
			}
		})
	}
}

// TestSandboxExamplesNeverSleep: what takes time is made to have happened.
func TestSandboxExamplesNeverSleep(t *testing.T) {
	waits := regexp.MustCompile(`(?i)sleep\s*\(|setTimeout|setInterval|time\.After|stream_select`)
	files, err := filepath.Glob(sandboxExamples + "/*/*.*")
	if err != nil || len(files) < 6 {
		t.Fatalf("found %q, %v", files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if found := waits.Find(text); found != nil {
			t.Errorf("%s: found %q", file, found)
		}
	}
}

// TestSandboxCommands runs the commands by which the docs explain the HTTP API, one
// after the other. Only the host is another.
func TestSandboxCommands(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(sandboxDocs)
	if err != nil {
		t.Fatal(err)
	}
	_, page, found := bytes.Cut(page, []byte("\n## The HTTP API\n"))
	page, _, ended := bytes.Cut(page, []byte("\n## "))
	blocks := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllSubmatch(page, -1)
	if !found || !ended || len(blocks) < 5 {
		t.Fatalf("there are %d blocks of commands", len(blocks))
	}
	code := "set -e\ncurl() { command curl --fail-with-body --silent --show-error \"$@\" && echo; }\n"
	for _, b := range blocks {
		code += string(b[1])
	}
	printed := runExample(t, shell, nil, "api.sh", code, ownDemo(t))
	for _, want := range []string{`"standing":"expired"`, `"standing":"revoked"`, `"ahead":"11m"`, `"seen":0`, `"operation":"getSingleSignOnInCart"`, "openapi: 3."} {
		if !strings.Contains(printed, want) {
			t.Errorf("want %s in what the commands print:\n%s", want, printed)
		}
	}
}
