package transfer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/directory"
)

func TestEveryColumnIsDocumented(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "import-export.md"))
	if err != nil {
		t.Fatal(err)
	}
	for kind, columns := range map[string][]string{
		"Customers": customerTable.names(), "Subscriptions": subscriptionTable.names(), "Products": productTable.names(), "Users": userTable.names(), "Members": memberTable.names(), "Orders": orderTable.names()[:10],
	} {
		_, section, found := strings.Cut(string(text), "\n## "+kind+"\n")
		if !found {
			t.Fatalf("the document has no section %s", kind)
		}
		section, _, _ = strings.Cut(section, "\n## ")
		for _, name := range columns {
			if !strings.Contains(section, "`"+name+"`") {
				t.Errorf("%s: the column %s is not documented", kind, name)
			}
		}
	}
	for _, p := range directory.AllPermissions() {
		if !strings.Contains(string(text), "`"+string(p)+"`") {
			t.Errorf("the permission %s is not documented", p)
		}
	}
	for _, s := range []*shape{cardShape, priceShape, codeShape, itemShape} {
		for _, m := range s.members {
			if !strings.Contains(string(text), m.name) {
				t.Errorf("the member %s of a list is not documented", m.name)
			}
		}
	}
}
