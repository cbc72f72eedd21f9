package lob_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/jwt"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// with makes a call with an access token.
func (w *world) with(token string) *httptest.ResponseRecorder {
	w.Helper()
	r := w.request("get_sso_token", goodBody)
	r.Header.Set("Authorization", token)
	return w.send(r)
}

// let checks whether a token is let in.
func (w *world) let(what, token string, status int) {
	w.Helper()
	a := w.with(token)
	want := map[int]string{401: unauthorized, 403: forbidden, 502: `{"message":"Internal server error"}`}[status]
	if a.Code != status || want != "" && a.Body.String() != want {
		w.Errorf("%s: got %d %s, want %d", what, a.Code, a.Body, status)
	}
}

func TestTheBearerIsReadInTwoForms(t *testing.T) {
	w := newWorld(t)
	good := w.bearer("demo")
	for _, header := range []string{good, "Bearer " + good, "bearer " + good, "BEARER " + good} {
		w.let(header[:9], header, 200)
	}
	for _, header := range []string{
		"Bearer", "Bearer ", "Bearer  " + good, "Bearer\t" + good, "Bearer" + good, "Basic " + good, "Bearer " + good + " ", good + ",", good + ", " + good,
		"Bearer Bearer " + good, good + "=", good[:len(good)-1], good + "A", "a.b", "a.b.c.d", "..", "dlfldfjadlka", "Bearer null", good[1:], strings.Repeat("a", 9000), "é.é.é",
		"e30.bnVsbA.AA", "e30.W10.AA", "e30.eyJpc3MiOjF9.AA", "e30.eyJpc3MiOiJhIiwiaXNzIjoiYiJ9.AA",
	} {
		w.let(fmt.Sprintf("%.40q", header), header, 401)
	}
	for _, values := range [][]string{{good, good}, {"", good}, {""}} {
		r := w.request("get_sso_token", goodBody)
		r.Header["Authorization"] = values
		w.is("several", w.send(r), 401, unauthorized)
	}
}

// TestTokensOfTheOwnIssuerAreJudged goes through the claims.
func TestTokensOfTheOwnIssuerAreJudged(t *testing.T) {
	w := newWorld(t)
	now := w.clock.Now().Unix()
	for _, c := range []struct {
		name    string
		changes map[string]any
		status  int
	}{
		{"as it is", nil, 200},
		{"one of several scopes", map[string]any{"scope": "a sso/all b"}, 200},
		{"another scope", map[string]any{"scope": "profile/read"}, 403},
		{"part of a scope", map[string]any{"scope": "sso/generate2 sso"}, 403},
		{"no scope", map[string]any{"scope": nil}, 403},
		{"scp is another issuer's", map[string]any{"scope": nil, "scp": scope}, 403},
		{"another client", map[string]any{"client_id": "demo-03"}, 403},
		{"no client", map[string]any{"client_id": nil}, 401},
		{"azp is another issuer's", map[string]any{"client_id": nil, "azp": "demo"}, 401},
		{"an ID token", map[string]any{"token_use": "id"}, 401},
		{"no use", map[string]any{"token_use": nil}, 401},
		{"an audience", map[string]any{"aud": "demo"}, 401},
		{"another issuer", map[string]any{"iss": base + "/oauth2/"}, 401},
		{"an issuer of other case", map[string]any{"iss": strings.ToUpper(base) + "/oauth2"}, 401},
		{"no issuer", map[string]any{"iss": nil}, 401},
		{"an empty issuer", map[string]any{"iss": ""}, 401},
		{"an issuer that is a list", map[string]any{"iss": []string{base + "/oauth2"}}, 401},
		{"no end", map[string]any{"exp": nil}, 401},
		{"an end that is a text", map[string]any{"exp": "9999999999"}, 401},
		{"a second left", map[string]any{"exp": now + 1}, 200},
		{"not yet", map[string]any{"nbf": now + 120}, 401},
		{"made later", map[string]any{"iat": now + 120}, 401},
		{"a clock that is ahead", map[string]any{"iat": now + 30, "nbf": now + 30}, 200},
	} {
		w.let(c.name, w.sign(keyFor("own", jwt.RS256), w.claims(c.changes)), c.status)
	}
	expired := w.sign(keyFor("own", jwt.RS256), w.claims(map[string]any{"exp": now}))
	w.is("expired", w.with(expired), 401, `{"message":"The incoming token has expired"}`)
	w.let("expired, and of another use", w.sign(keyFor("own", jwt.RS256), w.claims(map[string]any{"exp": now, "token_use": "id"})), 401)
	w.let("expired, and signed by another", w.sign(keyFor("thief", jwt.RS256), w.claims(map[string]any{"exp": now})), 401)
	w.let("of another key", w.sign(keyFor("thief", jwt.RS256), w.claims(nil)), 401)
	w.let("of the other group", w.sign(keyFor("other", jwt.RS256), w.claims(nil)), 401)
	w.let("of a line of business", w.sign(keyFor("04", jwt.RS256), w.claims(nil)), 401)
}

// TestTheEndIsAnInstant: at it, a token is over, and a millisecond before it is not.
func TestTheEndIsAnInstant(t *testing.T) {
	w := newWorld(t)
	bearer := w.sign(keyFor("own", jwt.RS256), w.claims(map[string]any{"exp": w.clock.Now().Unix() + 3600}))
	first, second := w.token(member, "01"), w.token(member, "01")
	w.clock.advance(time.Hour - 757*time.Millisecond) // tokens end with the second they were issued in
	w.let("a millisecond before", bearer, 200)
	lasting := w.request("validate_sso_token", validation(first.TokenRefNo, first.TokenNo))
	if a := w.send(lasting); !strings.Contains(a.Body.String(), `"ReturnCode":1,`) {
		t.Errorf("a millisecond before: got %s", a.Body)
	}
	w.clock.advance(time.Millisecond)
	w.is("at it", w.with(bearer), 401, `{"message":"The incoming token has expired"}`)
	w.is("at it", w.validate(second), 200, notValid)
}

func TestTheAlgorithmOfAnIssuerIsPinned(t *testing.T) {
	w := newWorld(t)
	w.addKey(own, signon.OwnIssuer, "k2", keyFor("02", jwt.ES256)) // should somebody have made such a key
	w.clock.advance(2 * time.Second)
	w.let("ES256", w.sign(keyFor("02", jwt.ES256), w.claims(nil)), 401)
	w.let("RS256", w.bearer("demo"), 200)
	published := w.keySet("/oauth2/.well-known/jwks.json")
	w.let("a public key as a secret", w.sign(secretKey(published), w.claims(nil)), 401)
	w.cognito.set(false, keyFor("02", jwt.ES256), keyFor("cognito", jwt.RS256))
	w.let("ES256 of another issuer", w.sign(keyFor("02", jwt.ES256), w.cognitoClaims(nil)), 401)
}

func (w *world) cognitoClaims(changes map[string]any) map[string]any {
	all := map[string]any{"iss": w.cognito.URL + "/pool", "client_id": "app-client", "sub": "app-client"}
	for name, value := range changes {
		all[name] = value
	}
	return w.claims(all)
}

func TestTokensOfCognitoAreJudged(t *testing.T) {
	w := newWorld(t)
	key := keyFor("cognito", jwt.RS256)
	for _, c := range []struct {
		name    string
		changes map[string]any
		status  int
	}{
		{"as it is", nil, 200},
		{"a client that is not listed", map[string]any{"client_id": "demo"}, 403},
		{"a client that is listed, and no bearer", map[string]any{"client_id": "listed"}, 403},
		{"an ID token", map[string]any{"token_use": "id", "aud": "app-client"}, 401},
		{"an audience", map[string]any{"aud": "app-client"}, 401},
		{"another pool", map[string]any{"iss": w.cognito.URL + "/pool2"}, 401},
		{"our issuer", map[string]any{"iss": base + "/oauth2"}, 401},
		{"another scope", map[string]any{"scope": "aws.cognito.signin.user.admin"}, 403},
	} {
		w.let(c.name, w.sign(key, w.cognitoClaims(c.changes)), c.status)
	}
	w.let("signed by another issuer of the tenant", w.sign(keyFor("oidc", jwt.RS256), w.cognitoClaims(nil)), 401)
	if got := w.cognito.asked(); got > 2 {
		t.Errorf("asked %d times for keys", got)
	}
}

func (w *world) oidcClaims(changes map[string]any) map[string]any {
	all := map[string]any{"iss": w.oidc.URL, "aud": audience, "client_id": nil, "token_use": nil, "azp": "oidc-client"}
	for name, value := range changes {
		all[name] = value
	}
	return w.claims(all)
}

func TestTokensOfOtherIssuersAreJudged(t *testing.T) {
	w := newWorld(t)
	key := keyFor("oidc", jwt.RS256)
	for _, c := range []struct {
		name    string
		changes map[string]any
		status  int
	}{
		{"as it is", nil, 200},
		{"with client_id", map[string]any{"azp": nil, "client_id": "oidc-client"}, 200},
		{"a client of another issuer of the tenant", map[string]any{"azp": "app-client"}, 403},
		{"a client of ours", map[string]any{"azp": "demo"}, 403},
		{"one of several audiences", map[string]any{"aud": []string{"x", audience}}, 200},
		{"another audience", map[string]any{"aud": "x"}, 401},
		{"audiences in one text", map[string]any{"aud": audience + " x"}, 401},
		{"none of the audiences", map[string]any{"aud": []string{"x", "y"}}, 401},
		{"no audience", map[string]any{"aud": nil}, 401},
		{"an empty audience", map[string]any{"aud": ""}, 401},
		{"scopes as a list", map[string]any{"scope": nil, "scp": []string{"x", scope}}, 200},
		{"scopes by the other name", map[string]any{"scope": nil, "scp": "x " + scope}, 200},
		{"the usual name counts", map[string]any{"scope": "x", "scp": scope}, 403},
		{"a client that is none of ours", map[string]any{"azp": "x"}, 403},
		{"no client", map[string]any{"azp": nil}, 403},
	} {
		w.let(c.name, w.sign(key, w.oidcClaims(c.changes)), c.status)
	}
}

func TestKeysOfIssuersAreFetchedWhenTheyAreNeeded(t *testing.T) {
	w := newWorld(t)
	first, next := keyFor("cognito", jwt.RS256), keyFor("cognito-2", jwt.RS256)
	w.let("the first", w.sign(first, w.cognitoClaims(nil)), 200)
	w.let("again", w.sign(first, w.cognitoClaims(nil)), 200)
	if got := w.cognito.asked(); got != 1 {
		t.Fatalf("asked %d times, want 1", got)
	}
	w.cognito.set(false, first, next)
	w.let("a new key", w.sign(next, w.cognitoClaims(nil)), 200)
	for i := range 5 {
		forged := w.sign(keyFor("thief", jwt.RS256), w.cognitoClaims(nil))
		w.let(fmt.Sprintf("an unknown key, %d", i), forged, 401)
	}
	if got := w.cognito.asked(); got != 2 {
		t.Errorf("asked %d times, want 2: unknown keys buy one request a minute", got)
	}
	w.cognito.set(true)
	w.clock.advance(25 * time.Hour)
	w.let("while the issuer is down", w.sign(next, w.cognitoClaims(nil)), 200)
	w.let("an unknown key then", w.sign(keyFor("thief", jwt.RS256), w.cognitoClaims(nil)), 401)
	if got := strings.Count(w.logged.String(), "can't be fetched"); got != 1 {
		t.Errorf("the outage is logged %d times", got)
	}
	w.apply(w.groups()) // as after a change of the configuration
	w.let("with a new configuration", w.sign(next, w.cognitoClaims(nil)), 200)
}

func TestAnIssuerThatNeverAnsweredIsOurFault(t *testing.T) {
	w := newWorld(t)
	w.cognito.set(true)
	for range 3 {
		w.let("no keys", w.sign(keyFor("cognito", jwt.RS256), w.cognitoClaims(nil)), 502)
	}
	if got := strings.Count(w.logged.String(), "\n"); got != 1 {
		t.Errorf("%d lines logged, want one: strangers can make such calls\n%s", got, w.logged)
	}
	w.let("of others", w.bearer("demo"), 200)
}

// TestKeysAreForgottenWithTheirIssuer: who is not an issuer any more has no say.
func TestKeysAreForgottenWithTheirIssuer(t *testing.T) {
	w := newWorld(t)
	token := w.sign(keyFor("cognito", jwt.RS256), w.cognitoClaims(nil))
	w.let("declared", token, 200)
	tenants := w.groups()
	tenants[0].Issuers = tenants[0].Issuers[:1]
	w.apply(tenants)
	w.let("not declared", token, 401)
	w.let("the other issuer", w.bearer("demo"), 200)
	w.cognito.set(false)
	w.apply(w.groups())
	w.let("declared again", token, 401)
}

func TestAnIssuersKeysComeOverTLSFromTheDeclaredAddress(t *testing.T) {
	w := newWorld(t)
	redirecting := newForeign(t)
	redirecting.Config.Handler = http.RedirectHandler(w.cognito.URL, http.StatusFound)
	for name, address := range map[string]string{"http": "http://issuer.example/jwks.json", "a redirect": redirecting.URL} {
		tenants := w.groups()
		tenants[0].Issuers[1].KeysURL = address
		w.apply(tenants)
		w.let(name, w.sign(keyFor("cognito", jwt.RS256), w.cognitoClaims(nil)), 502)
	}
}

// TestATokenOfNobodyIsOfNoIssuer: also should one be declared without a name.
func TestATokenOfNobodyIsOfNoIssuer(t *testing.T) {
	w := newWorld(t)
	tenants := w.groups()
	tenants[0].Issuers[1].URL = ""
	w.apply(tenants)
	for _, name := range []any{nil, ""} {
		w.let("no issuer", w.sign(keyFor("cognito", jwt.RS256), w.cognitoClaims(map[string]any{"iss": name})), 401)
	}
}

// TestClientsMayCallFromTheirNetworks: a client's own list comes on top of the
// tenant's.
func TestClientsMayCallFromTheirNetworks(t *testing.T) {
	w := newWorld(t)
	tenants := w.groups()
	tenants[0].Clients[0].Networks = tenants[0].Networks[1:]
	w.apply(tenants)
	w.let("from elsewhere", w.bearer("demo"), 403)
}
