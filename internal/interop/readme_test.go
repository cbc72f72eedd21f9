package interop

import (
	"os"
	"strings"
	"testing"
)

// TestReadmeExample runs the README's SOAP example. Only the port is another.
func TestReadmeExample(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, found := strings.Cut(string(readme), "### SOAP from PHP\n\n```php\n")
	example, _, closed := strings.Cut(example, "\n```")
	if !found || !closed {
		t.Fatal("there is no example")
	}
	cmd := php.command(t, "-d", "display_errors=stderr")
	cmd.Stdin = strings.NewReader(strings.ReplaceAll(example, "http://localhost:8080", demo.url(t)))
	printed, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v; it printed:\n%s", err, printed)
	}
	link, email, _ := strings.Cut(string(printed), "\n")
	if tokenOf(t, link); !strings.HasPrefix(link, demo.url(t)+"/order/checkout.php?PRODS=") || email != "john.newman@example.com\n" {
		t.Errorf("it printed %q, want a cart link and its customer's address", printed)
	}
}
