package cli

import (
	_ "embed"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/latchkey-sso/latchkey/internal/dev"
	"github.com/latchkey-sso/latchkey/internal/localca"
	"github.com/latchkey-sso/latchkey/internal/server"
)

//go:embed template/trust.txt
var trustText string

var trustTemplate = template.Must(template.New("trust").Parse(trustText))

// trustFile is where in the authority's directory it says how to trust it.
const trustFile = "trust.txt"

// trust is what a person is told who wants to trust a local authority.
type trust struct {
	Name, File, Dir, URL string
	Port                 uint16
	Hosts                []string // of the vendors

	text string
	all  bool // nobody has been told yet
}

// useTLS has the demo show certificates of the local authority in that directory, or
// in the user's own, and trust it.
func useTLS(demo *server.Demo, dir string, hosts []string, place dev.Place) (t *trust, err error) {
	if dir == "" {
		if dir, err = localca.DefaultDir(); err != nil {
			return nil, err
		}
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, fmt.Errorf("find the certificate authority: %w", err)
	}
	vendors := dev.VendorHosts()
	ca, err := localca.Open(localca.Options{Dir: dir, Hosts: append([]string{"localhost"}, vendors...)})
	if err != nil {
		return nil, err
	}
	own, err := ca.Leaf("localhost", hosts...)
	if err != nil {
		return nil, err
	}
	foreign, err := ca.Leaf("vendors", vendors...)
	if err != nil {
		return nil, err
	}
	demo.Certificate, demo.Transport = localca.Chooser(own, foreign), dev.Transport(ca.Pool())
	t = &trust{Name: ca.Name(), File: ca.File(), Dir: dir, URL: place.URL("localhost"), Port: place.Port, Hosts: vendors, all: ca.New}
	return t, t.write()
}

// write writes how to trust the authority beside it.
func (t *trust) write() error {
	var b strings.Builder
	if err := trustTemplate.Execute(&b, t); err != nil {
		return fmt.Errorf("tell how to trust the certificate authority: %w", err)
	}
	t.text = b.String()
	if err := os.WriteFile(filepath.Join(t.Dir, trustFile), []byte(t.text), 0o644); err != nil { //nolint:gosec // it is for everybody
		return fmt.Errorf("tell how to trust the certificate authority: %w", err)
	}
	return nil
}

// print tells where the authority is, and how to trust a new one. Without TLS it
// tells nothing.
func (t *trust) print(w io.Writer) {
	if t == nil {
		return
	}
	if t.all {
		_, _ = fmt.Fprintf(w, "\n%s\n", t.text)
	}
	_, _ = fmt.Fprintf(w, "Certificate authority: %s\nHow to trust it: %s\n", t.File, filepath.Join(t.Dir, trustFile))
}
