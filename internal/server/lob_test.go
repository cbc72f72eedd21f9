package server_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// group is a tenant with lines of business, of whose issuers one never answers.
const group = `  - id: group
    issuers: [{kind: own, clients: [app]}, {url: "https://issuer.example", keys_url: "http://ISSUER/keys", clients: [other]}]
    clients:
      - {kind: lob, id: L1=, bearers: [app], issues_for: ["01"], is: ["01"]}
      - {kind: oauth, id: app, secret: {env: SHOP_KEY}}
    destinations:
      apps:
        - {id: "01"}
        - {id: "02", algorithm: ES256}
`

// keys returns the key IDs that are published at a path.
func (p *program) keys(t *testing.T, path string) []string {
	t.Helper()
	answer, err := http.Get(p.base + path)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var set struct{ Keys []struct{ Kid, Alg string } }
	if err := json.NewDecoder(answer.Body).Decode(&set); err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: got %d, %v", path, answer.StatusCode, err)
	}
	ids := []string{}
	for _, k := range set.Keys {
		ids = append(ids, k.Alg+" "+k.Kid)
	}
	return ids
}

func TestKeysThatAreMissingAreMadeOnceAndForAnotherAlgorithm(t *testing.T) {
	p := newProgram(t, strings.ReplaceAll(group, "ISSUER", "127.0.0.1:1"))
	p.start(t)
	issuer, second := p.keys(t, "/oauth2/.well-known/jwks.json"), p.keys(t, "/lob/02/.well-known/jwks.json")
	if len(issuer) != 1 || !strings.HasPrefix(issuer[0], "RS256 ") || len(second) != 1 || !strings.HasPrefix(second[0], "ES256 ") {
		t.Fatalf("got %v of the issuer and %v of a line of business", issuer, second)
	}
	if secret := p.keys(t, "/lob/01/.well-known/jwks.json"); len(secret) != 0 {
		t.Errorf("got %v published of a secret", secret)
	}
	if err := p.stop(t); err != nil {
		t.Fatal(err)
	}
	p.start(t)
	if again := p.keys(t, "/oauth2/.well-known/jwks.json"); again[0] != issuer[0] || len(again) != 1 {
		t.Errorf("after another start: got %v, want %v", again, issuer)
	}
	config, err := os.ReadFile(filepath.Join(p.dir, "latchkey.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	p.write(t, "latchkey.yaml", strings.Replace(string(config), `{id: "01"}`, `{id: "01", algorithm: EdDSA}`, 1))
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the line of business has a key of its new algorithm", func() bool {
		now := p.keys(t, "/lob/01/.well-known/jwks.json")
		return len(now) == 1 && strings.HasPrefix(now[0], "EdDSA ")
	})
	if after := p.keys(t, "/lob/02/.well-known/jwks.json"); len(after) != 1 || after[0] != second[0] {
		t.Errorf("the other line of business has the keys %v now, want %v", after, second)
	}
}

// TestASlowCallOfALineOfBusinessGetsItsOwnAnswer: what it waits for takes longer
// than any other call is given.
func TestASlowCallOfALineOfBusinessGetsItsOwnAnswer(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	p := newProgram(t, strings.ReplaceAll(group, "ISSUER", silent.Addr().String())+
		"limits: {request_timeout: 1s, handler_timeout: 1s, write_timeout: 2s, lob_timeout: 3s, lob_write_timeout: 60s}\n")
	p.start(t)
	part := base64.RawURLEncoding.EncodeToString
	bearer := part([]byte(`{"alg":"RS256","kid":"k"}`)) + "." + part([]byte(`{"iss":"https://issuer.example"}`)) + "." + part(make([]byte, 256))
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.base+"/v2/get_sso_token", strings.NewReader(`{"CIINo":"1","LOBId":"01","Functionality":"D"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = http.Header{"Authorization": {"Bearer " + bearer}, "Content-Type": {"application/json"}, "X-Api-Version": {"1.0.0"}, "X-Lob-Client-Id": {"L1="}}
	began := time.Now()
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusGatewayTimeout || string(body) != `{"message":"Endpoint request timed out"}` {
		t.Errorf("got %d, %q, %v", answer.StatusCode, body, err)
	}
	if took := time.Since(began); took < 3*time.Second {
		t.Errorf("it was given %v, want its own three seconds", took)
	}
}
