package lob_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/jwt"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// newCancelled returns a context that is over.
func newCancelled(t *testing.T) (context.Context, context.CancelFunc) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx, cancel
}

// parts returns header and claims of a token.
func parts(tb testing.TB, token string) (header, claims string) {
	tb.Helper()
	split := strings.Split(token, ".")
	if len(split) != 3 {
		tb.Fatalf("%q is no token", token)
	}
	for i, to := range []*string{&header, &claims} {
		data, err := base64.RawURLEncoding.DecodeString(split[i])
		if err != nil {
			tb.Fatal(err)
		}
		*to = string(data)
	}
	return header, claims
}

// TestATokenIsWhatTheContractSays compares bytes: clients do.
func TestATokenIsWhatTheContractSays(t *testing.T) {
	w := newWorld(t)
	issued := tokenOf(t, w.send(w.request("get_sso_token", `{"CIINo":10001004,"LOBId":"01","Functionality":"<&>"}`)))
	header, claims := parts(t, issued.TokenNo)
	if header != `{"alg":"HS256","typ":"JWT"}` {
		t.Errorf("got the header %s", header)
	}
	want := fmt.Sprintf(`{"CIINo":"10001004","LOBId":"01","Functionality":"<&>","Date":"2026-11-21T12:00:00.756Z","iat":%d,"exp":%d,"jti":%q}`, 1795262400, 1795266000, issued.TokenRefNo)
	if claims != want {
		t.Errorf("got  %s\nwant %s", claims, want)
	}
	if !strings.HasPrefix(issued.TokenRefNo, "1795262400756") || len(issued.TokenRefNo) < 14 || len(issued.TokenRefNo) > 16 {
		t.Errorf("got the number %s", issued.TokenRefNo)
	}
	again, err := jwt.Sign(secretKey(demoKey), []byte(claims))
	if err != nil || again != issued.TokenNo {
		t.Errorf("signed again: got %s, %v, want %s", again, err, issued.TokenNo)
	}
}

func TestEveryAlgorithmHasItsOwnKeys(t *testing.T) {
	w := newWorld(t)
	for id, alg := range map[string]jwt.Algorithm{"02": jwt.ES256, "04": jwt.RS256, "05": jwt.EdDSA} {
		token := w.token(member, id)
		header, claims := parts(t, token.TokenNo)
		if want := fmt.Sprintf(`{"alg":%q,"kid":%q,"typ":"JWT"}`, alg, keyFor(id, alg).ID()); header != want {
			t.Errorf("%s: got the header %s, want %s", id, header, want)
		}
		if _, _, err := jwt.Verify(t.Context(), token.TokenNo, jwt.Set{keyFor(id, alg)}); err != nil {
			t.Errorf("%s: %v", id, err)
		}
		if !strings.Contains(claims, `"LOBId":"`+id+`"`) {
			t.Errorf("%s: got %s", id, claims)
		}
	}
}

// TestATokenThatIsNotValidIsNeverToldWhy: all refusals are the same bytes.
func TestATokenThatIsNotValidIsNeverToldWhy(t *testing.T) {
	w := newWorld(t)
	fresh := func() issued { return w.token(member, "01") }
	ask := func(number, token string) *http.Request {
		return w.request("validate_sso_token", validation(number, token))
	}
	a, b := fresh(), fresh()
	_, claims := parts(t, a.TokenNo)
	elsewhere := w.token(member, "03")
	for name, request := range map[string]func() *http.Request{
		"another number":      func() *http.Request { return ask(b.TokenRefNo, a.TokenNo) },
		"another token":       func() *http.Request { return ask(a.TokenRefNo, b.TokenNo) },
		"no number":           func() *http.Request { return ask("x", a.TokenNo) },
		"a changed signature": func() *http.Request { return ask(a.TokenRefNo, a.TokenNo[:len(a.TokenNo)-2]+"AA") },
		"no token":            func() *http.Request { return ask(a.TokenRefNo, "x") },
		"with a line end":     func() *http.Request { return ask(a.TokenRefNo, a.TokenNo+`\n`) },
		"padded":              func() *http.Request { return ask(a.TokenRefNo, a.TokenNo+"=") },
		"of another line":     func() *http.Request { return ask(elsewhere.TokenRefNo, elsewhere.TokenNo) },
		"at another line":     func() *http.Request { return w.by(third, "demo-03", ask(a.TokenRefNo, a.TokenNo)) },
		"signed with 03's key": func() *http.Request {
			return ask(a.TokenRefNo, mustSign(t, secretKey("latchkey-demo-lob-03-key-32bytes"), claims))
		},
		"claims of 02 by 01": func() *http.Request {
			return ask(a.TokenRefNo, mustSign(t, secretKey(demoKey), strings.ReplaceAll(claims, `"LOBId":"01"`, `"LOBId":"02"`)))
		},
		"claims of 01 by 02": func() *http.Request { return ask(a.TokenRefNo, mustSign(t, keyFor("02", jwt.ES256), claims)) },
		"claims of another member": func() *http.Request {
			return ask(a.TokenRefNo, mustSign(t, secretKey(demoKey), strings.ReplaceAll(claims, member, "10001005")))
		},
		"claims of nobody": func() *http.Request {
			return ask(a.TokenRefNo, mustSign(t, secretKey(demoKey), strings.ReplaceAll(claims, `"CIINo":"10001004"`, `"CIINo":""`)))
		},
		"never issued": func() *http.Request {
			return ask("1795262400756999", mustSign(t, secretKey(demoKey), strings.ReplaceAll(claims, a.TokenRefNo, "1795262400756999")))
		},
		"without jti": func() *http.Request { return ask(a.TokenRefNo, mustSign(t, secretKey(demoKey), `{"LOBId":"01"}`)) },
		"with jti as a number": func() *http.Request {
			return ask(a.TokenRefNo, mustSign(t, secretKey(demoKey), strings.ReplaceAll(claims, `"`+a.TokenRefNo+`"`, a.TokenRefNo)))
		},
		"without exp": func() *http.Request {
			return ask(a.TokenRefNo, mustSign(t, secretKey(demoKey), `{"LOBId":"01","jti":"`+a.TokenRefNo+`"}`))
		},
		"a number with a zero": func() *http.Request { return ask("0"+a.TokenRefNo, a.TokenNo) },
		"of the other group": func() *http.Request {
			return ask(a.TokenRefNo, mustSign(t, secretKey("another group's key for its lob 1"), claims))
		},
		"none":                   func() *http.Request { return ask(a.TokenRefNo, encode(`{"alg":"none"}`)+"."+encode(claims)+".") },
		"none of another case":   func() *http.Request { return ask(a.TokenRefNo, encode(`{"alg":"nOnE"}`)+"."+encode(claims)+".") },
		"an ES256 key as secret": func() *http.Request { return ask(a.TokenRefNo, confused(t, w, "02", jwt.ES256, claims)) },
	} {
		w.is(name, w.send(request()), 200, notValid)
	}
	if got := w.validate(a); !strings.Contains(got.Body.String(), `"ReturnCode":1,`) {
		t.Fatalf("what was refused has spent the token: %s", got.Body)
	}
	w.is("a second time", w.validate(a), 200, notValid)

	logout := fresh()
	w.send(w.request("logout", `{"CIINo":"10001004"}`))
	w.is("after logout", w.validate(logout), 200, notValid)
	w.is("one of before it", w.validate(b), 200, notValid)

	w.clock.advance(time.Second)
	revoked := fresh()
	if n, err := w.signOn.Revoke(t.Context(), signon.Selection{Tenant: own, Kind: signon.SubjectMember, Subject: member}, ""); n == 0 || err != nil {
		t.Fatalf("revoked %d, %v", n, err)
	}
	w.is("after revocation", w.validate(revoked), 200, notValid)

	voided, kept := fresh(), w.token(member, "02")
	w.clock.advance(time.Second)
	if err := w.signOn.VoidApp(t.Context(), own, "01", ""); err != nil {
		t.Fatal(err)
	}
	w.is("after all of the line were voided", w.validate(voided), 200, notValid)
	if got := w.validate(kept); !strings.Contains(got.Body.String(), `"ReturnCode":1,`) {
		t.Errorf("another line's: got %s", got.Body)
	}

	w.clock.advance(time.Second)
	old := fresh()
	w.clock.advance(time.Hour)
	w.is("expired", w.validate(old), 200, notValid)
	if strings.Contains(w.logged.String(), "level=ERROR") {
		t.Errorf("logged %s", w.logged)
	}
}

// TestAMemberCanBeLoggedOutEverywhere: the lines of business that keep tokens, too.
func TestAMemberCanBeLoggedOutEverywhere(t *testing.T) {
	w := newWorld(t)
	reusable, another := w.token(member, "02"), w.token(second, "03")
	if got := w.validate(reusable); !strings.Contains(got.Body.String(), `"ReturnCode":1,`) {
		t.Fatal(got.Body)
	}
	w.send(w.request("logout", `{"CIINo":"10001004"}`))
	w.is("reusable", w.validate(reusable), 200, notValid)
	r := w.by(third, "demo-03", w.request("validate_sso_token", validation(another.TokenRefNo, another.TokenNo)))
	if got := w.send(r); !strings.Contains(got.Body.String(), `"ReturnCode":1,`) {
		t.Errorf("another member's: got %s", got.Body)
	}
}

func encode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func mustSign(tb testing.TB, key jwt.Key, claims string) string {
	tb.Helper()
	token, err := jwt.Sign(key, []byte(claims))
	if err != nil {
		tb.Fatal(err)
	}
	return token
}

// confused signs with a public key, as if it were a secret.
func confused(tb testing.TB, w *world, id string, alg jwt.Algorithm, claims string) string {
	tb.Helper()
	published := w.keySet("/lob/" + id + "/.well-known/jwks.json")
	if len(published) < 32 {
		tb.Fatal("nothing is published")
	}
	key, err := jwt.Secret([]byte(published))
	if err != nil {
		tb.Fatal(err)
	}
	token := mustSign(tb, key, claims)
	_ = alg
	return token
}

// TestAttacksOnTheHeaderFail: what a token says about its key is never believed.
func TestAttacksOnTheHeaderFail(t *testing.T) {
	w := newWorld(t)
	a := w.token(member, "01")
	_, claims := parts(t, a.TokenNo)
	thief := keyFor("thief", jwt.RS256)
	jwks, err := jwt.Set{thief}.PublicJWKS()
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Keys []json.RawMessage }
	if err := json.Unmarshal(jwks, &set); err != nil {
		t.Fatal(err)
	}
	signature := strings.Split(mustSign(t, thief, claims), ".")[2]
	good := strings.Split(a.TokenNo, ".")[2]
	for _, header := range []string{
		`{"alg":"RS256","jwk":` + string(set.Keys[0]) + `}`, `{"alg":"RS256","kid":"` + thief.ID() + `","jku":"https://thief.example/jwks.json"}`,
		`{"alg":"RS256","x5u":"https://thief.example/x"}`, `{"alg":"RS256","x5c":["AAAA"]}`, `{"alg":"RS256","kid":"../../dev/null"}`,
		`{"alg":"HS256","typ":"JWT","crit":["exp"]}`, `{"alg":"HS256","typ":"JWT","b64":false}`, `{"alg":"HS256","alg":"none"}`, `{"alg":"HS384"}`, `{"typ":"JWT"}`, `{"alg":["HS256"]}`, `[]`,
	} {
		for _, s := range []string{signature, good, ""} {
			token := encode(header) + "." + encode(claims) + "." + s
			w.is(header, w.send(w.request("validate_sso_token", validation(a.TokenRefNo, token))), 200, notValid)
			bearer := w.request("get_sso_token", goodBody)
			access, err := json.Marshal(w.claims(nil))
			if err != nil {
				t.Fatal(err)
			}
			signed := strings.Split(mustSign(t, thief, string(access)), ".")[2]
			bearer.Header.Set("Authorization", encode(header)+"."+encode(string(access))+"."+signed)
			w.is(header, w.send(bearer), 401, unauthorized)
		}
	}
	if got := w.validate(a); !strings.Contains(got.Body.String(), `"ReturnCode":1,`) {
		t.Errorf("the token itself: got %s", got.Body)
	}
}

func TestOneOfManyValidatesAToken(t *testing.T) {
	w := newWorld(t)
	for range 5 {
		issued := w.token(member, "01")
		var mu sync.Mutex
		valid := 0
		var all sync.WaitGroup
		for range 16 {
			r := w.request("validate_sso_token", validation(issued.TokenRefNo, issued.TokenNo))
			all.Go(func() {
				a := w.send(r)
				mu.Lock()
				defer mu.Unlock()
				if a.Body.String() != notValid {
					valid++
				}
			})
		}
		all.Wait()
		if valid != 1 {
			t.Fatalf("%d of 16 were told that the token is valid, want 1", valid)
		}
	}
}

// TestTokensOfOneMomentDiffer has them issued to one member by several at once.
func TestTokensOfOneMomentDiffer(t *testing.T) {
	w := newWorld(t)
	// Some hundred looks at the clock are within one millisecond, so numbers that are drawn do collide.
	w.clock.tick = 10 * time.Microsecond
	const workers = 100
	total := 2000
	if testing.Short() {
		total = 500
	}
	var mu sync.Mutex
	numbers, tokens := map[string]bool{}, map[string]bool{}
	started := w.clock.Now()
	var all sync.WaitGroup
	for range workers {
		r := w.request("get_sso_token", goodBody)
		all.Go(func() {
			for range total / workers {
				r.Body = io.NopCloser(strings.NewReader(goodBody))
				a := w.send(r)
				var got issued
				if err := json.Unmarshal(a.Body.Bytes(), &got); err != nil {
					w.Errorf("got %s", a.Body)
				}
				mu.Lock()
				numbers[got.TokenRefNo], tokens[got.TokenNo] = true, true
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if len(numbers) != total || len(tokens) != total {
		t.Errorf("%d numbers and %d tokens, want %d", len(numbers), len(tokens), total)
	}
	if took := w.clock.Now().Sub(started).Milliseconds(); took > int64(total/10) {
		t.Errorf("they were issued within %d ms of the clock, which is less than ten in each", took)
	}
}

func newBody(text string) io.ReadCloser { return io.NopCloser(strings.NewReader(text)) }

// tokenIn returns what an answer says, if it says a token.
func tokenIn(a *httptest.ResponseRecorder) (got issued) {
	_ = json.Unmarshal(a.Body.Bytes(), &got)
	return got
}

// numberIn returns the number that claims say.
func numberIn(claims string) string {
	var said struct{ Jti string }
	_ = json.Unmarshal([]byte(claims), &said)
	return said.Jti
}

// headerOf returns the header of the access token in an answer.
func headerOf(tb testing.TB, body string) string {
	tb.Helper()
	var got struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		tb.Fatal(err)
	}
	header, _ := parts(tb, got.AccessToken)
	return header
}
