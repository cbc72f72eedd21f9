package interop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What SoapClient's option "compression" can be.
const (
	acceptGzip = 0x20 // SOAP_COMPRESSION_ACCEPT | SOAP_COMPRESSION_GZIP
	sendGzip   = 5    // the level of compressed requests, added to it
)

// way is how a sample's client is set up, by the file that it requires.
type way struct {
	wsdl        bool
	compression int // 0 for none
	algorithm   string
}

func (w way) String() string {
	mode := map[bool]string{true: "by WSDL", false: "by location"}[w.wsdl]
	compression := map[int]string{0: "uncompressed", acceptGzip: "accepting gzip", acceptGzip | sendGzip: "sending gzip"}[w.compression]
	return fmt.Sprintf("%s %s with %s", mode, compression, w.algorithm)
}

func ways() (all []way) {
	algorithms := []string{"md5", "sha256", "sha3-256"}
	for _, wsdl := range []bool{true, false} {
		for i, compression := range []int{0, acceptGzip, acceptGzip | sendGzip} {
			all = append(all, way{wsdl, compression, algorithms[i]})
		}
	}
	return all
}

// TestVendorSamples runs the PHP programs in the vendor's pages on single
// sign-on, which are read where they are, without a byte of them changed.
func TestVendorSamples(t *testing.T) {
	t.Parallel()
	seeds := os.Getenv("LATCHKEY_SEEDS")
	if seeds == "" {
		t.Skip("SKIPPED: LATCHKEY_SEEDS is not set; the vendor's samples were not run")
	}
	for page, resolves := range map[string]bool{"000": true, "001": false} {
		sample := phpSample(t, seeds, page)
		if got := bytes.Contains(sample, []byte("getCustomerInformationBySSOToken")); got != resolves {
			t.Fatalf("page %s: got a sample that asks for the customer: %v, want %v", page, got, resolves)
		}
		for _, w := range ways() {
			t.Run(page+" "+w.String(), func(t *testing.T) {
				t.Parallel()
				runSample(t, sample, w).check(t, w, resolves)
			})
		}
	}
}

// phpSample returns the one PHP program that stands in a page.
func phpSample(t *testing.T, folder, page string) []byte {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(folder, page+"_*.txt"))
	if err != nil || len(found) != 1 {
		t.Fatalf("page %s: found %q, %v", page, found, err)
	}
	text, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	parts := bytes.Split(text, []byte("```php\n"))
	if len(parts) != 2 {
		t.Fatalf("page %s: found %d programs, want 1", page, len(parts)-1)
	}
	sample, _, closed := bytes.Cut(parts[1], []byte("\n```"))
	if !closed {
		t.Fatalf("page %s: the program has no end", page)
	}
	return sample
}

// sampleEnd is what a sample prints, and what it leaves behind.
type sampleEnd struct {
	printed     string
	Link, Token string // the token as the sample finds it in the link
	Customer    any
	Class       string // of the customer
	Sent, Came  string // headers of the last call
}

func runSample(t *testing.T, sample []byte, w way) *sampleEnd {
	t.Helper()
	cmd := php.command(t,
		"-d", "disable_functions=parse_str",
		"-d", "auto_prepend_file="+absolute(t, "testdata/php/sample/before.php"),
		"-d", "auto_append_file="+absolute(t, "testdata/php/sample/after.php"),
		"sample.php")
	cmd.Dir = t.TempDir()
	auth, err := os.ReadFile("testdata/php/sample/auth.php")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"sample.php": sample, "PATH_TO_AUTH": auth} {
		if err := os.WriteFile(filepath.Join(cmd.Dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	compression, wsdl := "", ""
	if w.compression > 0 {
		compression = fmt.Sprint(w.compression)
	}
	if w.wsdl {
		wsdl = "yes"
	}
	var complaints bytes.Buffer
	cmd.Env, cmd.Stderr = append(cmd.Env, "WSDL="+wsdl, "COMPRESSION="+compression, "ALGORITHM="+w.algorithm), &complaints
	printed, err := cmd.Output()
	if err != nil || complaints.Len() > 0 {
		t.Fatalf("the sample ended with %v; it printed:\n%s\nand PHP complained:\n%s", err, printed, &complaints)
	}
	return readEnd(t, string(printed))
}

func readEnd(t *testing.T, printed string) *sampleEnd {
	t.Helper()
	at := strings.LastIndex(strings.TrimSuffix(printed, "\n"), "\n")
	if at < 0 {
		t.Fatalf("the sample stopped; it printed:\n%s", printed)
	}
	end := &sampleEnd{printed: printed[:at]}
	d := json.NewDecoder(strings.NewReader(printed[at:]))
	d.UseNumber()
	if err := d.Decode(end); err != nil {
		t.Fatalf("the sample stopped: %v; it printed:\n%s", err, printed)
	}
	return end
}

func (e *sampleEnd) check(t *testing.T, w way, resolves bool) {
	t.Helper()
	link, token := e.Link, tokenOf(t, e.Link)
	if want := buyLink + "&logintoken=" + token; link != want {
		t.Errorf("got link %q, want %q", link, want)
	}
	if dumped := fmt.Sprintf("string(7) \"ssoLINK\"\nstring(%d) \"%s\"\n", len(link), link); !strings.HasPrefix(e.printed, dumped) {
		t.Errorf("it printed\n%s\nwant it to begin with\n%s", e.printed, dumped)
	}
	e.checkTransport(t, w)
	if !resolves {
		return
	}
	if e.Token != token {
		t.Errorf("got logintoken %q, want the link's", e.Token)
	}
	if e.Class != "stdClass" {
		t.Errorf("got a customer of class %s, want stdClass", e.Class)
	}
	var c client // which has types, and empty texts
	c.same(t, "customer", e.Customer, johnFields(true))
	for _, part := range []string{`["FirstName"]=>` + "\n" + `  string(4) "John"`, `["ExistingCards"]=>` + "\n" + `  array(2) {`, `["TransientToken"]=>`} {
		if !strings.Contains(e.printed, part) {
			t.Errorf("it printed\n%s\nwant %s in it", e.printed, part)
		}
	}
}

// checkTransport tells whether the client really did what its options say.
func (e *sampleEnd) checkTransport(t *testing.T, w way) {
	t.Helper()
	if got, want := strings.Contains(e.Sent, "Accept-Encoding: gzip"), w.compression > 0; got != want {
		t.Errorf("got a client that accepts gzip: %v, want %v", got, want)
	}
	if got, want := strings.Contains(e.Sent, "Content-Encoding: gzip"), w.compression&sendGzip > 0; got != want {
		t.Errorf("got a request in gzip: %v, want %v", got, want)
	}
	if !strings.HasPrefix(e.Came, "HTTP/1.1 200 ") || !strings.Contains(strings.ToLower(e.Came), "content-type: text/xml; charset=utf-8") {
		t.Errorf("got an answer with\n%s\nwant status 200, and text/xml in UTF-8", e.Came)
	}
}
