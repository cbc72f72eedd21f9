package avangatetest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
	"github.com/latchkey-sso/latchkey/internal/recording"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Recordings are recorded exchanges with a dialect, as package recording replays
// them.
type Recordings struct {
	// Start returns a fresh world and what sends requests to the dialect in it.
	Start func(testing.TB) (*World, func(*http.Request) *httptest.ResponseRecorder)
	// Drawn and Update are as in package recording.
	Drawn  map[string]*regexp.Regexp
	Update bool
}

// Run replays each file in a test of its own.
func (r *Recordings) Run(t *testing.T) {
	all := recording.Recordings{
		Start: func(t testing.TB) *recording.Stage {
			w, send := r.Start(t)
			return &recording.Stage{Send: send, Do: w.do, Values: w.values}
		},
		Drawn: r.Drawn, Update: r.Update,
	}
	all.Run(t)
}

// do moves the clock, or spends the link that was drawn last.
func (w *World) do(words []string, drawn map[string]string) error {
	switch words[0] {
	case "advance":
		d, err := time.ParseDuration(words[1])
		w.Clock.Advance(d)
		return err
	case "redeem":
		return w.Redeem(drawn["token"])
	}
	return fmt.Errorf("%s is not known", words[0])
}

// Redeem spends a cart token of Shop like a browser.
func (w *World) Redeem(token string) error {
	cart, _ := w.SignOn.Registry().Destination(Shop, signon.KindCart)
	_, err := w.SignOn.Redeem(w.Context(), &signon.RedeemRequest{
		Tenant: Shop, Destination: cart, Token: token, Binding: signon.Binding{1}, Addr: netip.MustParseAddr("198.51.100.1"),
	})
	return err
}

// values returns the date, and the right hash of each vendor for now.
func (w *World) values() map[string]string {
	values := map[string]string{"date": w.Clock.Now().Format(avangate.DateLayout)}
	for vendor, secret := range map[string]signon.Secret{"AVANGATE": "SECRET_KEY", "OTHERSHOP": "OTHER_SECRET"} {
		for _, algorithm := range avangate.Algorithms() {
			c, err := avangate.Sign(vendor, w.Clock.Now(), secret, algorithm)
			if err != nil {
				w.Fatal(err)
			}
			values[algorithm+" of "+vendor] = c.Hash
		}
	}
	return values
}
