package lob_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/jwt"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

var errBroken = errors.New("disk: secret detail")

// atOther makes the request one of a client of the other group, at its host.
func (w *world) atOther(r *http.Request) *http.Request {
	w.Helper()
	r.Host = otherHost
	r.Header.Set("X-Lob-Client-Id", "b3RoZXI=")
	r.Header.Set("Authorization", w.sign(keyFor("other", jwt.RS256), w.claims(map[string]any{"client_id": "other"})))
	return r
}

// TestGroupsKnowNothingOfEachOther: the same numbers, LOB ids, keys' ids and client
// names are there twice.
func TestGroupsKnowNothingOfEachOther(t *testing.T) {
	w := newWorld(t)
	ours := w.token(member, "01")
	theirs := tokenOf(t, w.send(w.atOther(w.request("get_sso_token", goodBody))))
	w.is("theirs here", w.validate(theirs), 200, notValid)
	at := func(i issued) *http.Request {
		return w.atOther(w.request("validate_sso_token", validation(i.TokenRefNo, i.TokenNo)))
	}
	w.is("ours there", w.send(at(ours)), 200, strings.Replace(notValid, `"ReturnCode":0`, `"ReturnCode":"0"`, 1))
	_, claims := parts(t, ours.TokenNo)
	resigned := issued{TokenRefNo: ours.TokenRefNo, TokenNo: mustSign(t, secretKey("another group's key for its lob 1"), claims)}
	w.is("ours signed there", w.send(at(resigned)), 200, strings.Replace(notValid, `"ReturnCode":0`, `"ReturnCode":"0"`, 1))
	if got := w.send(at(theirs)); !strings.Contains(got.Body.String(), `"ReturnCode":"1",`) || !strings.Contains(got.Body.String(), `"TokenSource":"Other"`) {
		t.Errorf("theirs there: got %s", got.Body)
	}
	w.send(w.atOther(w.request("logout", `{"CIINo":"10001004"}`)))
	if got := w.validate(ours); !strings.Contains(got.Body.String(), `"ReturnCode":1,`) {
		t.Errorf("ours, after their member of that number has logged out: got %s", got.Body)
	}
	for name, change := range map[string]func(r *http.Request){
		"our token there":  func(r *http.Request) { r.Host = otherHost },
		"our client there": func(r *http.Request) { w.atOther(r).Header.Set("X-Lob-Client-Id", group) },
		"their client":     func(r *http.Request) { r.Header.Set("X-Lob-Client-Id", "b3RoZXI=") },
		"their token":      func(r *http.Request) { w.atOther(r).Host = ownHost },
	} {
		r := w.request("get_member", `{"CIINo":"10001004"}`)
		change(r)
		if a := w.send(r); a.Code != 401 && a.Code != 403 {
			t.Errorf("%s: got %d %s", name, a.Code, a.Body)
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/lob/02/.well-known/jwks.json", nil)
	r.Host = otherHost
	w.is("a line of ours there", w.send(r), 404, `{"message":"Not Found"}`)
	r = httptest.NewRequest(http.MethodGet, "/oauth2/.well-known/jwks.json", nil)
	r.Host = otherHost
	if got := w.send(r).Body.String(); !strings.Contains(got, keyFor("other", jwt.RS256).ID()) || strings.Contains(got, keyFor("own", jwt.RS256).ID()) {
		t.Errorf("their issuer's keys: got %s", got)
	}
}

func TestCodesAreStringsWhereTheGroupWantsThem(t *testing.T) {
	w := newWorld(t)
	for body, want := range map[string]string{goodBody: `{"ReturnCode":"1",`, `{}`: `{"ReturnCode":"V1",`} {
		if got := w.send(w.atOther(w.request("get_sso_token", body))).Body.String(); !strings.HasPrefix(got, want) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestWhoIsWhatDecides: may_issue_for and is_lob are two lists.
func TestWhoIsWhatDecides(t *testing.T) {
	w := newWorld(t)
	issuedFor01 := w.token(member, "01")
	v := func() *http.Request {
		return w.request("validate_sso_token", validation(issuedFor01.TokenRefNo, issuedFor01.TokenNo))
	}
	m := func() *http.Request { return w.request("get_member", `{"CIINo":"10001004"}`) }
	l := func() *http.Request { return w.request("map_lob", `{"CIINo":"10001006","LOBId":"01"}`) }
	o := func() *http.Request { return w.request("logout", `{"CIINo":"10001006"}`) }
	g := func() *http.Request { return w.request("get_sso_token", goodBody) }
	for _, c := range []struct {
		client, bearer string
		call           func() *http.Request
		status         int
	}{
		{asker, "demo", g, 200},
		{asker, "demo", v, 403},
		{asker, "demo", m, 403},
		{asker, "demo", l, 200},
		{asker, "demo", o, 200},
		{third, "demo-03", g, 403},
		{third, "demo-03", l, 403},
		{third, "demo-03", m, 200},
		{third, "demo-03", o, 200},
		{idle, "demo", g, 403},
		{idle, "demo", v, 403},
		{idle, "demo", m, 403},
		{idle, "demo", l, 403},
		{idle, "demo", o, 403},
	} {
		r := w.by(c.client, c.bearer, c.call())
		if a := w.send(r); a.Code != c.status || c.status == 403 && a.Body.String() != forbidden {
			t.Errorf("%s, %s: got %d %s, want %d", c.client, r.URL, a.Code, a.Body, c.status)
		}
	}
}

// TestKeysRotateUnderLoad: while the keys of a line of business change, every token
// is good, and none of a retired key is.
func TestKeysRotateUnderLoad(t *testing.T) {
	w := newWorld(t)
	w.clock.tick = 50 * time.Microsecond
	var stop atomic.Bool
	var jump sync.RWMutex // so that no token gets old between its two calls
	lasting := w.sign(keyFor("own", jwt.RS256), w.claims(map[string]any{"exp": w.clock.Now().Unix() + 1e6}))
	var good atomic.Int64
	var all sync.WaitGroup
	for range 4 {
		g := w.request("get_sso_token", goodBody)
		g.Header.Set("Authorization", lasting)
		all.Go(func() {
			for !stop.Load() {
				jump.RLock()
				r := g.Clone(t.Context())
				r.Body = newBody(goodBody)
				issued := tokenIn(w.send(r))
				r = g.Clone(t.Context())
				r.URL.Path = "/v2/validate_sso_token"
				r.Body = newBody(validation(issued.TokenRefNo, issued.TokenNo))
				r.ContentLength = -1
				if a := w.send(r); !strings.Contains(a.Body.String(), `"ReturnCode":1,`) {
					t.Errorf("a good token: got %s", a.Body)
				}
				jump.RUnlock()
				good.Add(1)
			}
		})
	}
	var before []issued
	for i := range 6 {
		before = append(before, w.token(member, "01"))
		next := good.Load() + 20
		w.rotate(&signon.Rotation{Tenant: own, Owner: signon.AppOwner("01"), ID: fmt.Sprintf("r%d", i), After: 100 * time.Millisecond, Longest: 15 * time.Minute}, secretKey(fmt.Sprintf("key %d of 01, of thirty-two bytes", i)))
		w.clock.advance(time.Second)
		for deadline := time.Now().Add(2 * time.Minute); good.Load() < next && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
		}
		jump.Lock()
		w.clock.advance(16 * time.Minute) // what retired is gone, lest there are more than are tried
		jump.Unlock()
	}
	stop.Store(true)
	all.Wait()
	for i, old := range before[:5] {
		w.is(fmt.Sprintf("of key %d, which is retired", i), w.validate(old), 200, notValid)
	}
	if !t.Failed() && good.Load() < 100 {
		t.Errorf("only %d tokens", good.Load())
	}
}

// TestAKeyThatIsRetiredAtOnceSignsNothingMore: for when it got about.
func TestAKeyThatIsRetiredAtOnceSignsNothingMore(t *testing.T) {
	w := newWorld(t)
	w.token(member, "01")
	before := w.token(member, "01")
	w.rotate(&signon.Rotation{Tenant: own, Owner: signon.AppOwner("01"), ID: "k2", Longest: -1}, secretKey("a fresh key of 01, which is as long"))
	w.is("of before", w.validate(before), 200, notValid)
	if got := w.validate(w.token(member, "01")); !strings.Contains(got.Body.String(), `"ReturnCode":1,`) {
		t.Errorf("of after: got %s", got.Body)
	}
	_, claims := parts(t, w.token(member, "01").TokenNo)
	forged := mustSign(t, secretKey(demoKey), claims)
	r := w.request("validate_sso_token", validation(numberIn(claims), forged))
	w.is("signed with the old key", w.send(r), 200, notValid)
}

// TestTheIssuersKeysRotate: both are published, and both are good.
func TestTheIssuersKeysRotate(t *testing.T) {
	w := newWorld(t)
	old := w.bearer("demo")
	w.rotate(&signon.Rotation{Tenant: own, Owner: signon.OwnIssuer, ID: "k2", After: time.Minute, Longest: time.Hour}, keyFor("own-2", jwt.RS256))
	if got := w.keySet("/oauth2/.well-known/jwks.json"); strings.Count(got, `"kid"`) != 2 {
		t.Errorf("published %s", got)
	}
	w.accessOf(w.send(ask("grant_type=client_credentials", "demo:demo-secret"))) // by the old one still
	w.clock.advance(2 * time.Minute)
	w.let("of the old key", old, 200)
	a := w.send(ask("grant_type=client_credentials", "demo:demo-secret"))
	if !strings.Contains(headerOf(t, a.Body.String()), keyFor("own-2", jwt.RS256).ID()) {
		t.Errorf("the new key does not sign: %s", a.Body)
	}
	w.clock.advance(2 * time.Hour)
	w.let("of the old key, retired", w.bearer("demo"), 401)
	w.let("of the new key", w.sign(keyFor("own-2", jwt.RS256), w.claims(nil)), 200)
}

// TestRefusalsAreExplained: operators learn by the support code what strangers do not.
func TestRefusalsAreExplained(t *testing.T) {
	w := newWorld(t)
	good := w.token(member, "01")
	for _, c := range []struct {
		name      string
		do        func() *http.Request
		operation signon.Operation
		failed    signon.Check
		audited   bool
	}{
		{"host", func() *http.Request { r := w.request("logout", "{}"); r.Host = "x.example"; return r }, signon.OpCall, signon.CheckCaller, false},
		{"path", func() *http.Request { return w.request("nothing", "{}") }, signon.OpCall, signon.CheckReadable, false},
		{"bearer", func() *http.Request { r := w.request("logout", "{}"); r.Header.Set("Authorization", "x"); return r }, signon.OpAuthenticate, signon.CheckForm, false},
		{"scope", func() *http.Request { return w.by(group, "weak", w.request("logout", "{}")) }, signon.OpAuthenticate, signon.CheckCapability, true},
		{"client", func() *http.Request { return w.by(third, "demo", w.request("logout", "{}")) }, signon.OpAuthenticate, signon.CheckSignature, true},
		{"nobody", func() *http.Request { return w.by("nobody", "demo", w.request("logout", "{}")) }, signon.OpAuthenticate, signon.CheckClient, false},
		{"field", func() *http.Request { return w.request("get_sso_token", "{}") }, signon.OpIssue, signon.CheckArguments, true},
		{"body", func() *http.Request { return w.request("get_sso_token", "{") }, signon.OpIssue, signon.CheckArguments, true},
		{"line of business", func() *http.Request { return w.request("get_sso_token", strings.ReplaceAll(goodBody, `"01"`, `"99"`)) }, signon.OpIssue, signon.CheckCapability, true},
		{"member", func() *http.Request { return w.request("get_sso_token", strings.ReplaceAll(goodBody, member, "99")) }, signon.OpIssue, signon.CheckSubject, true},
		{"link", func() *http.Request { return w.request("get_sso_token", strings.ReplaceAll(goodBody, member, second)) }, signon.OpIssue, signon.CheckSubject, true},
		{"signature", func() *http.Request {
			return w.request("validate_sso_token", validation(good.TokenRefNo, good.TokenNo[:len(good.TokenNo)-4]+"AAAA"))
		}, signon.OpResolve, signon.CheckSignature, false},
		{"number", func() *http.Request { return w.request("validate_sso_token", validation("1", good.TokenNo)) }, signon.OpResolve, signon.CheckKnown, true},
		{"member's", func() *http.Request { return w.request("get_member", `{"CIINo":"99"}`) }, signon.OpCall, signon.CheckSubject, false},
	} {
		before := len(w.events())
		seen := len(w.signOn.Traces("TESTCODE00"))
		w.send(c.do())
		w.signOn.Finish()
		traces := w.signOn.Traces("TESTCODE00")[seen:]
		if len(traces) > 2 {
			t.Errorf("%s: traced %d times, want once beside who called", c.name, len(traces))
		}
		last := traces[len(traces)-1]
		if last.Operation != c.operation || last.Failed != c.failed || last.Expected == "" && c.failed != signon.CheckSubject {
			t.Errorf("%s: got %+v, want %s, %s", c.name, last, c.operation, c.failed)
		}
		if audited := len(w.events()) > before; audited != c.audited {
			t.Errorf("%s: audited %v, want %v", c.name, audited, c.audited)
		}
	}
}

// TestForgedTokensAreCountedInTheLog: with one line a minute.
func TestForgedTokensAreCountedInTheLog(t *testing.T) {
	w := newWorld(t)
	for _, wait := range []time.Duration{0, 0, 0, time.Minute} {
		w.clock.advance(wait)
		w.is("forged", w.send(w.request("validate_sso_token", validation("1", "a.b.c"))), 200, notValid)
	}
	for _, want := range []string{"count=1\n", "count=3\n"} {
		if got := strings.Count(w.logged.String(), want); got != 1 {
			t.Errorf("%q is logged %d times: %s", want, got, w.logged)
		}
	}
}

func (w *world) events() []string {
	w.Helper()
	events, err := w.store.Events(w.Context(), 0, 10_000)
	if err != nil {
		w.Fatal(err)
	}
	var texts []string
	for i := range events {
		e, err := events[i].Event()
		if err != nil {
			w.Fatal(err)
		}
		texts = append(texts, fmt.Sprintf("%+v", e))
	}
	return texts
}

// TestNothingSecretIsKeptOrTold sends secrets through every call.
func TestNothingSecretIsKeptOrTold(t *testing.T) {
	w := newWorld(t)
	bearer := w.bearer("demo")
	token := w.token(member, "01")
	secrets := []string{"demo-secret", "canary-wrong-secret", demoKey, bearer, strings.Split(bearer, ".")[2], token.TokenNo, strings.Split(token.TokenNo, ".")[2], "canary-field"}
	w.validate(token)
	w.validate(token)
	_, _ = w.send(ask("grant_type=client_credentials", "demo:demo-secret")), w.send(ask("grant_type=client_credentials", "demo:canary-wrong-secret"))
	for _, call := range []string{"get_sso_token", "validate_sso_token", "get_member", "map_lob", "logout"} {
		for _, body := range []string{`{"CIINo":"canary-field","LOBId":"canary-field","Functionality":"canary-field","TokenRefNo":"canary-field","TokenNo":"canary-field"}`, `canary-field`, validation(token.TokenRefNo, token.TokenNo+"x")} {
			r := w.request(call, body)
			if a := w.send(r); strings.Contains(a.Body.String(), "canary") {
				t.Errorf("%s: got %s", call, a.Body)
			}
			r = w.request(call, body)
			r.Header.Set("Authorization", "Bearer "+bearer+"x")
			w.send(r)
		}
	}
	w.store.err = errBroken
	w.validate(token)
	w.send(w.request("get_sso_token", goodBody))
	w.store.err = nil
	w.signOn.Finish()
	kept := w.logged.String() + strings.Join(w.events(), "\n") + fmt.Sprintf("%+v", w.signOn.Traces("TESTCODE00"))
	for _, secret := range secrets {
		if strings.Contains(kept, secret) {
			t.Errorf("%.20s… is kept", secret)
		}
	}
	if !strings.Contains(kept, "TESTCODE00") {
		t.Error("nothing is kept at all")
	}
}

func TestCallsFromALocalAddressAreJudgedByIt(t *testing.T) {
	w := newWorld(t)
	w.caller = netip.MustParseAddr("fe80::1%eth0")
	w.is("with a zone", w.send(w.request("get_sso_token", goodBody)), 406, notAcceptable)
}
