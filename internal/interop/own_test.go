package interop

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/dev"
	"github.com/latchkey-sso/latchkey/internal/dialect/avangate/rest"
	"github.com/latchkey-sso/latchkey/internal/lobpage"
)

// own is a demo with the example of a seed.
type own struct {
	program

	base, host string // of the demo, and of the seed's tenant
	transport  http.RoundTripper
}

// ownPeople runs a demo with the seed that --init writes, by TLS when there is a
// directory for an authority.
func ownPeople(t *testing.T, caDir string) *own {
	t.Helper()
	seed := filepath.Join(t.TempDir(), "own.yaml")
	if err := dev.WriteExample(seed); err != nil {
		t.Fatal(err)
	}
	o := &own{program: program{args: []string{"--seed", seed}}}
	if caDir != "" {
		o.args = append(o.args, "--tls", "--ca-dir", caDir)
	}
	o.base = o.url(t)
	t.Cleanup(func() {
		if err := o.stop(); err != nil {
			t.Errorf("stop the demo: %v", err)
		}
	})
	o.host = strings.Replace(o.base, "//", "//acme.", 1)
	o.transport = dev.Transport(trusted(t, caDir))
	return o
}

// trusted returns who trusts the authority in that directory; none is nil.
func trusted(t *testing.T, caDir string) *x509.CertPool {
	t.Helper()
	if caDir == "" {
		return nil
	}
	text, err := os.ReadFile(filepath.Join(caDir, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		t.Fatal("there is no certificate in ca.pem")
	}
	return pool
}

// do makes a call that succeeds and returns the answer's body.
func (o *own) do(t *testing.T, method, address, body string, header ...string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := (&http.Client{Transport: o.transport, Jar: jar, Timeout: patience}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode >= http.StatusMultipleChoices {
		t.Fatalf("%s %s: got %s, %v:\n%s", method, address, answer.Status, err, text)
	}
	if strings.HasPrefix(o.base, "https:") && answer.Header.Get("Strict-Transport-Security") != "" {
		t.Errorf("%s: all of localhost is bound to TLS", address)
	}
	return string(text)
}

// read reads JSON.
func readJSON(t *testing.T, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
}

// opens follows a link as a browser does, and checks whom it shows, and that it led
// to the tenant's own host.
func (o *own) opens(t *testing.T, link, person string) {
	t.Helper()
	if !strings.HasPrefix(link, o.host+"/") {
		t.Errorf("got a link to %s, want it at %s", link, o.host)
	}
	if page := o.do(t, http.MethodGet, link, ""); !strings.Contains(page, person) {
		t.Errorf("%s: want %s on the page:\n%s", link, person, page)
	}
}

func TestPeopleOfOnesOwnSignOnInEveryDialect(t *testing.T) {
	t.Parallel()
	for name, caDir := range map[string]string{"http": "", "https": t.TempDir()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := ownPeople(t, caDir)
			o.signOn(t)
			o.do(t, http.MethodPost, o.base+"/dev/api/reset", "{}", "Content-Type", "application/json")
			o.signOn(t) // they are there again
			o.keepsSecrets(t)
			o.issueAll(t)
		})
	}
}

// signOn asks for links as programs of the seed's tenant do, and follows them.
func (o *own) signOn(t *testing.T) {
	t.Helper()
	proof, err := rest.Sign("ACME", time.Now(), "acme-secret-key", "sha256")
	if err != nil {
		t.Fatal(err)
	}
	target := url.QueryEscape(o.host + "/order/checkout.php?PRODS=drill-01&QTY=1&CART=1")
	var link string
	readJSON(t, o.do(t, http.MethodGet, o.base+"/rest/6.0/customers/jane/cart/?Url="+target, "", "X-Avangate-Authentication", proof), &link)
	o.opens(t, link, "Jane Miller")

	basic := []string{"Authorization", "Basic YWNtZS1hcGk6YWNtZS1wYXNzd29yZA==", "Accept", "application/json"}
	var login struct{ LoginLink string }
	readJSON(t, o.do(t, http.MethodPost, o.base+"/services/2/generateSSOLoginToken/7001", `{"requestingUserIp":"127.0.0.1"}`,
		append(basic, "Content-Type", "application/json", "X-Forwarded-For", "127.0.0.1")...), &login)
	if page := o.do(t, http.MethodGet, login.LoginLink, "", "X-Forwarded-For", "127.0.0.1"); !strings.Contains(page, "Omar Haddad") {
		t.Errorf("the portal does not show Omar:\n%s", page)
	}

	var shopper struct{ Token string }
	readJSON(t, o.do(t, http.MethodGet, o.base+"/services/2/tools/auth-token?shopperId=29000001&expirationInMinutes=1", "", basic...), &shopper)
	o.opens(t, o.host+"/jsp/entrance.jsp?contractId=3000001&target=step1&token="+shopper.Token, "Jane Miller")

	app := lobpage.LOB{API: o.host, Client: "YWNtZQ==", Bearer: "acme-app", Secret: "acme-app-secret", Transport: o.transport}
	number, token, err := app.Issue(t.Context(), "90000001", "51", "D")
	if err != nil {
		t.Fatal(err)
	}
	if page := o.do(t, http.MethodGet, o.host+"/lob/51?"+url.Values{"TokenNo": {token}, "TokenRefNo": {number}}.Encode(), ""); !strings.Contains(page, "Acme Rentals") {
		t.Errorf("the page of the line of business:\n%s", page)
	}
}

// keepsSecrets checks that the sandbox shows no secret of the seed. Those of the
// demo are public.
func (o *own) keepsSecrets(t *testing.T) {
	t.Helper()
	form := "grant_type=client_credentials&client_id=" + dev.LOBBearer + "&client_secret=" + dev.LOBSecret
	o.do(t, http.MethodPost, o.base+"/oauth2/token", form, "Content-Type", "application/x-www-form-urlencoded")
	var listed struct {
		Calls []struct{ ID int64 }
	}
	readJSON(t, o.do(t, http.MethodGet, o.base+"/dev/api/calls", ""), &listed)
	shown := ""
	for _, c := range listed.Calls {
		shown += o.do(t, http.MethodGet, fmt.Sprintf("%s/dev/api/calls/%d", o.base, c.ID), "")
	}
	for _, secret := range []string{"acme-secret-key", "acme-password", "YWNtZS1hcGk6YWNtZS1wYXNzd29yZA", "acme-app-secret"} {
		if strings.Contains(shown, secret) {
			t.Errorf("the sandbox shows %q", secret)
		}
	}
	if !strings.Contains(shown, dev.LOBSecret) {
		t.Errorf("the sandbox hides a secret of the demo's own, in %d calls", len(listed.Calls))
	}
}

// issueAll has the sandbox issue every link that it offers for the seed's tenant.
func (o *own) issueAll(t *testing.T) {
	t.Helper()
	var offered struct {
		Offers []struct{ Dialect, Tenant, Destination, Kind string }
	}
	readJSON(t, o.do(t, http.MethodGet, o.base+"/dev/api/offers", ""), &offered)
	refs := map[string]string{"customer": "700001", "user": "7001", "member": "90000001"}
	dialects := map[string]bool{}
	for _, offer := range offered.Offers {
		if offer.Tenant != "acme" {
			continue
		}
		dialects[offer.Dialect] = true
		body, err := json.Marshal(map[string]string{
			"dialect": offer.Dialect, "tenant": "acme", "destination": offer.Destination, "kind": offer.Kind, "ref": refs[offer.Kind],
		})
		if err != nil {
			t.Fatal(err)
		}
		o.do(t, http.MethodPost, o.base+"/dev/api/links", string(body), "Content-Type", "application/json")
	}
	if len(dialects) != 5 {
		t.Errorf("links are offered in %v, want all five dialects", dialects)
	}
}

// curl makes a call with curl, which trusts the authority and takes hosts for this
// machine, and returns what it prints and its exit code.
func (o *own) curl(t *testing.T, caDir string, args ...string) (printed string, code int) {
	t.Helper()
	port := o.base[strings.LastIndexByte(o.base, ':'):]
	var hosts []string
	for _, host := range append(dev.VendorHosts(), "www.2checkout.com", "acme.localhost", "other.localhost") {
		hosts = append(hosts, "--resolve", host+port+":127.0.0.1")
	}
	for i := range args {
		args[i] = strings.Replace(args[i], ":PORT", port, 1)
	}
	cmd := curl.command(t, append(append(hosts, "-sS", "--cacert", filepath.Join(caDir, "ca.pem")), args...)...)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmp.Or(string(out), complaints.String()), cmd.ProcessState.ExitCode()
}

var curl = &tool{what: "curl", commands: []string{"curl"}, probe: []string{"--version"}}

func TestClientsThatInsistOnTLSReachTheDemo(t *testing.T) {
	t.Parallel()
	caDir := filepath.Join(t.TempDir(), "with a blank")
	o := ownPeople(t, caDir)
	ca := filepath.Join(caDir, "ca.pem")

	t.Run("curl", func(t *testing.T) {
		for _, host := range append(dev.VendorHosts(), "localhost", "127.0.0.1", "acme.localhost") {
			if printed, code := o.curl(t, caDir, "https://"+host+":PORT/healthz"); code != 0 || printed != "ok\n" {
				t.Errorf("%s: got %d, %q", host, code, printed)
			}
		}
		for _, host := range []string{"www.2checkout.com", "other.localhost"} { // nobody's certificate is for these
			const untrusted = 60
			if printed, code := o.curl(t, caDir, "https://"+host+":PORT/healthz"); code != untrusted {
				t.Errorf("%s: got %d, %q, want it refused", host, code, printed)
			}
		}
		if printed, code := o.curl(t, caDir, "http://localhost:PORT/"); strings.Contains(printed, "Latchkey demo") {
			t.Errorf("without TLS: got %d, %q", code, printed)
		}
	})
	t.Run("a vendor's host", func(t *testing.T) {
		proof, err := rest.Sign(dev.MerchantCode, time.Now(), dev.SecretKey, "sha256")
		if err != nil {
			t.Fatal(err)
		}
		printed, code := o.curl(t, caDir, "-H", "X-Avangate-Authentication: "+proof, "https://api.2checkout.com:PORT/rest/6.0/customers/HotTalks1Customer123/")
		if code != 0 || !strings.Contains(printed, `"LastName":"Newman"`) {
			t.Errorf("REST: got %d, %s", code, printed)
		}
		printed, code = o.curl(t, caDir, "https://api.avangate.com:PORT/soap/6.0/?wsdl")
		if code != 0 || !strings.Contains(printed, `location="`+o.base+`/soap/6.0/`) {
			t.Errorf("the WSDL: got %d, %s, want its address at %s", code, printed, o.base)
		}
		printed, code = o.curl(t, caDir, "-u", dev.APIUser+":"+dev.APIPassword, "-H", "Accept: application/json", "-H", "Content-Type: application/json",
			"-d", `{"requestingUserIp":"127.0.0.1"}`, "https://sandbox.bluesnap.com:PORT/services/2/generateSSOLoginToken/1111001")
		if code != 0 || !strings.Contains(printed, o.base+"/jsp/developer_login.jsp?ref=") {
			t.Errorf("BlueSnap: got %d, %s", code, printed)
		}
		// A link to the cart at the vendor's host leads here, too. It has port 443.
		link, code := o.curl(t, caDir, "-H", "X-Avangate-Authentication: "+proof,
			"https://secure.2checkout.com:PORT/rest/6.0/customers/HotTalks1Customer123/cart/?Url="+url.QueryEscape("https://store.avancart.com/order/checkout.php?PRODS=4639321&QTY=1&CART=1"))
		if link = strings.Trim(link, "\"\n"); code != 0 || !strings.HasPrefix(link, "https://store.avancart.com/") {
			t.Fatalf("a link: got %d, %s", code, link)
		}
		_, query, _ := strings.Cut(link, "?")
		page, code := o.curl(t, caDir, "-L", "-b", "", "-H", "Host: store.avancart.com", "https://store.avancart.com:PORT/order/checkout.php?"+query)
		if code != 0 || !strings.Contains(page, "John Newman") {
			t.Errorf("the link is followed: got %d, %s", code, page)
		}
	})
	for name, c := range map[string]struct {
		tool *tool
		env  string
		args []string
	}{
		"Node": {node, "NODE_EXTRA_CA_CERTS=" + ca, []string{"-e", `fetch(process.env.LATCHKEY_URL + "/healthz").then(r => r.text()).then(t => process.stdout.write(t))`}},
		"PHP": {php, "", []string{"-d", "openssl.cafile=" + ca, "-r", `
			$c = new SoapClient(getenv("LATCHKEY_URL") . "/soap/6.0/?wsdl", ["cache_wsdl" => WSDL_CACHE_NONE]);
			$d = gmdate("Y-m-d H:i:s");
			$s = $c->login("ACME", $d, hash_hmac("sha256", "4ACME" . strlen($d) . $d, "acme-secret-key"), "sha256");
			echo strlen($s) > 10 ? "ok\n" : "no session";`}},
		"PHP with a stream context": {php, "", []string{"-r", `
			$ssl = stream_context_create(["ssl" => ["cafile" => $argv[1]]]);
			$c = new SoapClient(getenv("LATCHKEY_URL") . "/soap/6.0/?wsdl", ["cache_wsdl" => WSDL_CACHE_NONE, "stream_context" => $ssl]);
			echo count($c->__getFunctions()) > 5 ? "ok\n" : "no functions";`, ca}},
		"Python": {python, "SSL_CERT_FILE=" + ca, []string{"-c", `import os, urllib.request as u; print(u.urlopen(os.environ["LATCHKEY_URL"] + "/healthz").read().decode(), end="")`}},
	} {
		t.Run(name, func(t *testing.T) {
			for trusts, want := range map[bool]string{true: "ok\n", false: ""} {
				cmd := c.tool.command(t, c.args...)
				cmd.Env = append(cmd.Env, "LATCHKEY_URL="+o.base)
				if trusts {
					cmd.Env = append(cmd.Env, c.env)
				} else {
					cmd.Args = append([]string{}, cmd.Args...)
					for i := range cmd.Args {
						cmd.Args[i] = strings.ReplaceAll(cmd.Args[i], ca, os.DevNull)
					}
				}
				var complaints bytes.Buffer
				cmd.Stderr = &complaints
				if printed, err := cmd.Output(); string(printed) != want && (trusts || err == nil) {
					t.Errorf("trusting the authority: %t: got %q, %v, %s", trusts, printed, err, &complaints)
				}
			}
		})
	}
}

func TestTheAuthorityStaysOverRestarts(t *testing.T) {
	t.Parallel()
	caDir := t.TempDir()
	var authorities []string
	for range 2 {
		o := ownPeople(t, caDir)
		o.do(t, http.MethodGet, o.base+"/healthz", "")
		text, err := os.ReadFile(filepath.Join(caDir, "ca.pem"))
		if err != nil {
			t.Fatal(err)
		}
		authorities = append(authorities, string(text))
	}
	if authorities[0] != authorities[1] {
		t.Error("a second start made another authority")
	}
	told, err := os.ReadFile(filepath.Join(caDir, "trust.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range append(dev.VendorHosts(), filepath.Join(caDir, "ca.pem"), "update-ca-certificates", "update-ca-trust", "add-trusted-cert", "addstore", "Firefox",
		"--cacert", "openssl.cafile", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "keytool", "127.0.0.1:443") {
		if !strings.Contains(string(told), want) {
			t.Errorf("it does not tell of %s", want)
		}
	}
}
