package rest_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate/rest"
	"github.com/latchkey-sso/latchkey/internal/inbound"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

func TestSlashesMakeNoDifference(t *testing.T) {
	w := newWorld(t)
	want := w.get("/rest/6.0/customers/352365983/").Body.String()
	for _, target := range []string{
		"/rest/6.0/customers/352365983", "/rest//6.0//customers///352365983//", "//rest/6.0/customers/352365983", "/rest/6.0/customers/%33%35%32365983/",
		"/rest/5.0/customers/352365983/", "/rest/4.0/customers/352365983/", "/rest/3.0/customers/352365983",
		"/rest/6.0/customers/352365983/?includePaymentData=true", "/rest/6.0/customers/352365983/?",
	} {
		a := w.send(w.request(http.MethodGet, "http://api.2checkout.com"+target, ""))
		if a.Code != http.StatusOK || a.Body.String() != want {
			t.Errorf("%s: got %d %s", target, a.Code, a.Body)
		}
	}
}

func TestOtherPathsAre404(t *testing.T) {
	w := newWorld(t)
	for _, target := range []string{
		"/rest/", "/rest/6.0/", "/rest/6.0", "/rest/7.0/customers/1/", "/rest/6/customers/1/", "/rest/6.0/nothing/", "/rest/6.0/orders/",
		"/rest/6.0/customers/1/cart/x/", "/rest/6.0/customers/1/account/index/x/", "/rest/6.0/customers/1/nothing/", "/rest/6.0/subscriptions/1/signon/x/y/",
		"/rest/6.0/Customers/1/", "/Rest/6.0/customers/1/", "/rest/6.0/../6.0/customers/1/", "/rest/6.0/./customers/1/",
		"/rest/6.0/customers%2F1/", "/rest/1/2/3/4/5/6/7/8/9/", "/soap/6.0/", "/",
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
			a := w.send(w.request(method, target, ""))
			if got := failureOf(t, a); got != (failure{404, "NOT_FOUND", "There is nothing here"}) {
				t.Errorf("%s %s: got %+v", method, target, got)
			}
		}
	}
}

func TestOtherMethodsAre405WithAllow(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct{ target, allow, methods string }{
		{"customers/352365983/cart/", "GET, HEAD", "POST PUT DELETE PATCH OPTIONS TRACE get"},
		{"customers/352365983/account/", "GET, HEAD", "POST"},
		{"customers/352365983/account/index", "GET, HEAD", "POST"},
		{"customers/352365983/", "GET, HEAD, PUT", "POST DELETE"},
		{"customers/", "GET, HEAD, POST", "PUT DELETE"},
		{"subscriptions/", "GET, HEAD, POST", "PUT"},
		{"subscriptions/123D40F123/", "GET, HEAD", "PUT DELETE"},
		{"subscriptions/123D40F123/customer", "GET, HEAD", "PUT"},
		{"subscriptions/123D40F123/signon/", "GET, HEAD", "POST"},
		{"subscriptions/123D40F123/signon/index", "GET, HEAD", "POST"},
		{"orders/1/", "GET, HEAD", "DELETE"},
	} {
		for method := range strings.FieldsSeq(c.methods) {
			a := w.send(w.request(method, "/rest/6.0/"+c.target, ""))
			want := failure{405, "METHOD_NOT_ALLOWED", "Only " + c.allow + " can be used here"}
			if got := failureOf(t, a); got != want || a.Header().Get("Allow") != c.allow {
				t.Errorf("%s %s: got %+v, Allow %q; want %+v", method, c.target, got, a.Header().Get("Allow"), want)
			}
		}
	}
}

// TestOverARealConnection shows that HEAD, doubled slashes and bodies of GET
// work through net/http, and that nothing redirects.
func TestOverARealConnection(t *testing.T) {
	w := newWorld(t)
	server := httptest.NewServer(w.handler)
	defer server.Close()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return errors.New("redirected") }}
	type received struct {
		status int
		length int64
		body   string
	}
	send := func(method, target, body string) received {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, server.URL+target, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header["x-avangate-authentication"] = []string{w.sign("AVANGATE")} // as HTTP/2 and many clients send it
		a, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Body.Close()
		data, err := io.ReadAll(a.Body)
		if err != nil {
			t.Fatal(err)
		}
		if len(a.Header.Get(inbound.Header)) != 10 {
			t.Errorf("%s %s: support code %q", method, target, a.Header.Get(inbound.Header))
		}
		return received{a.StatusCode, a.ContentLength, string(data)}
	}
	want := send(http.MethodGet, "/rest/6.0/customers/352365983/", "")
	if want.status != http.StatusOK {
		t.Fatalf("got %+v", want)
	}
	for _, body := range []string{"null", "{}", `{"Url":"x"}`, "not JSON"} {
		if got := send(http.MethodGet, "//rest/6.0//customers/352365983", body); got != want {
			t.Errorf("body %s: got %+v", body, got)
		}
	}
	if got := send(http.MethodHead, "/rest/6.0/customers/352365983", ""); got != (received{http.StatusOK, want.length, ""}) {
		t.Errorf("HEAD: got %+v", got)
	}
	if got := send(http.MethodHead, "/rest/6.0/customers/nobody/", ""); got.status != http.StatusNotFound {
		t.Errorf("HEAD of nobody: got %+v", got)
	}
	if got := send(http.MethodPut, "/rest/6.0/customers/352365983/", `{"Phone":"`+strings.Repeat("1", 20<<10)+`"}`); got.status != http.StatusRequestEntityTooLarge {
		t.Errorf("long body: got %+v", got)
	}
}

func TestHTTP10IsAnswered(t *testing.T) {
	w := newWorld(t)
	server := httptest.NewServer(w.handler)
	defer server.Close()
	c, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, _ = io.WriteString(c, "GET /rest/6.0/customers/352365983/ HTTP/1.0\r\nX-AVANGATE-AUTHENTICATION: "+w.sign("AVANGATE")+"\r\n\r\n")
	answer, err := io.ReadAll(c)
	if err != nil || !bytes.HasPrefix(answer, []byte("HTTP/1.0 200 OK\r\n")) || !bytes.Contains(answer, []byte(`"FirstName":"John"`)) {
		t.Errorf("got %v %s", err, answer)
	}
}

func TestSupportCodeIsMadeUpOnlyWhenThereIsNone(t *testing.T) {
	w := newWorld(t)
	a := httptest.NewRecorder()
	w.handler.ServeHTTP(a, w.request(http.MethodGet, "/rest/6.0/customers/nobody/", ""))
	if got := a.Header().Get(inbound.Header); len(got) != 10 {
		t.Errorf("without one: got %q", got)
	}
	if got := w.get("/rest/6.0/customers/nobody/").Header()[inbound.Header]; len(got) != 1 || got[0] != "TESTCODE00" {
		t.Errorf("with one: got %q", got)
	}
}

func TestBodiesMustBeJSON(t *testing.T) {
	w := newWorld(t)
	const fine = `{"FirstName":"Ann"}`
	for _, c := range []struct {
		name, body    string
		header        map[string]string
		status        int
		code, message string
	}{
		{"no type", fine, nil, 200, "", ""},
		{"json", fine, map[string]string{"Content-Type": "application/json"}, 200, "", ""},
		{"json in UTF-8", fine, map[string]string{"Content-Type": `Application/JSON; charset="UTF-8"`}, 200, "", ""},
		{"text/json", fine, map[string]string{"Content-Type": "text/json"}, 200, "", ""},
		{"identity", fine, map[string]string{"Content-Encoding": "identity"}, 200, "", ""},
		{"form", fine, map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, 415, "MEDIA_TYPE_UNSUPPORTED", "The body must be application/json"},
		{"nonsense type", fine, map[string]string{"Content-Type": ";"}, 415, "MEDIA_TYPE_UNSUPPORTED", "The body must be application/json"},
		{"latin", fine, map[string]string{"Content-Type": "application/json; charset=iso-8859-1"}, 415, "MEDIA_TYPE_UNSUPPORTED", "The body must be in UTF-8"},
		{"gzip", fine, map[string]string{"Content-Encoding": "gzip"}, 415, "MEDIA_TYPE_UNSUPPORTED", "The body must not be compressed"},
		{"empty", "", nil, 400, "REQUEST_INVALID", "The body is not valid JSON"},
		{"broken", `{"FirstName":`, nil, 400, "REQUEST_INVALID", "The body is not valid JSON"},
		{"two values", `{} {}`, nil, 400, "REQUEST_INVALID", "The body is not valid JSON"},
		{"twice", `{"FirstName":"Ann","FirstName":"Bob"}`, nil, 400, "REQUEST_INVALID", "The body names a member twice"},
		{"twice inside", `{"x":[{"y":1,"\u0079":2}]}`, nil, 400, "REQUEST_INVALID", "The body names a member twice"},
		{"not UTF-8", "{\"FirstName\":\"\xff\"}", nil, 400, "REQUEST_INVALID", "The body holds text that is not Unicode"},
		{"deep", `{"x":` + strings.Repeat("[", 16) + strings.Repeat("]", 16) + "}", nil, 400, "REQUEST_INVALID", "The body is nested too deeply"},
		{"deep enough", `{"x":` + strings.Repeat("[", 15) + strings.Repeat("]", 15) + "}", nil, 200, "", ""},
		{"array", `[]`, nil, 400, "REQUEST_INVALID", "The body must be a JSON object"},
		{"null", `null`, nil, 400, "REQUEST_INVALID", "The body must be a JSON object"},
		{"16 KiB", fine + strings.Repeat(" ", 16<<10-len(fine)), nil, 200, "", ""},
		{"16 KiB and one", fine + strings.Repeat(" ", 16<<10-len(fine)+1), nil, 413, "REQUEST_TOO_LARGE", "The body must have at most 16 KiB"},
	} {
		r := w.request(http.MethodPut, "/rest/6.0/customers/352365983/", c.body)
		for name, value := range c.header {
			r.Header.Set(name, value)
		}
		a := w.send(r)
		if c.status == http.StatusOK {
			if a.Code != c.status || a.Body.String() != "true" {
				t.Errorf("%s: got %d %s", c.name, a.Code, a.Body)
			}
			continue
		}
		if got := failureOf(t, a); got != (failure{c.status, c.code, c.message}) {
			t.Errorf("%s: got %+v", c.name, got)
		}
	}
}

func TestBodyThatBreaksOffIsRefused(t *testing.T) {
	w := newWorld(t)
	r := w.request(http.MethodPut, "/rest/6.0/customers/352365983/", "")
	r.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"FirstName":"Ann"`), brokenReader{}))
	a := httptest.NewRecorder()
	w.handler.ServeHTTP(a, r)
	if got := failureOf(t, a); got != (failure{400, "REQUEST_INVALID", "The body must arrive whole"}) {
		t.Errorf("got %+v", got)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

func TestFaultsOfOursLoseTheirText(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		err    error
		want   failure
		retry  string
		logged string
	}{
		{errors.New("disk: secret detail"), failure{500, "INTERNAL_ERROR", "Something went wrong here; please quote the support code"}, "", "level=ERROR"},
		{signon.Unavailable("commit", errors.New("secret detail")), failure{503, "UNAVAILABLE", "The outcome is not known; it is safe to try again"}, "1", "level=WARN"},
		{&signon.Error{Code: signon.CodeUnavailable, RetryAfter: 1500 * time.Millisecond}, failure{503, "UNAVAILABLE", "The outcome is not known; it is safe to try again"}, "2", "level=WARN"},
	} {
		for _, target := range []string{cartTarget("352365983", buyLink), "/rest/6.0/customers/352365983/", "/rest/6.0/subscriptions/"} {
			w.Store.Err = c.err
			w.Logged.Reset()
			a := w.get(target)
			if diff := cmp.Diff(c.want, failureOf(t, a)); diff != "" || a.Header().Get("Retry-After") != c.retry {
				t.Errorf("%s: Retry-After %q (-want +got):\n%s", target, a.Header().Get("Retry-After"), diff)
			}
			if logged := w.Logged.String(); strings.Count(logged, "\n") != 1 || !strings.Contains(logged, c.logged) || !strings.Contains(logged, "support_code=TESTCODE00") {
				t.Errorf("%s: logged %q, want one line of %s", target, logged, c.logged)
			}
		}
	}
}

func TestLogHoldsNeitherTokenNorCredentials(t *testing.T) {
	w := newWorld(t)
	token := tokenOf(t, link(t, w.get(cartTarget("352365983", buyLink))))
	w.Store.Err = errors.New("broken")
	w.get("/rest/6.0/customers/?ssotoken=" + token)
	w.get(cartTarget("352365983", buyLink))
	if w.Logged.Len() == 0 {
		t.Fatal("nothing was logged")
	}
	for _, secret := range []string{token, "SECRET_KEY", "hash=", "PRODS"} {
		if strings.Contains(w.Logged.String(), secret) {
			t.Error("the log holds a token, credentials or a query")
		}
	}
}

func TestSignIsWhatTheHandlerAccepts(t *testing.T) {
	w := newWorld(t)
	for _, algorithm := range []string{"", "md5", "sha256", "SHA3-256"} {
		header, err := rest.Sign("AVANGATE", w.Clock.Now(), "SECRET_KEY", algorithm)
		if err != nil {
			t.Fatal(err)
		}
		r := w.request(http.MethodGet, "/rest/6.0/customers/352365983/", "")
		r.Header.Set(rest.AuthHeader, header)
		if a := w.send(r); a.Code != http.StatusOK {
			t.Errorf("%s: got %d", algorithm, a.Code)
		}
	}
	if _, err := rest.Sign("AVANGATE", w.Clock.Now(), "SECRET_KEY", "rot13"); err == nil {
		t.Error("signed with an unknown algorithm")
	}
}
