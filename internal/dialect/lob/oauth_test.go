package lob_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/jwt"
)

const asForm = "application/x-www-form-urlencoded"

// ask builds a request to the token endpoint; basic are the credentials in the
// header, unless empty.
func ask(body, basic string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/oauth2/token", strings.NewReader(body))
	r.Host = ownHost
	r.Header.Set("Content-Type", asForm)
	if basic != "" {
		r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(basic)))
	}
	return r
}

// accessOf returns the access token of an answer, and its claims.
func (w *world) accessOf(a *httptest.ResponseRecorder) (token string, claims map[string]any) {
	w.Helper()
	var got struct {
		AccessToken string `json:"access_token"`
		TokenType   string `json:"token_type"`
		ExpiresIn   int    `json:"expires_in"`
	}
	if err := json.Unmarshal(a.Body.Bytes(), &got); a.Code != 200 || err != nil || got.TokenType != "Bearer" || got.ExpiresIn != 3600 {
		w.Fatalf("got %d %s", a.Code, a.Body)
	}
	text, _, err := jwt.Verify(w.Context(), got.AccessToken, jwt.Set{keyFor("own", jwt.RS256)})
	if err != nil {
		w.Fatal(err)
	}
	if err := json.Unmarshal(text, &claims); err != nil {
		w.Fatal(err)
	}
	return got.AccessToken, claims
}

func TestAccessTokensHaveTheShapeOfCognitos(t *testing.T) {
	w := newWorld(t)
	seen := map[any]bool{}
	for range 3 {
		_, claims := w.accessOf(w.send(ask("grant_type=client_credentials&scope=profile/read+sso/generate+profile/read", "demo-03:demo-03-secret")))
		if seen[claims["jti"]] {
			t.Error("two tokens have one jti")
		}
		seen[claims["jti"]] = true
		delete(claims, "jti")
		want := fmt.Sprint(map[string]any{
			"sub": "demo-03", "client_id": "demo-03", "token_use": "access", "scope": "profile/read sso/generate", "iss": base + "/oauth2", "version": 2.0,
			"auth_time": 1795262400.0, "iat": 1795262400.0, "exp": 1795266000.0,
		})
		if fmt.Sprint(claims) != want {
			t.Errorf("got %v, want %s", claims, want)
		}
	}
	_, claims := w.accessOf(w.send(ask("grant_type=client_credentials", "demo-03:demo-03-secret")))
	if claims["scope"] != "sso/generate profile/read" {
		t.Errorf("no scope asked: got %v, want all", claims["scope"])
	}
}

func TestClientsProveThemselvesInOneWay(t *testing.T) {
	w := newWorld(t)
	const grant = "grant_type=client_credentials"
	for name, r := range map[string]*http.Request{
		"in the header":            ask(grant, "demo:demo-secret"),
		"in the body":              ask(grant+"&client_id=demo&client_secret=demo-secret", ""),
		"named in the body, too":   ask(grant+"&client_id=demo", "demo:demo-secret"),
		"escaped in the header":    ask(grant, url.QueryEscape("a b+c")+":"+url.QueryEscape("a b+c-secret")),
		"not escaped, as it is":    ask(grant, "a b+c:a b+c-secret"),
		"without a value of scope": ask(grant+"&scope=", "demo:demo-secret"),
	} {
		w.caller = w.caller.Next()
		if a := w.send(r); a.Code != 200 {
			t.Errorf("%s: got %d %s", name, a.Code, a.Body)
		}
	}
	bad := ask(grant, "")
	bad.Header.Set("Authorization", "Bearer "+w.bearer("demo"))
	noBase64 := ask(grant, "")
	noBase64.Header.Set("Authorization", "Basic demo:demo-secret")
	twice := ask(grant, "demo:demo-secret")
	twice.Header.Add("Authorization", twice.Header.Get("Authorization"))
	otherType := ask(grant, "demo:demo-secret")
	otherType.Header.Set("Content-Type", "application/json")
	for name, c := range map[string]struct {
		request *http.Request
		want    string
	}{
		"twice":                  {ask(grant+"&client_secret=demo-secret", "demo:demo-secret"), "invalid_request"},
		"as two":                 {ask(grant+"&client_id=weak", "demo:demo-secret"), "invalid_request"},
		"a parameter twice":      {ask(grant+"&"+grant, "demo:demo-secret"), "invalid_request"},
		"no grant":               {ask("scope=x", "demo:demo-secret"), "invalid_request"},
		"an empty grant":         {ask("grant_type=", "demo:demo-secret"), "invalid_request"},
		"no body":                {ask("", "demo:demo-secret"), "invalid_request"},
		"a bad escape":           {ask(grant+"&x=%zz", "demo:demo-secret"), "invalid_request"},
		"a body of another type": {otherType, "invalid_request"},
		"not at all":             {ask(grant, ""), "invalid_client"},
		"with a token":           {bad, "invalid_client"},
		"no base64":              {noBase64, "invalid_client"},
		"two headers":            {twice, "invalid_client"},
		"no colon":               {ask(grant, "demo"), "invalid_client"},
		"no name":                {ask(grant, ":demo-secret"), "invalid_client"},
		"no secret":              {ask(grant, "demo:"), "invalid_client"},
		"another's":              {ask(grant, "demo:weak-secret"), "invalid_client"},
		"of the other group":     {ask(grant, "other:other-secret"), "invalid_client"},
		"a client of the API":    {ask(grant, group+":x"), "invalid_client"},
		"another grant":          {ask("grant_type=password", "demo:demo-secret"), "unsupported_grant_type"},
		"another grant, nobody":  {ask("grant_type=password", "nobody:x"), "invalid_client"},
		"a scope of others":      {ask(grant+"&scope=profile/read", "demo:demo-secret"), "invalid_scope"},
		"a scope too many":       {ask(grant+"&scope=sso/generate+x", "demo:demo-secret"), "invalid_scope"},
		"a scope of other case":  {ask(grant+"&scope=SSO/generate", "demo:demo-secret"), "invalid_scope"},
	} {
		w.caller = w.caller.Next()
		w.is(name, w.send(c.request), 400, `{"error":"`+c.want+`"}`)
	}
}

func TestTheTokenEndpointHasTheOtherErrorsOfAllCalls(t *testing.T) {
	w := newWorld(t)
	const grant = "grant_type=client_credentials"
	elsewhere := ask(grant, "demo:demo-secret")
	elsewhere.Host = "elsewhere.example"
	w.is("host", w.send(elsewhere), 406, notAcceptable)
	w.is("length", w.send(ask(grant+"&x="+strings.Repeat("x", 16<<10), "demo:demo-secret")), 413, `{"message":"Request Too Long"}`)
	gzip := ask(grant, "demo:demo-secret")
	gzip.Header.Set("Content-Encoding", "gzip")
	w.is("coding", w.send(gzip), 415, `{"message":"Unsupported Media Type"}`)
	w.clock.advance(2 * time.Second)
	w.store.err = errBroken
	w.is("store", w.send(ask(grant, "demo:demo-secret")), 502, `{"message":"Internal server error"}`)
	w.store.err = nil
	for range 10 {
		w.send(ask(grant, "demo:wrong"))
	}
	a := w.send(ask(grant, "demo:demo-secret"))
	w.is("too many failures", a, 429, `{"message":"Too Many Requests"}`)
	if a.Header().Get("Retry-After") == "" {
		t.Error("429 without Retry-After")
	}
	if a := w.send(ask(grant, "demo-03:demo-03-secret")); a.Code != 200 {
		t.Errorf("another client from there: got %d %s", a.Code, a.Body)
	}
	w.caller = w.caller.Next()
	if a := w.send(ask(grant, "demo:demo-secret")); a.Code != 200 {
		t.Errorf("the client from elsewhere: got %d %s", a.Code, a.Body)
	}
}

func TestATenantWithoutAnIssuerHasNone(t *testing.T) {
	w := newWorld(t)
	tenants := w.groups()
	tenants[0].Issuers = tenants[0].Issuers[1:]
	w.apply(tenants)
	w.is("token", w.send(ask("grant_type=client_credentials", "demo:demo-secret")), 404, `{"message":"Not Found"}`)
	for _, path := range []string{"/oauth2/.well-known/openid-configuration", "/oauth2/.well-known/jwks.json"} {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Host = ownHost
		w.is(path, w.send(r), 404, `{"message":"Not Found"}`)
	}
}

// TestAnIssuerKeepsItsName: where it is declared with one.
func TestAnIssuerKeepsItsName(t *testing.T) {
	w := newWorld(t)
	const name = "https://sso.example/group/oauth2"
	tenants := w.groups()
	tenants[0].Issuers[0].URL = name
	w.apply(tenants)
	token, claims := w.accessOf(w.send(ask("grant_type=client_credentials", "demo:demo-secret")))
	if claims["iss"] != name {
		t.Errorf("got %v, want %s", claims["iss"], name)
	}
	w.let("its token", token, 200)
	w.let("of the usual name", w.bearer("demo"), 401)
	d := httptest.NewRequest(http.MethodGet, "/oauth2/.well-known/openid-configuration", nil)
	d.Host = ownHost
	if got := w.send(d).Body.String(); !strings.Contains(got, `"jwks_uri":"`+name+`/.well-known/jwks.json"`) {
		t.Errorf("got %s", got)
	}
}

// TestTheIssuersNameNeverComesFromTheRequest: neither in tokens nor in documents.
func TestTheIssuersNameNeverComesFromTheRequest(t *testing.T) {
	w := newWorld(t)
	tenants := w.groups()
	tenants[0].Hosts = append(tenants[0].Hosts, "evil.example")
	tenants[0].Issuers[0].URL = "" // of where the server is
	w.apply(tenants)
	r := ask("grant_type=client_credentials", "demo:demo-secret")
	r.Host = "evil.example"
	r.Header.Set("X-Forwarded-Host", "evil.example")
	token, claims := w.accessOf(w.send(r))
	if claims["iss"] != base+"/oauth2" {
		t.Errorf("got %v", claims["iss"])
	}
	w.let("its token", token, 200)
	d := httptest.NewRequest(http.MethodGet, "/oauth2/.well-known/openid-configuration", nil)
	d.Host = "evil.example"
	if got := w.send(d).Body.String(); strings.Contains(got, "evil") {
		t.Errorf("got %s", got)
	}
}
