package lob_test

import (
	"flag"
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/recording"
)

var update = flag.Bool("update", false, "write the answers of recorded exchanges anew")

// TestExchanges sends the recorded requests of testdata through the handler, in
// their order, and compares the answers. testdata/README.md tells the format.
func TestExchanges(t *testing.T) {
	recordings := recording.Recordings{
		Start: func(t testing.TB) *recording.Stage {
			w := newWorld(t)
			values := func() map[string]string {
				return map[string]string{"demo": w.bearer("demo"), "demo-03": w.bearer("demo-03"), "weak": w.bearer("weak")}
			}
			return &recording.Stage{Send: w.send, Do: w.do, Values: values}
		},
		Drawn: map[string]*regexp.Regexp{
			"number": regexp.MustCompile(`"TokenRefNo":"([0-9]{14,16})"`),
			"token":  regexp.MustCompile(`"TokenNo":"([A-Za-z0-9._-]+)"`),
			"access": regexp.MustCompile(`"access_token":"([A-Za-z0-9._-]+)"`),
			"n":      regexp.MustCompile(`"n":"([A-Za-z0-9_-]+)"`),
			"x":      regexp.MustCompile(`"x":"([A-Za-z0-9_-]+)"`),
			"y":      regexp.MustCompile(`"y":"([A-Za-z0-9_-]+)"`),
			"kid":    regexp.MustCompile(`"kid":"([A-Za-z0-9_-]+)"`),
		},
		Update: *update,
	}
	recordings.Run(t)
}

// do moves the clock.
func (w *world) do(words []string, _ map[string]string) error {
	if words[0] != "advance" {
		return fmt.Errorf("%s is not known", words[0])
	}
	d, err := time.ParseDuration(words[1])
	w.clock.advance(d)
	return err
}
