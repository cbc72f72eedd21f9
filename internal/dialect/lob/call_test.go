package lob_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/inbound"
	"github.com/latchkey-sso/latchkey/internal/jwt"
)

// claims returns those of a good access token of the built-in issuer, changed.
func (w *world) claims(changes map[string]any) map[string]any {
	now := w.clock.Now().Unix()
	all := map[string]any{
		"sub": "demo", "token_use": "access", "scope": scope, "auth_time": now, "iss": base + "/oauth2",
		"exp": now + 3600, "iat": now, "version": 2, "jti": "1", "client_id": "demo",
	}
	for name, value := range changes {
		if all[name] = value; value == nil {
			delete(all, name)
		}
	}
	return all
}

func (w *world) sign(key jwt.Key, claims map[string]any) string {
	w.Helper()
	text, err := json.Marshal(claims)
	if err != nil {
		w.Fatal(err)
	}
	token, err := jwt.Sign(key, text)
	if err != nil {
		w.Fatal(err)
	}
	return token
}

// bearers are access tokens by their claims: signing one takes longer than a call.
var bearers sync.Map

// bearer is an access token of a client of the built-in issuer.
func (w *world) bearer(client string) string {
	w.Helper()
	changes := map[string]any{"client_id": client, "sub": client}
	if client == "weak" {
		changes["scope"] = "profile/read"
	}
	claims := w.claims(changes)
	known := fmt.Sprint(claims) // in the order of the names
	if token, ok := bearers.Load(known); ok {
		return token.(string)
	}
	token := w.sign(keyFor("own", jwt.RS256), claims)
	bearers.Store(known, token)
	return token
}

// request builds a call of the group's client.
func (w *world) request(call, body string) *http.Request {
	w.Helper()
	r := httptest.NewRequest(http.MethodPost, "/v2/"+call, strings.NewReader(body))
	r.Host = ownHost
	r.Header.Set("X-Api-Version", "1.0.0")
	r.Header.Set("X-Lob-Client-Id", group)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+w.bearer("demo"))
	return r
}

// by makes the request one of another client.
func (w *world) by(client, bearer string, r *http.Request) *http.Request {
	w.Helper()
	r.Header.Set("X-Lob-Client-Id", client)
	r.Header.Set("Authorization", w.bearer(bearer))
	return r
}

// send lets the handler answer, behind what the server does for every request, and
// checks what holds for all answers.
func (w *world) send(r *http.Request) *httptest.ResponseRecorder {
	w.Helper()
	a := httptest.NewRecorder()
	info := &inbound.Info{SupportCode: "TESTCODE00", Addr: w.caller}
	a.Header().Set(inbound.Header, info.SupportCode)
	w.handler.ServeHTTP(a, r.WithContext(inbound.With(r.Context(), info)))
	w.checkAnswer(r, a)
	return a
}

func (w *world) checkAnswer(r *http.Request, a *httptest.ResponseRecorder) {
	w.Helper()
	h := a.Header()
	if h.Get("Content-Type") != "application/json" || h.Get("x-amzn-RequestId") != "TESTCODE00" {
		w.Errorf("%s %s: got headers %v", r.Method, r.URL, h)
	}
	if (a.Code >= 400) != (h.Get("x-amzn-ErrorType") != "") {
		w.Errorf("%s %s: %d with the error type %q", r.Method, r.URL, a.Code, h.Get("x-amzn-ErrorType"))
	}
	if strings.HasSuffix(r.URL.Path, "json") || strings.HasSuffix(r.URL.Path, "openid-configuration") {
		return
	}
	if h.Get("Cache-Control") != "no-store" {
		w.Errorf("%s %s: got headers %v, want no-store", r.Method, r.URL, h)
	}
}

// is compares an answer.
func (w *world) is(what string, a *httptest.ResponseRecorder, status int, body string) {
	w.Helper()
	if a.Code != status || a.Body.String() != body {
		w.Errorf("%s: got %d %s, want %d %s", what, a.Code, a.Body, status, body)
	}
}

const (
	goodBody     = `{"CIINo":"10001004","LOBId":"01","Functionality":"D"}`
	unauthorized = `{"message":"Unauthorized"}`
	forbidden    = `{"message":"User is not authorized to access this resource"}`
	notValid     = `{"ReturnCode":0,"ReturnMessage":"Token is not valid.","IsValidToken":false}`
)

// issued is what get_sso_token answers.
type issued struct {
	ReturnCode          json.RawMessage
	ReturnMessage       string
	TokenRefNo, TokenNo string
}

func tokenOf(tb testing.TB, a *httptest.ResponseRecorder) issued {
	tb.Helper()
	var got issued
	if err := json.Unmarshal(a.Body.Bytes(), &got); a.Code != http.StatusOK || err != nil || got.TokenNo == "" {
		tb.Fatalf("got %d %s, want a token", a.Code, a.Body)
	}
	return got
}

// token makes a token for a member at a line of business.
func (w *world) token(number, at string) issued {
	w.Helper()
	return tokenOf(w, w.send(w.request("get_sso_token", fmt.Sprintf(`{"CIINo":"%s","LOBId":"%s","Functionality":"D"}`, number, at))))
}

func validation(number, token string) string {
	return fmt.Sprintf(`{"TokenRefNo":"%s","TokenNo":"%s"}`, number, token)
}

func (w *world) validate(t issued) *httptest.ResponseRecorder {
	w.Helper()
	return w.send(w.request("validate_sso_token", validation(t.TokenRefNo, t.TokenNo)))
}

// keySet returns what is published at a path.
func (w *world) keySet(path string) string {
	w.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Host = ownHost
	a := w.send(r)
	if a.Code != http.StatusOK {
		w.Fatalf("%s: got %d %s", path, a.Code, a.Body)
	}
	return a.Body.String()
}
