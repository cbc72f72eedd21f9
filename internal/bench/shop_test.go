package bench

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestHeaderIsSignedAsTheContractSays(t *testing.T) {
	at := time.Date(2010, 5, 13, 12, 12, 12, 0, time.UTC)
	want := `code="AVANGATE" date="2010-05-13 12:12:12" hash="29e85dbf92ce0113e7755c31c0438a7db98a4de9f910bf0a527e005f35e43739" algo="sha256"`
	if got := (client{"AVANGATE", "SECRET_KEY"}).header(at); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestUnknownTokensAreWellFormedAndPlausible(t *testing.T) {
	now := time.Unix(0x5f000000, 0)
	token := unknownToken(now, func() uint64 { return 0xab })
	if len(token) != tokenLen || !strings.HasPrefix(token, "5f000005") {
		t.Errorf("got %s, want %d digits that start with the expiry second", token, tokenLen)
	}
}

// fakeShop answers like a server, with one thing wrong in the way that fault
// names.
func fakeShop(t *testing.T, fault string) *visitor {
	t.Helper()
	n := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/rest/") {
			if n++; fault == "token twice" {
				n = 1
			}
			link := fmt.Sprintf("%s&logintoken=%040d", r.URL.Query().Get("Url"), n)
			switch fault {
			case "issue status":
				w.WriteHeader(http.StatusUnauthorized)
			case "other target":
				link = strings.Replace(link, "PRODS=1", "PRODS=2", 1)
			case "short token":
				link = link[:len(link)-1]
			}
			_, _ = fmt.Fprintf(w, "%q", link)
			return
		}
		cookie := fmt.Sprintf("session=%d", n)
		if r.Header.Get("Cookie") == "" {
			w.Header().Set("Set-Cookie", "binding=1; Path=/")
			w.Header().Set("Location", r.URL.String()+"&_lk=1")
			w.WriteHeader(http.StatusSeeOther)
			return
		}
		location := "/order/cart.php"
		switch fault {
		case "redeem status":
			w.WriteHeader(http.StatusForbidden)
			return
		case "token stays":
			location = r.URL.String()
		case "no session":
			cookie = "binding=2"
		case "session twice":
			cookie = "session=0"
		}
		w.Header().Set("Location", location)
		w.Header().Set("Set-Cookie", cookie+"; Path=/")
		w.WriteHeader(http.StatusSeeOther)
	}))
	t.Cleanup(srv.Close)
	s := &shop{addr: srv.Listener.Addr().String(), target: mustURL(t, testTarget), customers: []string{"1"}}
	v, err := s.visit(0, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.conn.close)
	return v
}

// pairs does a few pairs and returns the first error.
func (v *visitor) pairs() error {
	if err := v.introduce(); err != nil {
		return err
	}
	for range 3 {
		if err := v.pair(make([]time.Duration, 2)); err != nil {
			return err
		}
	}
	return nil
}

func TestPairAcceptsRightAnswers(t *testing.T) {
	if err := fakeShop(t, "").pairs(); err != nil {
		t.Error(err)
	}
}

func TestPairRefusesWrongAnswers(t *testing.T) {
	for fault, want := range map[string]string{
		"issue status":  "status 401",
		"other target":  "not a link to the target",
		"short token":   "not a link to the target",
		"token twice":   "same token",
		"redeem status": "status 403",
		"token stays":   "not sent on",
		"no session":    "no session cookie",
		"session twice": "same session",
	} {
		if err := fakeShop(t, fault).pairs(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error with %q", fault, err, want)
		}
	}
}
