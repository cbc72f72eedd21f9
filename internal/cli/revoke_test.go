package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/operator"
)

func TestOnlyAClearYesRevokes(t *testing.T) {
	for answer, want := range map[string]bool{"y\n": true, "YES\n": true, "yes \n": true, "": false, "\n": false, "n\n": false, "yep\n": false, "\ny\n": false} {
		if err := agreed(strings.NewReader(answer)); (err == nil) != want {
			t.Errorf("%q: got %v, want agreed %v", answer, err, want)
		}
	}
	for want, req := range map[string]operator.RevokeRequest{
		"all links and sessions of customer 7 of tenant shop": {Tenant: "shop", Customer: "7"},
		"all links and sessions of user 7":                    {User: "7"},
		"all links and sessions that client 7 asked for":      {Client: "7"},
		"all tokens of member 7":                              {Member: "7"},
		"all tokens for application 7 of tenant group":        {Tenant: "group", App: "7"},
		"the link 7": {Reference: "7"},
	} {
		if got := whatEnds(&req); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestTimesAreReadAsOperatorsWriteThem(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"": {}, "15m": now.Add(-15 * time.Minute), "2026-11-21T11:00:00+02:00": now.Add(-3 * time.Hour),
		"2026-11-21 11:00:00": now.Add(-time.Hour), "2026-11-21": now.Add(-12 * time.Hour),
	} {
		if got, err := readTime(text, now); err != nil || !got.Equal(want) {
			t.Errorf("%q: got %s, %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"-5m", "soon", "21.11.2026"} {
		if _, err := readTime(text, now); err == nil {
			t.Errorf("%q: got no error", text)
		}
	}
}

func TestNothingThatATerminalObeysIsPrinted(t *testing.T) {
	if got, want := printable("a\x1b[2Jb\u202ec\nd\u009bé"), "a�[2Jb�c�d�é"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
