package soap_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
	"github.com/latchkey-sso/latchkey/internal/dialect/avangate/soap"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

func TestEveryCodeBecomesAFault(t *testing.T) {
	w := newWorld(t)
	session := w.login("AVANGATE")
	codes := avangate.Codes()
	if len(codes) < 20 {
		t.Fatalf("got %d codes", len(codes))
	}
	for _, code := range codes {
		for _, f := range []*avangate.Fault{{Code: code}, {Code: code, Argument: signon.ArgTarget, Rule: "is <odd> & \"new\""}} {
			w.Store.Err = f
			message := f.Message(func(string) string { return "url" })
			w.wantFault(w.call("getSingleSignOnInCart", texts(session, "352365983", "AvangateCustomerReference", buyLink)...), string(code), message)
			if message == "" {
				t.Errorf("%s has no message", code)
			}
		}
	}
}

func TestFaultsOfOursLoseTheirText(t *testing.T) {
	w := newWorld(t)
	session := w.login("AVANGATE")
	for _, c := range []struct {
		err    error
		want   fault
		retry  string
		logged string
	}{
		{errors.New("disk: secret detail"), fault{500, "INTERNAL_ERROR", "Something went wrong here; please quote the support code"}, "", "level=ERROR"},
		{signon.Unavailable("commit", errors.New("secret detail")), fault{500, "UNAVAILABLE", "The outcome is not known; it is safe to try again"}, "1", "level=WARN"},
		{&signon.Error{Code: signon.CodeUnavailable, RetryAfter: 1500 * time.Millisecond}, fault{500, "UNAVAILABLE", "The outcome is not known; it is safe to try again"}, "2", "level=WARN"},
	} {
		for method, args := range map[string][]string{
			"getSingleSignOnInCart":    {session, "352365983", "AvangateCustomerReference", buyLink},
			"getCustomerInformation":   {session, "352365983"},
			"getCustomerSubscriptions": {session, "352365983"},
		} {
			w.Store.Err = c.err
			w.Logged.Reset()
			a := w.call(method, texts(args...)...)
			if diff := cmp.Diff(c.want, faultOf(t, a)); diff != "" || a.Header().Get("Retry-After") != c.retry {
				t.Errorf("%s: Retry-After %q (-want +got):\n%s", method, a.Header().Get("Retry-After"), diff)
			}
			for _, want := range []string{c.logged, "support_code=TESTCODE00", "method=" + method} {
				if logged := w.Logged.String(); strings.Count(logged, "\n") != 1 || !strings.Contains(logged, want) {
					t.Errorf("%s: logged %q, want one line with %s", method, logged, want)
				}
			}
		}
	}
}

// TestLogHoldsNoSecret logs all there is to log, and looks for what was sent
// and drawn.
func TestLogHoldsNoSecret(t *testing.T) {
	w := newWorld(t)
	w.handler = soap.New(soap.Options{API: w.API, BaseURL: baseURL, Log: slog.New(slog.NewTextHandler(w.Logged, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	session := w.login("AVANGATE")
	token := w.cartToken(session)
	c, err := avangate.Sign("AVANGATE", w.Clock.Now(), "SECRET_KEY", "md5")
	if err != nil {
		t.Fatal(err)
	}
	secrets := texts(session, token, c.Hash, "canary")
	for _, body := range []string{
		envelope("login", secrets...), envelope("getOrder", secrets...), envelope("canary"), envelope("getSubscription", secrets...),
		envelope("getSubscription", secrets[0]+"<a>"+session+"</b>"), envelope("x", `<a canary="`+token+`" canary="`+c.Hash+`"/>`),
		envelope("x", "<"+session+"/><x:"+token+"/>"), envelope("x", "&"+session+";"), "<!DOCTYPE canary>", session, "<" + token,
		`<?xml version="1.0" encoding="` + session + `"?><x/>`,
	} {
		w.post("/soap/6.0/", []byte(body))
		w.post("/soap/6.0/", []byte(body), "Content-Type", "text/xml; charset="+token)
		w.post("/soap/6.0/", []byte(body), "Content-Encoding", "gzip")
		w.post("/soap/canary/?canary="+token, []byte(body))
	}
	w.Store.Err = errors.New("broken")
	w.call("getSingleSignOnInCart", texts(session, "352365983", "AvangateCustomerReference", buyLink+"&canary=1")...)
	w.call("getCustomerInformationBySSOToken", texts(session, token)...)
	logged := w.Logged.String()
	for _, want := range []string{"level=DEBUG", "level=ERROR", "near byte"} {
		if !strings.Contains(logged, want) {
			t.Fatalf("nothing with %s was logged", want)
		}
	}
	for name, secret := range map[string]string{"session": session, "token": token, "hash": c.Hash, "key": "SECRET_KEY", "name": "canary", "query": "PRODS"} {
		if strings.Contains(logged, secret) {
			t.Errorf("the log holds the %s", name)
		}
	}
}
