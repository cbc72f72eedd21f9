package server_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// A logo is read again on SIGHUP, though nothing else has changed; one that is
// not right leaves everything as it was.
func TestHangupReloadsTheBrand(t *testing.T) {
	p := newProgram(t, "")
	config, err := os.ReadFile(filepath.Join(p.dir, "latchkey.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	p.write(t, "latchkey.yaml", strings.Replace(string(config), "- id: shop\n", "- id: shop\n    branding: {logo: logo.svg}\n", 1))
	draw := func(shape string) {
		p.write(t, "logo.svg", `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">`+shape+`</svg>`)
	}
	draw("<g/>")
	p.start(t)
	path := regexp.MustCompile(`src="(/assets/logo\.[0-9a-f]+\.svg)"`)
	logo := func() string { return path.FindString(fetch(t, p.base+"/myaccount/")) }
	first := logo()
	if first == "" {
		t.Fatal("the page shows no logo")
	}
	hangup := func(shape string) {
		draw(shape)
		if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	hangup("<script/>")
	eventually(t, "the mistake is logged", func() bool { return strings.Contains(p.said(t), "tenants[0].branding.logo must hold shapes only") })
	if got := logo(); got != first {
		t.Errorf("after a mistake in the logo: got %s, want %s", got, first)
	}
	hangup("<path/>")
	eventually(t, "the new logo is shown", func() bool { got := logo(); return got != "" && got != first })
}

// fetch returns the page at the address.
func fetch(t *testing.T, address string) string {
	t.Helper()
	answer, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
