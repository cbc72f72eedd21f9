package jsonrpc_test

import (
	"flag"
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/avangatetest"
)

var update = flag.Bool("update", false, "write the answers of recorded exchanges anew")

// TestExchanges sends the recorded requests of testdata through the handler, in
// their order, and compares the answers. testdata/README.md tells the format.
func TestExchanges(t *testing.T) {
	recordings := avangatetest.Recordings{
		Start: func(t testing.TB) (*avangatetest.World, func(*http.Request) *httptest.ResponseRecorder) {
			w := newWorld(t)
			return w.World, w.send
		},
		Drawn: map[string]*regexp.Regexp{
			"session":      regexp.MustCompile(`"result":"([a-z2-7]{32})"`),
			"token":        regexp.MustCompile(`logintoken=([0-9a-f]{40})`),
			"customer":     regexp.MustCompile(`"result":([0-9]{9}),`),
			"subscription": regexp.MustCompile(`"result":"([0-9A-F]{10})"`),
		},
		Update: *update,
	}
	recordings.Run(t)
}
