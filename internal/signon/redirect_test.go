package signon

import (
	"bytes"
	"encoding/json"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// need skips the test, or fails it where everything must be there.
func need(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is missing", what)
	}
	t.Skipf("SKIPPED: %s is missing", what)
}

func redirectPayloads(t *testing.T) []string {
	t.Helper()
	folder := os.Getenv("LATCHKEY_CORPORA")
	if folder == "" {
		t.Skip("SKIPPED: LATCHKEY_CORPORA does not name a folder of public test data")
	}
	text, err := os.ReadFile(filepath.Join(folder, "redirects", "openredirects.txt"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimRight(string(text), "\n"), "\n")
}

// browserOrigins asks node, whose URL parser is the browsers', where each URL leads.
func browserOrigins(t *testing.T, urls []string) []string {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		need(t, "node")
	}
	in, err := json.Marshal(urls)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(node, "-e", `
		const urls = JSON.parse(require("fs").readFileSync(0));
		console.log(JSON.stringify(urls.map(u => { try { const p = new URL(u); return p.origin + (p.href.toLowerCase() === u.toLowerCase() ? "" : " rewritten") } catch { return "unreadable" } })));`)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node: %v", err)
	}
	var origins []string
	if err := json.Unmarshal(out, &origins); err != nil {
		t.Fatal(err)
	}
	return origins
}

// spellings of a payload: as it is, percent-encoded once and twice, and with its
// host in capitals, or all of it.
func spellings(payload string) []string {
	start, end := 0, len(payload)
	if i := strings.Index(payload, "//"); i >= 0 {
		start = i + 2
	}
	if i := strings.IndexAny(payload[start:], "/?#"); i >= 0 {
		end = start + i
	}
	shouted := payload[:start] + strings.ToUpper(payload[start:end]) + payload[end:]
	return []string{payload, url.QueryEscape(payload), url.QueryEscape(url.QueryEscape(payload)), shouted, strings.ToUpper(payload)}
}

// before is what a payload may stand behind.
var before = []string{
	"", "https:", "https://", "https://shop.example", "https://SHOP.EXAMPLE", "https://shop.example/", "https://shop.example@", "https://SHOP.EXAMPLE/x?u=",
}

func TestNoKnownRedirectPayloadLeavesTheRegisteredHosts(t *testing.T) {
	d := cart(t, "https://shop.example", "https://www.whitelisteddomain.tld", "https://whitelisteddomain.tld")
	d.Paths = []string{"/*"}
	d.QueryRequired = false
	var accepted []string
	tried := 0
	for _, payload := range redirectPayloads(t) {
		for _, spelling := range spellings(payload) {
			for _, before := range before {
				tried++
				if target, err := d.CheckTarget(before + spelling); err == nil {
					accepted = append(accepted, d.link(target, "0123456789abcdef0123456789abcdef01234567"))
				}
			}
		}
	}
	if len(accepted) == 0 || tried < 15_000 {
		t.Fatalf("%d of %d accepted: the test tries nothing", len(accepted), tried)
	}
	registered := map[string]bool{"https://shop.example": true, "https://www.whitelisteddomain.tld": true, "https://whitelisteddomain.tld": true}
	for i, origin := range browserOrigins(t, accepted) {
		if !registered[origin] {
			t.Errorf("%q leads a browser to %s", accepted[i], origin)
		}
	}
	t.Logf("%d of %d spellings are accepted, all of them on registered hosts", len(accepted), tried)
}

// A page that an operator declares is where its text says, for a browser too.
func TestADeclaredPageIsWhereItsTextSays(t *testing.T) {
	accepted, declared := []string{"https://example.com", "https://example.com?x=1", "https://Example.COM:443/a#b"}, []string{}
	for _, payload := range redirectPayloads(t) {
		for _, spelling := range spellings(payload) {
			for _, before := range before {
				accepted = append(accepted, before+spelling)
			}
		}
	}
	accepted = slices.DeleteFunc(accepted, func(page string) bool {
		to, err := PageOrigin(page)
		if err == nil {
			declared = append(declared, to.String())
		}
		return err != nil
	})
	if len(accepted) < 1000 {
		t.Fatalf("%d are accepted: the test tries nothing", len(accepted))
	}
	for i, origin := range browserOrigins(t, accepted) {
		if strings.TrimSuffix(origin, " rewritten") != declared[i] {
			t.Errorf("%q is taken for %s and leads a browser to %s", accepted[i], declared[i], origin)
		}
		text := strings.ToLower(accepted[i])
		if after, ok := strings.CutPrefix(text, declared[i]); !ok || after != "" && !strings.ContainsAny(after[:1], ":/?#") {
			t.Errorf("%q is taken for %s, which its text does not say", accepted[i], declared[i])
		}
	}
}
