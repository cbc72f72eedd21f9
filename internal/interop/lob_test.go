package interop

import (
	"bytes"
	"context"
	"encoding/json"
	"html"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/config"
	"github.com/latchkey-sso/latchkey/internal/dev"
	"github.com/latchkey-sso/latchkey/internal/server"
)

// The tools that the examples of lines of business need: their languages alone.
var (
	phpCurl = &tool{
		what: "PHP with curl (php-cli, php-curl)", commands: []string{"php"},
		probe: []string{"-r", `exit((int) !extension_loaded("curl"));`},
	}
	plainPython = &tool{what: "Python 3.9 or later", commands: []string{"python3"}, probe: []string{"-c", "import sys; sys.exit(sys.version_info < (3, 9))"}}
	shell       = &tool{what: "a shell with curl and sed", commands: []string{"sh"}, probe: []string{"-c", "curl --version && sed --version"}}
	golang      = &tool{what: "Go", commands: []string{"go"}, probe: []string{"version"}}
)

const lobDocs = "../../docs/lob.md"

// signedIn is what the examples print: the token's number, who was signed in, and
// of what a token becomes that was changed, those that verify it themselves.
var signedIn = regexp.MustCompile(`^\d{14,16}\n10001004 D\n$`)

// TestLOBExamples runs the examples of docs/lob.md. Only the host is another.
func TestLOBExamples(t *testing.T) {
	t.Parallel()
	for _, e := range []struct {
		heading, language, file string
		tool                    *tool
		args                    []string
	}{
		{"## PHP", "php", "example.php", phpCurl, []string{"-d", "display_errors=stderr"}},
		{"## Node.js", "js", "example.js", node, nil},
		{"## Python", "python", "example.py", plainPython, nil},
		{"## Go", "go", "example.go", golang, []string{"run"}},
	} {
		t.Run(e.file, func(t *testing.T) {
			t.Parallel()
			code := example(t, lobDocs, e.heading, e.language)
			if printed := runExample(t, e.tool, e.args, e.file, code, demo.url(t)); !signedIn.MatchString(printed) {
				t.Errorf("it printed %q, want a number and who was signed in", printed)
			}
		})
	}
}

// runExample runs a program from a file, with the server in place of the one that
// is printed, and returns what it prints.
func runExample(t *testing.T, tool *tool, args []string, file, code, base string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), file)
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(code, "http://localhost:8080", base)), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := tool.command(t, append(args[:len(args):len(args)], path)...)
	if tool == golang { // what was compiled for the tests serves it, too
		cmd.Env = append(cmd.Env, "GOCACHE="+goCache(t), "GOFLAGS=", "CGO_ENABLED=0")
	}
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	printed, err := cmd.Output()
	if err != nil || complaints.Len() > 0 {
		t.Fatalf("%v; it printed:\n%s\nand complained:\n%s", err, printed, &complaints)
	}
	return string(printed)
}

func goCache(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// lobAnswer is what get_sso_token answers.
type lobAnswer struct {
	ReturnCode                         json.Number
	ReturnMessage, TokenRefNo, TokenNo string
}

func readLOBAnswer(t *testing.T, printed string) {
	t.Helper()
	var got lobAnswer
	d := json.NewDecoder(strings.NewReader(printed))
	d.DisallowUnknownFields()
	if err := d.Decode(&got); err != nil {
		t.Fatalf("%v; it printed %q", err, printed)
	}
	token := regexp.MustCompile(`^eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9\.[\w-]+\.[\w-]{43}$`)
	if got.ReturnCode != "1" || got.ReturnMessage != "Token Generated successfully" || !regexp.MustCompile(`^\d{14,16}$`).MatchString(got.TokenRefNo) || !token.MatchString(got.TokenNo) {
		t.Errorf("got %+v", got)
	}
}

func TestLOBExampleWithCurl(t *testing.T) {
	t.Parallel()
	readLOBAnswer(t, runExample(t, shell, nil, "example.sh", example(t, lobDocs, "## curl", "sh"), demo.url(t)))
}

// TestStartPageLOBExample runs the commands that the start page shows.
func TestStartPageLOBExample(t *testing.T) {
	t.Parallel()
	answer, err := http.Get(demo.url(t) + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	page, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?s)aria-label="Commands for a line of business">(.*?)</pre>`).FindSubmatch(page)
	if found == nil {
		t.Fatal("the page shows no commands")
	}
	code := strings.Replace(html.UnescapeString(string(found[1])), "curl -X", "curl -s -X", 1)
	readLOBAnswer(t, runExample(t, shell, nil, "start.sh", code, demo.url(t)))
}

// TestPublishedLOBExample runs the command that the published page prints, which is
// read where it is. Its line ends are escaped twice there, and what it leaves open
// is filled in.
func TestPublishedLOBExample(t *testing.T) {
	t.Parallel()
	seeds := os.Getenv("LATCHKEY_SEEDS")
	if seeds == "" {
		t.Skip("SKIPPED: LATCHKEY_SEEDS is not set; the published example was not run")
	}
	found, err := filepath.Glob(filepath.Join(seeds, "003_*.txt"))
	if err != nil || len(found) != 1 {
		t.Fatalf("found %q, %v", found, err)
	}
	page, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	_, command, opened := strings.Cut(string(page), "```curl\n")
	command, _, closed := strings.Cut(command, "\n```")
	if !opened || !closed {
		t.Fatal("there is no command in the page")
	}
	command = strings.NewReplacer(
		"https://api.example.com", demo.url(t), `\\`+"\n", `\`+"\n", "YOUR_TOKEN", "$ACCESS_TOKEN", "10001XXX", dev.MemberNumber, `"XX"`, `"`+dev.FirstLOB+`"`,
		"curl -X", "curl -s -X",
	).Replace(command)
	first, _, _ := strings.Cut(example(t, lobDocs, "## curl", "sh"), "\n\n") // asks for the access token
	readLOBAnswer(t, runExample(t, shell, nil, "published.sh", first+"\n"+command, demo.url(t)))
}

// TestLOBExamplesThatVerify runs those that verify tokens themselves, one with a
// shared secret and one with a published key.
func TestLOBExamplesThatVerify(t *testing.T) {
	t.Parallel()
	t.Run("secret", func(t *testing.T) {
		t.Parallel()
		code := exampleAfter(t, "With `HS256`", "python")
		if printed := runExample(t, plainPython, nil, "verify.py", code, demo.url(t)); !verified(printed, "None") {
			t.Errorf("it printed %q", printed)
		}
	})
	t.Run("published key", func(t *testing.T) {
		t.Parallel()
		code := exampleAfter(t, "With `RS256`, `ES256` or `EdDSA`", "js")
		if printed := runExample(t, node, nil, "verify.js", code, demoWithES256(t)); !verified(printed, "null") {
			t.Errorf("it printed %q", printed)
		}
	})
}

// verified reports whether a token was verified, and nothing was made of a changed
// one.
func verified(printed, nothing string) bool {
	right, found := strings.CutSuffix(printed, nothing+"\n")
	return found && signedIn.MatchString(right)
}

// exampleAfter returns the first code after some words.
func exampleAfter(t *testing.T, words, language string) string {
	t.Helper()
	page, err := os.ReadFile(lobDocs)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(page), words)
	_, code, opened := strings.Cut(rest, "\n```"+language+"\n")
	code, _, closed := strings.Cut(code, "\n```")
	if !found || !opened || !closed {
		t.Fatalf("there is no example after %q", words)
	}
	return code
}

// demoWithES256 runs another demo, in which the third line of business has a key
// that is published.
func demoWithES256(t *testing.T) string {
	t.Helper()
	listeners, err := server.ListenLocal("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	tcp, _ := listeners[0].Addr().(*net.TCPAddr)
	cfg := dev.Config(tcp.AddrPort().Port())
	cfg.DataDir, cfg.RootKey = t.TempDir(), config.Literal(strings.Repeat("0f", 32))
	for i := range cfg.Tenants {
		for j := range cfg.Tenants[i].Destinations.Apps {
			if app := &cfg.Tenants[i].Destinations.Apps[j]; app.ID == dev.ThirdLOB {
				app.Algorithm = "ES256"
			}
		}
	}
	s, err := server.New(t.Context(), server.Options{Config: cfg, Log: slog.New(slog.DiscardHandler), Listeners: listeners, Demo: &server.Demo{People: dev.Seed}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("stop the demo: %v", err)
		}
	})
	return s.URL()
}

// TestLOBConfiguration: the one that is printed can be used.
func TestLOBConfiguration(t *testing.T) {
	file := filepath.Join(t.TempDir(), "latchkey.yaml")
	if err := os.WriteFile(file, []byte(exampleAfter(t, "## Setting it up", "yaml")), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(config.Source{File: file, Environ: []string{"LATCHKEY_GROUP_APP_SECRET=s"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Declared(); err != nil {
		t.Error(err)
	}
}
