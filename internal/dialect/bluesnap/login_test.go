package bluesnap_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

func TestALoginTokenHasTheVendorsForm(t *testing.T) {
	w := newWorld(t)
	a := w.login("1111001")
	token := tokenOf(t, a)
	if !regexp.MustCompile(`^[A-Za-z0-9._-]{100,160}$`).MatchString(token) {
		t.Error("the token has another form")
	}
	var got struct{ LoginLink string }
	if err := json.Unmarshal(a.Body.Bytes(), &got); err != nil || got.LoginLink != portalHost+"/jsp/developer_login.jsp?ref="+token {
		t.Error("the link is another one")
	}
	for name, value := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"} {
		if a.Header().Get(name) != value {
			t.Errorf("%s is %q, want %q", name, a.Header().Get(name), value)
		}
	}
	if _, has := a.Header()["Location"]; has {
		t.Error("there is a Location")
	}
}

func TestATokenIsGoodOnceAndFromItsAddress(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		bound, from string
		after       time.Duration
		ok          bool
	}{
		{"62.216.234.216", "62.216.234.216", 0, true},
		{" 62.216.234.216\t", "62.216.234.216", 4*time.Minute + 59*time.Second, true},
		{"::ffff:62.216.234.216", "62.216.234.216", 0, true},
		{"62.216.234.216", "::ffff:62.216.234.216", 0, true},
		{"2001:DB8::1", "2001:db8::1", 0, true},
		{"2001:db8:0:0::1", "2001:db8::1", 0, true},
		{"62.216.234.216", "62.216.234.217", 0, false},
		{"2001:db8::1", "2001:db8::2", 0, false},
		{"62.216.234.216", "62.216.234.216", 5*time.Minute + time.Second, false},
	} {
		body, _ := json.Marshal(map[string]string{"requestingUserIp": c.bound})
		token := tokenOf(t, w.send(w.request(http.MethodPost, loginPath, string(body), asJSON)))
		w.clock.advance(c.after)
		if _, err := w.redeem(token, c.from); (err == nil) != c.ok {
			t.Errorf("bound to %s, from %s after %s: %v", c.bound, c.from, c.after, err)
		}
	}
}

func TestTheAddressMustBeOne(t *testing.T) {
	w := newWorld(t)
	for _, value := range []string{
		`""`, `" "`, `null`, `"62.216"`, `"62.216.234.256"`, `"062.216.234.216"`, `"62.216.234.216/32"`, `"62.216.234.216:80"`, `"[2001:db8::1]"`, `"fe80::1%eth0"`, `"2001:db8::1%1"`,
		`"62.216.234.216, 62.216.234.217"`, `"localhost"`, `"0x3e.216.234.216"`, `1054402264`, `true`, `["62.216.234.216"]`, `{"a":"62.216.234.216"}`, `"６2.216.234.216"`,
	} {
		w.inBoth(value, invalid("requestingUserIp"), func(string) *http.Request {
			return w.request(http.MethodPost, loginPath, `{"requestingUserIp":`+value+`}`, asJSON)
		})
	}
	for _, body := range []string{"", "<a/>", "<a><requesting-user-ip/></a>", "<a><requesting-user-ip> </requesting-user-ip></a>", "<a><requesting-user-ip>x</requesting-user-ip></a>", "<a><requesting-user-ip>&lt;b&gt;</requesting-user-ip></a>"} {
		w.inBoth(body, invalid("requestingUserIp"), func(string) *http.Request {
			r := w.request(http.MethodPost, loginPath, body, asXML)
			r.Header.Set("Content-Type", asXML)
			return r
		})
	}
	w.inBoth("no body", invalid("requestingUserIp"), func(string) *http.Request { return w.request(http.MethodPost, loginPath, "", asJSON) })
}

func TestAMerchantWithoutAPortalSaysSo(t *testing.T) {
	w := newWorld(t)
	tenants := merchants(t)
	tenants[0].Destinations = nil
	if err := w.signOn.Apply(t.Context(), tenants); err != nil {
		t.Fatal(err)
	}
	for _, c := range []aCall{calls(1111001)[0], calls(1111001)[5]} {
		w.inBoth(c.target, invalid("merchant"), func(string) *http.Request { return w.request(c.method, c.target, c.body, asJSON) })
	}
}

func TestAShoppersTokenLivesAsLongAsAsked(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		query string
		ttl   time.Duration
	}{
		{"", 10 * time.Minute}, {"&expirationInMinutes=", 10 * time.Minute}, {"&expirationInMinutes=1", time.Minute}, {"&ExpirationInMinutes=1440", 24 * time.Hour}, {"&onbehalfofmid=1000001&expirationInMinutes=7", 7 * time.Minute},
	} {
		a := w.send(w.request(http.MethodGet, "tools/auth-token?shopperId=19363122"+c.query, "", ""))
		var got struct{ Token string }
		if err := json.Unmarshal(a.Body.Bytes(), &got); err != nil || len(got.Token) < 8 {
			t.Fatalf("%s: got %d %s", c.query, a.Code, a.Body)
		}
		expires, err := strconv.ParseInt(got.Token[:8], 16, 64)
		if err != nil || time.Unix(expires, 0).Sub(w.clock.Now()) != c.ttl {
			t.Errorf("%s: expires at %s, %v", c.query, time.Unix(expires, 0).UTC(), err)
		}
		if a.Header().Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("headers of a secret are missing: %v", a.Header())
		}
	}
	for _, minutes := range []string{"0", "-1", "1441", "1.5", "01", "+1", "x", "1e2", "99999999999999999999", "%201"} {
		w.inBoth(minutes, invalid("expirationInMinutes"), func(string) *http.Request {
			return w.request(http.MethodGet, "tools/auth-token?shopperId=19363122&expirationInMinutes="+minutes, "", "")
		})
	}
	for _, shopper := range []string{"19363199", "352365983", "0", "-1", "019363122", "x", "19363122.0", strings.Repeat("9", 40)} {
		w.inBoth(shopper, forbidden, func(string) *http.Request {
			return w.request(http.MethodGet, "tools/auth-token?shopperId="+shopper, "", "")
		})
	}
	w.inBoth("none", invalid("shopperId"), func(string) *http.Request { return w.request(http.MethodGet, "tools/auth-token?shopperId=", "", "") })
	w.inBoth("of the linked merchant", forbidden, func(string) *http.Request {
		return w.request(http.MethodGet, "tools/auth-token?shopperId=19363122&onbehalfofmid=23424", "", "")
	})
}

func TestBothPasswordsCountWhileOneIsReplaced(t *testing.T) {
	w := newWorld(t)
	tenants := merchants(t)
	tenants[0].Clients[0].Secrets = []signon.Secret{hashes()["office"], hashes()["username"]}
	if err := w.signOn.Apply(t.Context(), tenants); err != nil {
		t.Fatal(err)
	}
	for plain, ok := range map[string]bool{passwords["username"]: true, passwords["office"]: true, "wrong": false} {
		for range 2 {
			r := w.request(http.MethodPost, loginPath, ownAddress, asJSON)
			r.Header.Set("Authorization", basic("username", plain))
			if a := w.send(r); (a.Code == http.StatusOK) != ok {
				t.Errorf("%s: got %d", plain, a.Code)
			}
		}
	}
}
