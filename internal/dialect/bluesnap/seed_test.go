package bluesnap_test

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// examples are the vendor's, as they are printed: without what continues a line,
// without what begins the body, and with a quote too many.
var examples = []string{`curl -v -X POST https://sandbox.bluesnap.com/services/2/generateSSOLoginToken/1111001 \
-H 'Content-Type: application/json' 
-H 'Accept: application/json' 
-H 'Authorization: Basic dXNlcm5hbWU6cGFzc3dvcmQ='
{
	"requestingUserIp": " 62.216.234.216"
}'
`, `curl -v -X POST https://sandbox.bluesnap.com/services/2/generateSSOLoginToken/1111001?onbehalfofmid=23424 \
-H 'Content-Type: application/json' 
-H 'Accept: application/json' 
-H 'Authorization: Basic dXNlcm5hbWU6cGFzc3dvcmQ='
{
	"requestingUserIp": " 62.216.234.216"
}'
`}

// mended returns an example as a shell can run it against a server.
func mended(example, server string) string {
	return strings.NewReplacer("https://sandbox.bluesnap.com", server, " \\\n-H", " \\\n-H", " \n-H", " \\\n-H", "=='\n{", "==' \\\n-d '{", "='\n{", "=' \\\n-d '{").Replace(example)
}

// TestTheVendorsExamplesRun sends them with curl over a real connection.
func TestTheVendorsExamplesRun(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("SKIPPED: there is no curl; the vendor's examples were not run")
	}
	w := newWorld(t)
	server := httptest.NewServer(w.handler)
	defer server.Close()
	for i, tenant := range []signon.TenantID{own, linked} {
		script := strings.Replace(mended(examples[i], server.URL), "curl -v", curl+" -sS -o - -w '\\n%{http_code}'", 1)
		out, err := exec.CommandContext(t.Context(), "sh", "-c", script).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", script, err, out)
		}
		body, status, _ := strings.Cut(string(out), "\n")
		var got struct{ LoginToken, LoginLink string }
		if err := json.Unmarshal([]byte(body), &got); err != nil || status != "200" || !strings.HasSuffix(got.LoginLink, "?ref="+got.LoginToken) {
			t.Fatalf("%s: got %s", script, out)
		}
		on, err := w.redeem(got.LoginToken, "62.216.234.216")
		if err != nil || on.Session.Tenant != tenant || on.Session.Subject != "1111001" {
			t.Errorf("%s: signed on %+v, %v", tenant, on, err)
		}
	}
}

// TestTheExamplesAreTheVendors reads the vendor's page where it is.
func TestTheExamplesAreTheVendors(t *testing.T) {
	seeds := os.Getenv("LATCHKEY_SEEDS")
	if seeds == "" {
		t.Skip("SKIPPED: LATCHKEY_SEEDS is not set; the vendor's page was not read")
	}
	pages, err := filepath.Glob(filepath.Join(seeds, "004*.txt"))
	if err != nil || len(pages) != 1 {
		t.Fatalf("got %d pages, %v", len(pages), err)
	}
	page, err := os.ReadFile(pages[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, example := range examples {
		if !strings.Contains(string(page), example) {
			t.Errorf("is not printed so:\n%s", example)
		}
	}
}
