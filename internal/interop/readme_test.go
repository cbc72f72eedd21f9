package interop

import (
	"os"
	"strings"
	"testing"
)

// TestExamples runs the examples of the docs. Only the port is another.
func TestExamples(t *testing.T) {
	t.Parallel()
	for name, e := range map[string]struct {
		file, heading, language string
		tool                    *tool
		args                    []string
	}{
		"README":     {"../../README.md", "### SOAP from PHP", "php", php, []string{"-d", "display_errors=stderr"}},
		"PHP":        {"../../docs/soap-clients.md", "## PHP", "php", php, []string{"-d", "display_errors=stderr"}},
		"zeep":       {"../../docs/soap-clients.md", "## Python: zeep", "python", python, []string{"-"}},
		"npm soap":   {"../../docs/soap-clients.md", "## Node.js: soap", "js", npmSoap, []string{"-"}},
		"SOAP::Lite": {"../../docs/soap-clients.md", "## Perl: SOAP::Lite", "perl", perl, []string{"-"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := e.tool.command(t, e.args...)
			cmd.Stdin = strings.NewReader(strings.ReplaceAll(example(t, e.file, e.heading, e.language), "http://localhost:8080", demo.url(t)))
			printed, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v; it printed:\n%s", err, printed)
			}
			link, email, _ := strings.Cut(string(printed), "\n")
			if tokenOf(t, link); !strings.HasPrefix(link, demo.url(t)+"/order/checkout.php?PRODS=") || email != "john.newman@example.com\n" {
				t.Errorf("it printed %q, want a cart link and its customer's address", printed)
			}
		})
	}
}

// example returns the code that follows a heading.
func example(t *testing.T, file, heading, language string) string {
	t.Helper()
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, code, found := strings.Cut(string(page), heading+"\n\n```"+language+"\n")
	code, _, closed := strings.Cut(code, "\n```")
	if !found || !closed {
		t.Fatalf("there is no example in %s", file)
	}
	return code
}
