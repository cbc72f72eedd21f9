package signon

import (
	"bytes"
	"encoding/json"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
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
		console.log(JSON.stringify(urls.map(u => { try { const p = new URL(u); return p.origin + (p.href === u ? "" : " rewritten") } catch { return "unreadable" } })));`)
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

func TestNoKnownRedirectPayloadLeavesTheRegisteredHosts(t *testing.T) {
	d := cart(t, "https://shop.example", "https://www.whitelisteddomain.tld", "https://whitelisteddomain.tld")
	d.Paths = []string{"/*"}
	d.QueryRequired = false
	var accepted []string
	tried := 0
	for _, payload := range redirectPayloads(t) {
		for _, spelling := range []string{payload, url.QueryEscape(payload), url.QueryEscape(url.QueryEscape(payload)), strings.ToUpper(payload)} {
			for _, before := range []string{"", "https:", "https://", "https://shop.example", "https://shop.example/", "https://shop.example@", "https://shop.example/x?u="} {
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
