package bluesnap_test

import (
	"flag"
	"fmt"
	"net/netip"
	"regexp"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/recording"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

var update = flag.Bool("update", false, "write the answers of recorded exchanges anew")

// TestExchanges sends the recorded requests of testdata through the handler, in
// their order, and compares the answers. testdata/README.md tells the format.
func TestExchanges(t *testing.T) {
	recordings := recording.Recordings{
		Start: func(t testing.TB) *recording.Stage {
			w := newWorld(t)
			return &recording.Stage{Send: w.send, Do: w.do, Values: credentials}
		},
		Drawn: map[string]*regexp.Regexp{
			"token":         regexp.MustCompile(`(?:"loginToken":"|<login-token>)([0-9a-f]{104})`),
			"shopper token": regexp.MustCompile(`(?:"token":"|<token>)([0-9a-f]{40})`),
			"user":          regexp.MustCompile(`(?:"userId":"|<user-id>)([0-9]{9})`),
		},
		Update: *update,
	}
	recordings.Run(t)
}

// credentials are those of the API users, by their names.
func credentials() map[string]string {
	all := map[string]string{}
	for user, plain := range passwords {
		all[user] = basic(user, plain)
	}
	return all
}

// do moves the clock, or lets a browser follow the link that was made last.
func (w *world) do(words []string, drawn map[string]string) error {
	switch words[0] {
	case "advance":
		d, err := time.ParseDuration(words[1])
		w.clock.advance(d)
		return err
	case "redeem":
		_, err := w.redeem(drawn["token"], words[1])
		return err
	}
	return fmt.Errorf("%s is not known", words[0])
}

// redeem spends a login token like a browser at that address.
func (w *world) redeem(token, from string) (*signon.SignOn, error) {
	w.Helper()
	site, ok := w.signOn.Registry().Addressed("portal.example", signon.KindPortal, token)
	if !ok {
		return nil, signon.ErrNotFound
	}
	return w.signOn.Redeem(w.Context(), &signon.RedeemRequest{
		Tenant: site.Tenant.ID, Destination: site.Destination, Token: token, Binding: signon.Binding{1}, Addr: netip.MustParseAddr(from),
	})
}
