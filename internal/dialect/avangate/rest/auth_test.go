package rest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/avangatetest"
	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
	"github.com/latchkey-sso/latchkey/internal/dialect/avangate/rest"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// with sends a call with that header.
func (w *world) with(header ...string) *httptest.ResponseRecorder {
	w.Helper()
	r := w.request(http.MethodGet, "/rest/6.0/customers/352365983/", "")
	r.Header[rest.AuthHeader] = header
	return w.send(r)
}

func (w *world) credentials(algorithm string) avangate.Credentials {
	w.Helper()
	c, err := avangate.Sign("AVANGATE", w.Clock.Now(), "SECRET_KEY", algorithm)
	if err != nil {
		w.Fatal(err)
	}
	return c
}

func TestEveryFormOfTheHeaderAuthenticates(t *testing.T) {
	w := newWorld(t)
	md5, sha, sha3 := w.credentials("md5"), w.credentials("sha256"), w.credentials("sha3-256")
	for _, header := range []string{
		fmt.Sprintf(`code="%s" date="%s" hash="%s" algo="sha256"`, sha.Code, sha.Date, sha.Hash),
		fmt.Sprintf(`code='%s' date='%s' hash='%s'algo='sha256'`, sha.Code, sha.Date, sha.Hash),
		fmt.Sprintf(`code="%s"date="%s"hash="%s"algo="sha256"`, sha.Code, sha.Date, sha.Hash),
		fmt.Sprintf(`code="%s" date="%s" hash="%s"`, sha.Code, sha.Date, sha.Hash),
		fmt.Sprintf(`code="%s" date="%s" hash="%s"`, md5.Code, md5.Date, md5.Hash),
		fmt.Sprintf(`code='%s' date='%s' hash='%s' algo='MD5'`, md5.Code, md5.Date, md5.Hash),
		fmt.Sprintf(`code="%s" date="%s" hash="%s" algo="SHA3-256"`, sha3.Code, sha3.Date, sha3.Hash),
		fmt.Sprintf(`algo="sha3-256" hash="%s" date="%s" code="%s"`, sha3.Hash, sha3.Date, sha3.Code),
		fmt.Sprintf(`hash='%s' code="%s"	date='%s'`, sha.Hash, sha.Code, sha.Date),
		fmt.Sprintf(`  code = "%s"   date ="%s" hash= "%s" algo=""  `, sha.Code, sha.Date, sha.Hash),
		fmt.Sprintf(`code="%s" date="%s" hash="%s" algo="sha256" version="2"`, sha.Code, sha.Date, sha.Hash),
	} {
		if a := w.with(header); a.Code != http.StatusOK {
			t.Errorf("%s: got %d", strings.ReplaceAll(header, sha.Hash, "…"), a.Code)
		}
	}
}

func TestEveryOtherHeaderIsTheSame401(t *testing.T) {
	w := newWorld(t)
	good := w.credentials("sha256")
	format := func(c avangate.Credentials) string {
		return fmt.Sprintf(`code="%s" date="%s" hash="%s" algo="%s"`, c.Code, c.Date, c.Hash, c.Algorithm)
	}
	changed := func(change func(*avangate.Credentials)) []string { c := good; change(&c); return []string{format(c)} }
	signed := func(code string, at time.Time, key signon.Secret) []string {
		c, err := avangate.Sign(code, at, key, "sha256")
		if err != nil {
			t.Fatal(err)
		}
		return []string{format(c)}
	}
	now := w.Clock.Now()
	for name, header := range map[string][]string{
		"none":               nil,
		"empty":              {""},
		"two headers":        {format(good), format(good)},
		"wrong hash":         changed(func(c *avangate.Credentials) { c.Hash = strings.Repeat("0", 64) }),
		"unknown merchant":   signed("NOBODY", now, "SECRET_KEY"),
		"another's secret":   signed("AVANGATE", now, "OTHER_SECRET"),
		"another's code":     changed(func(c *avangate.Credentials) { c.Code = "OTHERSHOP" }),
		"lower-case code":    signed("avangate", now, "SECRET_KEY"),
		"old date":           signed("AVANGATE", now.Add(-10*time.Minute-time.Second), "SECRET_KEY"),
		"future date":        signed("AVANGATE", now.Add(10*time.Minute+time.Second), "SECRET_KEY"),
		"moved date":         changed(func(c *avangate.Credentials) { c.Date = "2026-11-21 12:00:01" }),
		"other algorithm":    changed(func(c *avangate.Credentials) { c.Algorithm = "sha3-256" }),
		"unknown algorithm":  changed(func(c *avangate.Credentials) { c.Algorithm = "none" }),
		"no date":            {fmt.Sprintf(`code="%s" hash="%s"`, good.Code, good.Hash)},
		"no hash":            {fmt.Sprintf(`code="%s" date="%s"`, good.Code, good.Date)},
		"no code":            {fmt.Sprintf(`date="%s" hash="%s"`, good.Date, good.Hash)},
		"code twice":         {format(good) + ` code="OTHERSHOP"`},
		"hash twice":         {format(good) + fmt.Sprintf(` hash="%s"`, good.Hash)},
		"without quotes":     {fmt.Sprintf(`code=%s date=%s hash=%s`, good.Code, good.Date, good.Hash)},
		"quotes that differ": {fmt.Sprintf(`code="%s' date="%s" hash="%s"`, good.Code, good.Date, good.Hash)},
		"open quote":         {strings.TrimSuffix(format(good), `"`)},
		"commas":             {strings.ReplaceAll(format(good), `" `, `", `)},
		"rubbish behind":     {format(good) + " rubbish"},
		"long":               {format(good) + strings.Repeat(" ", 1024)},
		"blank in the code":  changed(func(c *avangate.Credentials) { c.Code = "AVAN GATE" }),
		"basic":              {"Basic QVZBTkdBVEU6U0VDUkVUX0tFWQ=="},
	} {
		w.caller = w.caller.Next() // too many failures from one address are another test
		a := w.with(header...)
		if got := a.Body.String(); a.Code != http.StatusUnauthorized || got != `{"error_code":"AUTHENTICATION_ERROR","message":"Authentication needed for this resource"}` {
			t.Errorf("%s: got %d %s", name, a.Code, got)
		}
	}
}

func TestTenFailuresAMinuteThen429EvenForTheRightHash(t *testing.T) {
	for _, code := range []string{"AVANGATE", "NOBODY"} {
		w := newWorld(t)
		wrong := fmt.Sprintf(`code="%s" date="2026-11-21 12:00:00" hash="%s"`, code, strings.Repeat("0", 64))
		for i := range 10 {
			if a := w.with(wrong); a.Code != http.StatusUnauthorized {
				t.Fatalf("%s: failure %d: got %d", code, i+1, a.Code)
			}
		}
		a := w.with(wrong)
		if got := failureOf(t, a); got.Status != http.StatusTooManyRequests || got.Code != "LIMIT_EXCEEDED" || a.Header().Get("Retry-After") == "" {
			t.Errorf("%s: got %+v", code, got)
		}
		want := http.StatusOK
		if code == "AVANGATE" {
			want = http.StatusTooManyRequests
		}
		if a := w.with(w.sign("AVANGATE")); a.Code != want {
			t.Errorf("%s: then the right hash: got %d, want %d", code, a.Code, want)
		}
		w.Clock.Advance(time.Minute)
		if a := w.with(w.sign("AVANGATE")); a.Code != http.StatusOK {
			t.Errorf("%s: a minute later: got %d", code, a.Code)
		}
	}
}

func TestMalformedProofsOfAKnownMerchantCount(t *testing.T) {
	w := newWorld(t)
	for range 10 {
		w.with(`code="AVANGATE" date="now" hash="x"`)
	}
	if a := w.with(w.sign("AVANGATE")); a.Code != http.StatusTooManyRequests {
		t.Errorf("got %d, want 429", a.Code)
	}
}

func TestAlgorithmsCanBeSwitchedOff(t *testing.T) {
	tenants := avangatetest.Vendors()
	tenants[0].Clients[0].Algorithms = []string{"sha256"}
	w := newWorldWith(t, tenants)
	for algorithm, want := range map[string]int{"md5": 401, "sha256": 200, "sha3-256": 401} {
		header, err := rest.Sign("AVANGATE", w.Clock.Now(), "SECRET_KEY", algorithm)
		if err != nil {
			t.Fatal(err)
		}
		if a := w.with(header); a.Code != want {
			t.Errorf("%s: got %d, want %d", algorithm, a.Code, want)
		}
	}
}

func TestBothSecretsWorkDuringRotation(t *testing.T) {
	tenants := avangatetest.Vendors()
	tenants[0].Clients[0].Secrets = []signon.Secret{"NEW_KEY", "SECRET_KEY"}
	w := newWorldWith(t, tenants)
	for key, want := range map[signon.Secret]int{"NEW_KEY": 200, "SECRET_KEY": 200, "OLDER_KEY": 401} {
		header, err := rest.Sign("AVANGATE", w.Clock.Now(), key, "sha256")
		if err != nil {
			t.Fatal(err)
		}
		if a := w.with(header); a.Code != want {
			t.Errorf("%s: got %d, want %d", key.Reveal(), a.Code, want)
		}
	}
}

func TestAuthenticationComesBeforeEverythingThatIsSecret(t *testing.T) {
	w := newWorld(t)
	for _, target := range []string{
		"/rest/6.0/customers/352365983/", "/rest/6.0/customers/nobody/", "/rest/6.0/customers/?ssotoken=x", "/rest/6.0/customers/",
		"/rest/6.0/customers/352365983/cart/?Url=x&Url=y", "/rest/6.0/subscriptions/?Limit=x", "/rest/6.0/orders/1/",
	} {
		r := w.request(http.MethodGet, target, "")
		r.Header.Del(rest.AuthHeader)
		if got := failureOf(t, w.send(r)); got.Code != "AUTHENTICATION_ERROR" {
			t.Errorf("%s: got %+v", target, got)
		}
	}
}

func TestUnknownMerchantAndBadHashDoTheSameWork(t *testing.T) {
	// Time can't be tested on a busy machine; that both run the same HMAC can.
	w := newWorld(t)
	for _, code := range []string{"AVANGATE", "NOBODY"} {
		verified := 0
		_, err := w.SignOn.Authenticate(signon.Claim{Realm: avangate.Realm, ID: code, Verify: func(*signon.Client, string) signon.Reason {
			verified++
			return signon.ReasonBadProof
		}})
		if signon.AsError(err).Code != signon.CodeUnauthenticated || verified != 1 {
			t.Errorf("%s: verified %d times, %v", code, verified, err)
		}
	}
}
