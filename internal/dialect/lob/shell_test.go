package lob_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/inbound"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

func TestAllMissingHeadersAreListed(t *testing.T) {
	w := newWorld(t)
	for missing, want := range map[string]string{
		"X-Lob-Client-Id":                            "x-lob-client-id",
		"Content-Type":                               "Content-Type",
		"X-Lob-Client-Id Content-Type":               "x-lob-client-id, Content-Type",
		"X-Api-Version X-Lob-Client-Id":              "x-lob-client-id, x-api-version",
		"X-Api-Version Content-Type X-Lob-Client-Id": "x-lob-client-id, Content-Type, x-api-version",
	} {
		for _, empty := range []bool{false, true} {
			r := w.request("get_sso_token", goodBody)
			for name := range strings.FieldsSeq(missing) {
				if delete(r.Header, name); empty {
					r.Header[name] = []string{""}
				}
			}
			w.is(missing, w.send(r), 400, `{"message":"Missing required request parameters: [`+want+`]"}`)
		}
	}
}

func TestHeadersAreReadInOneWay(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		name   string
		values []string
		status int
	}{
		{"Content-Type", []string{"application/json; charset=utf-8"}, 200},
		{"Content-Type", []string{"Application/JSON;charset=\"UTF-8\"; x=y"}, 200},
		{"Content-Type", []string{"application/json;charset=utf-16"}, 415},
		{"Content-Type", []string{"application/json", "application/json"}, 415},
		{"Content-Type", []string{"application/jsonx"}, 415},
		{"Content-Type", []string{";"}, 415},
		{"Content-Encoding", []string{"gzip"}, 415},
		{"Content-Encoding", []string{"identity"}, 200},
		{"X-Api-Version", []string{"1.0.0", "1.0.0"}, 400},
		{"X-Api-Version", []string{"1.0"}, 400},
		{"X-Api-Version", []string{"1.0.0 "}, 400},
		{"X-Lob-Client-Id", []string{group, group}, 403},
		{"X-Lob-Client-Id", []string{"", ""}, 403},
		{"X-Lob-Client-Id", []string{"", group}, 403},
		{"X-Lob-Client-Id", []string{strings.ToLower(group)}, 403},
		{"X-Lob-Client-Id", []string{"1RrLMyLrZGA"}, 403},
		{"X-Lob-Client-Id", []string{"b3RoZXI="}, 403}, // of another tenant, with a bearer of that name
	} {
		r := w.request("get_sso_token", goodBody)
		r.Header[c.name] = c.values
		if a := w.send(r); a.Code != c.status {
			t.Errorf("%s %q: got %d %s, want %d", c.name, c.values, a.Code, a.Body, c.status)
		}
	}
}

func TestACorrelationIDIsRepeatedIfItIsOne(t *testing.T) {
	w := newWorld(t)
	long := strings.Repeat("x", 128)
	for _, c := range []struct {
		values []string
		want   string
	}{
		{nil, ""},
		{[]string{"order 4711/a"}, "order 4711/a"},
		{[]string{long}, long},
		{[]string{long + "x"}, ""},
		{[]string{"a", "b"}, ""},
		{[]string{"é"}, ""},
		{[]string{"a\x00b"}, ""},
		{[]string{""}, ""},
	} {
		for _, call := range []string{"get_sso_token", "nothing"} { // also with errors
			r := w.request(call, goodBody)
			r.Header["X-Correlation-Id"] = c.values
			if got := w.send(r).Header().Values("X-Correlation-Id"); strings.Join(got, "|") != c.want {
				t.Errorf("%q: got %q, want %q", c.values, got, c.want)
			}
		}
	}
}

func TestHostsAreThoseOfTheTenant(t *testing.T) {
	w := newWorld(t)
	for host, status := range map[string]int{
		"api.example": 200, "API.Example": 200, "api.example:80": 200, "api.example:8443": 200,
		"": 406, "api.example:443": 406, "api.example:8444": 406, "api.example.": 406, "x.api.example": 406, "login.example": 406, "192.0.2.1": 406,
	} {
		r := w.request("get_sso_token", goodBody)
		r.Host = host
		if a := w.send(r); a.Code != status {
			t.Errorf("%s: got %d %s, want %d", host, a.Code, a.Body, status)
		}
	}
	for addr, status := range map[string]int{"192.0.2.255": 200, "::ffff:192.0.2.1": 200, "2001:db8::1": 200, "192.0.3.1": 406, "2001:db9::1": 406} {
		w.caller = netip.MustParseAddr(addr)
		if a := w.send(w.request("get_sso_token", goodBody)); a.Code != status {
			t.Errorf("%s: got %d %s, want %d", addr, a.Code, a.Body, status)
		}
	}
	w.caller = netip.Addr{}
	w.is("from nowhere", w.send(w.request("get_sso_token", goodBody)), 406, notAcceptable)
	for _, path := range []string{"/lob/02/.well-known/jwks.json", "/oauth2/.well-known/jwks.json", "/oauth2/.well-known/openid-configuration"} {
		r := httptest.NewRequest(http.MethodGet, path, nil) // keys are for everybody, at a host of the tenant
		r.Host = ownHost
		if a := w.send(r); a.Code != http.StatusOK {
			t.Errorf("%s from elsewhere: got %d", path, a.Code)
		}
		r.Host = "elsewhere.example"
		w.is(path, w.send(r), 406, notAcceptable)
	}
}

func TestBodiesHaveOneReading(t *testing.T) {
	w := newWorld(t)
	fill := strings.Repeat(" ", 16<<10-len(goodBody))
	for body, status := range map[string]int{
		goodBody:        200,
		goodBody + fill: 200,
		`{"CIINo":10001004,"LOBId":"01","Functionality":"D","more":{"x":[1]}}`:           200,
		`{"GenerateTokenRequest":{"CIINo":"10001004","LOBId":"01","Functionality":"D"}}`: 200,
		`{"CIINo":"\u0031\u00300\u00301004","LOBId":"01","Functionality":"äöüßé"}`:       200,
		``:                    400,
		`null`:                400,
		`[]`:                  400,
		`"x"`:                 400,
		`{"CIINo":"10001004"`: 400,
		goodBody + goodBody:   400,
		`{"CIINo":"10001004","CIINo":"10001004","LOBId":"01","Functionality":"D"}`:                          400,
		`{"CIINo":"10001004","C\u0049INo":"10001005","LOBId":"01","Functionality":"D"}`:                     400,
		`{"CIINo":10001004.0,"LOBId":"01","Functionality":"D"}`:                                             400,
		`{"CIINo":1.0001004e7,"LOBId":"01","Functionality":"D"}`:                                            400,
		`{"CIINo":-10001004,"LOBId":"01","Functionality":"D"}`:                                              400,
		`{"CIINo":true,"LOBId":"01","Functionality":"D"}`:                                                   400,
		`{"CIINo":{},"LOBId":"01","Functionality":"D"}`:                                                     400,
		`{"CIINo":"10001004","LOBId":"01","Functionality":1}`:                                               400,
		`{"GenerateTokenRequest":[]}`:                                                                       400,
		`{"GenerateTokenRequest":null}`:                                                                     400,
		`{"GenerateTokenRequest":{"CIINo":"10001004","LOBId":"01","Functionality":"D"},"CIINo":"10001005"}`: 400,
		`{"x":` + strings.Repeat("[", 16) + strings.Repeat("]", 16) + `}`:                                   400,
		"{\"CIINo\":\"\xff\"}":                                                                              400,
	} {
		if a := w.send(w.request("get_sso_token", body)); a.Code != status || status == 200 && !strings.Contains(a.Body.String(), `"ReturnCode":1,`) {
			t.Errorf("%.80s: got %d %s, want %d", body, a.Code, a.Body, status)
		}
	}
	for _, body := range []string{`{"CIINo":" 10001004","LOBId":"01","Functionality":"D"}`, `{"ciino":"10001004","LOBId":"01","Functionality":"D"}`, `{"CIINo":"10001004'","LOBId":"01","Functionality":"D"}`, `{"CIINo":` + strings.Repeat("9", 40) + `,"LOBId":"01","Functionality":"D"}`, `{"ValidateTokenRequest":` + goodBody + `}`} {
		w.is(body, w.send(w.request("get_sso_token", body)), 200, code("V1", "Please provide valid CII number."))
	}
	w.is("a line of business as a number", w.send(w.request("get_sso_token", `{"CIINo":"10001004","LOBId":1,"Functionality":"D"}`)), 403, forbidden)
	w.is("that turns the text", w.send(w.request("get_sso_token", `{"CIINo":"10001004","LOBId":"01","Functionality":"D\u202e"}`)), 200, code("V5", "Please provide Functionality."))
	w.is("with a line end", w.send(w.request("get_sso_token", `{"CIINo":"10001004","LOBId":"01","Functionality":"D\n"}`)), 200, code("V5", "Please provide Functionality."))
	r := w.request("get_sso_token", "")
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(goodBody+fill+" ")), -1
	w.is("of a length not announced", w.send(r), 413, `{"message":"Request Too Long"}`)
	r = w.request("get_sso_token", "")
	r.Body, r.ContentLength = io.NopCloser(io.MultiReader(strings.NewReader(`{`), brokenReader{})), -1
	w.is("broken off", w.send(r), 400, `{"message":"The body must arrive whole"}`)
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

func TestOtherPathsAndMethodsHaveTheSameForm(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/v2", "/v2/", "/v2/get_sso_token/x", "/v2/GET_SSO_TOKEN", "/oauth2", "/oauth2/jwks.json", "/lob/01/x/.well-known/jwks.json", "/v2/a/b/c/d/e/f/g/h", "/v2%2Fget_sso_token"} {
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(goodBody))
		r.Host = ownHost
		w.is(path, w.send(r), 404, `{"message":"Not Found"}`)
	}
	for path, allow := range map[string]string{
		"/v2/get_sso_token": "POST", "/v2/validate_sso_token": "POST", "/v2/get_member": "POST", "/v2/map_lob": "POST", "/v2/logout": "POST", "/oauth2/token": "POST",
		"/oauth2/.well-known/openid-configuration": "GET, HEAD", "/oauth2/.well-known/jwks.json": "GET, HEAD", "/lob/01/.well-known/jwks.json": "GET, HEAD",
	} {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "T", "post"} {
			if strings.Contains(" "+strings.ReplaceAll(allow, ",", "")+" ", " "+method+" ") {
				continue
			}
			r := httptest.NewRequest(method, path, nil)
			r.Host = ownHost
			a := w.send(r)
			if a.Code != http.StatusMethodNotAllowed || a.Header().Get("Allow") != allow {
				t.Errorf("%s %s: got %d, Allow %q, want %q", method, path, a.Code, a.Header().Get("Allow"), allow)
			}
		}
	}
	for _, path := range []string{"//v2/get_sso_token/", "/v2//get_sso_token?x=y", "/v2/%67et_sso_token"} {
		r := w.request("get_sso_token", goodBody)
		r.URL.Path, r.URL.RawPath, r.URL.RawQuery = "", "", ""
		u := httptest.NewRequest(http.MethodPost, "http://"+ownHost+path, nil).URL
		r.URL = u
		tokenOf(t, w.send(r))
	}
}

func TestHeadIsAnsweredWithoutABody(t *testing.T) {
	w := newWorld(t)
	for path, status := range map[string]int{"/lob/02/.well-known/jwks.json": 200, "/lob/99/.well-known/jwks.json": 404} {
		r := httptest.NewRequest(http.MethodHead, path, nil)
		r.Host = ownHost
		if a := w.send(r); a.Code != status || a.Body.Len() != 0 || a.Header().Get("Content-Length") == "0" {
			t.Errorf("HEAD %s: got %d, %q", path, a.Code, a.Body)
		}
	}
}

// calls are all that there are, by a client and with a body that let it through.
func (w *world) calls() map[string]func() *http.Request {
	t := w.token(member, "01")
	return map[string]func() *http.Request{
		"get_sso_token":      func() *http.Request { return w.request("get_sso_token", goodBody) },
		"validate_sso_token": func() *http.Request { return w.request("validate_sso_token", validation(t.TokenRefNo, t.TokenNo)) },
		"get_member":         func() *http.Request { return w.request("get_member", `{"CIINo":"10001004"}`) },
		"map_lob":            func() *http.Request { return w.request("map_lob", `{"CIINo":"10001006","LOBId":"01"}`) },
		"logout":             func() *http.Request { return w.request("logout", `{"CIINo":"10001004"}`) },
	}
}

func TestFaultsOfOursLoseTheirText(t *testing.T) {
	w := newWorld(t)
	calls := w.calls()
	for _, c := range []struct {
		err    error
		status int
		body   string
		retry  string
	}{
		{errors.New("disk: secret detail"), 502, `{"message":"Internal server error"}`, ""},
		{signon.Unavailable("commit", errors.New("secret detail")), 502, `{"message":"Internal server error"}`, "1"},
		{&signon.Error{Code: signon.CodeLimit, RetryAfter: 7 * time.Second}, 429, `{"message":"Too Many Requests"}`, "7"},
	} {
		for name, request := range calls {
			r := request()
			w.warmKeys()
			w.store.err = c.err
			before := w.logged.String()
			a := w.send(r)
			w.store.err = nil
			w.is(name, a, c.status, c.body)
			if got := a.Header().Get("Retry-After"); got != c.retry {
				t.Errorf("%s: Retry-After %q, want %q", name, got, c.retry)
			}
			logged := strings.TrimPrefix(w.logged.String(), before)
			if (c.status == 502) != (strings.Count(logged, "\n") == 1 && strings.Contains(logged, "support_code=TESTCODE00")) {
				t.Errorf("%s: %d logged as %q", name, c.status, logged)
			}
		}
	}
}

// warmKeys has the keys remembered, so that the next call does not ask the store.
func (w *world) warmKeys() {
	w.Helper()
	w.token(member, "01")
	w.send(w.request("validate_sso_token", validation("1", "a.b.c")))
}

func TestAKeyThatCannotBeReadIsOurFault(t *testing.T) {
	w := newWorld(t)
	w.clock.advance(2 * time.Second)
	r := w.request("get_sso_token", goodBody)
	w.store.err = errors.New("disk: secret detail") // and the issuer's keys are not remembered any more
	w.is("keys of the issuer", w.send(r), 502, `{"message":"Internal server error"}`)
	w.store.err = nil
	w.apply(append(w.groups()[:1:1], signon.Tenant{ID: "new", Hosts: []string{"new.example"}, Issuers: []signon.Issuer{{URL: base + "/oauth2", Own: true}}, Clients: []signon.Client{oauthClient("fresh", scope)}}))
	f := httptest.NewRequest(http.MethodPost, "/oauth2/token", strings.NewReader("grant_type=client_credentials&client_id=fresh&client_secret=fresh-secret"))
	f.Host = "new.example"
	f.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w.is("an issuer without keys", w.send(f), 502, `{"message":"Internal server error"}`)
}

func TestACallPastItsDeadlineIs504(t *testing.T) {
	w := newSlowWorld(t, time.Second)
	calls := w.calls()
	for name, request := range calls {
		r := request()
		w.warmKeys()
		w.store.hang = true
		a := w.send(r)
		w.store.hang = false
		w.is(name, a, 504, `{"message":"Endpoint request timed out"}`)
	}
}

func TestTheDeadlineOutlivesTheServers(t *testing.T) {
	w := newWorld(t)
	r := w.request("get_sso_token", goodBody)
	ctx, cancel := newCancelled(t)
	defer cancel()
	tokenOf(t, w.send(r.WithContext(ctx)))
}

func TestSupportCodeIsMadeUpOnlyWhenThereIsNone(t *testing.T) {
	w := newWorld(t)
	a := httptest.NewRecorder()
	w.handler.ServeHTTP(a, w.request("nothing", ""))
	if got := a.Header().Get(inbound.Header); len(got) != 10 || a.Header().Get("X-Amzn-Requestid") != got {
		t.Errorf("got %q", got)
	}
}
