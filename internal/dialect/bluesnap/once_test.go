package bluesnap_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// keyed is a call for a login token with a key.
func (w *world) keyed(key, body string) *http.Request {
	w.Helper()
	r := w.request(http.MethodPost, loginPath, body, asJSON)
	r.Header.Set("Idempotency-Key", key)
	return r
}

// TestTwoCallsAtOnceGiveOneToken holds the first call up in the store while the
// second comes.
func TestTwoCallsAtOnceGiveOneToken(t *testing.T) {
	w := newWorld(t)
	entered, leave := make(chan bool), make(chan bool)
	var others atomic.Bool
	w.store.beforeGrant = func() {
		if !others.Swap(true) {
			close(entered)
			<-leave
		}
	}
	first := make(chan *httptest.ResponseRecorder)
	go func() { first <- w.send(w.keyed("k1", ownAddress)) }()
	<-entered
	for _, mediaType := range []string{asJSON, asXML} {
		r := w.keyed("k1", ownAddress)
		r.Header.Set("Accept", mediaType)
		a := w.send(r)
		m := messageOf(t, a)
		if a.Code != http.StatusConflict || m.Name != "REQUEST_CONFLICT" || a.Header().Get("Retry-After") == "" || a.Header().Get("Idempotency-Key") != "k1" || a.Header().Get("Content-Type") != mediaType {
			t.Errorf("the second: got %d %+v, headers %v", a.Code, m, a.Header())
		}
	}
	close(leave)
	answered := <-first
	token := tokenOf(t, answered)
	again := w.send(w.keyed("k1", ownAddress))
	if again.Code != http.StatusOK || again.Body.String() != answered.Body.String() {
		t.Errorf("later: got %d, another answer", again.Code)
	}
	for name := range answered.Header() {
		if fmt.Sprint(again.Header()[name]) != fmt.Sprint(answered.Header()[name]) {
			t.Errorf("later: %s is %q, was %q", name, again.Header()[name], answered.Header()[name])
		}
	}
	if live := w.grants(); live != 1 {
		t.Errorf("%d grants", live)
	}
	if _, err := w.redeem(token, "62.216.234.216"); err != nil {
		t.Error(err)
	}
}

// grants returns how many grants there are.
func (w *world) grants() int {
	w.Helper()
	grants, err := w.store.Grants(w.Context(), signon.GrantKey{}, 100)
	if err != nil {
		w.Fatal(err)
	}
	return len(grants)
}

func TestAnotherCallWithTheKeyIs400(t *testing.T) {
	w := newWorld(t)
	tokenOf(t, w.send(w.keyed("k1", ownAddress)))
	for what, r := range map[string]*http.Request{
		"another address":           w.keyed("k1", `{"requestingUserIp":"62.216.234.217"}`),
		"the same in other words":   w.keyed("k1", strings.TrimSpace(ownAddress)+" "),
		"another user":              w.request(http.MethodPost, "generateSSOLoginToken/1111002", ownAddress, asJSON),
		"another merchant":          w.request(http.MethodPost, loginPath+"?onbehalfofmid=23424", ownAddress, asJSON),
		"another parameter":         w.request(http.MethodPost, loginPath+"?a=1", ownAddress, asJSON),
		"another endpoint":          w.request(http.MethodPost, "cp/user", ownAddress, asJSON),
		"one's own merchant, named": w.request(http.MethodPost, loginPath+"?onbehalfofmid=1000001", ownAddress, asJSON),
	} {
		r.Header.Set("Idempotency-Key", "k1")
		if got := wantOf(t, w.send(r)); got != invalid("Idempotency-Key") {
			t.Errorf("%s: got %+v", what, got)
		}
	}
	if live := w.grants(); live != 1 {
		t.Errorf("%d grants", live)
	}
}

func TestAKeyMustBeOne(t *testing.T) {
	w := newWorld(t)
	for _, key := range []string{"", strings.Repeat("k", 65), "a b", "a\tb", "ä"} {
		w.inBoth(key, invalid("Idempotency-Key"), func(string) *http.Request { return w.keyed(key, ownAddress) })
		if a := w.send(w.keyed(key, ownAddress)); len(a.Header()["Idempotency-Key"]) > 0 {
			t.Errorf("%q: comes back", key)
		}
	}
	r := w.keyed("k1", ownAddress)
	r.Header.Add("Idempotency-Key", "k1")
	if got := wantOf(t, w.send(r)); got != invalid("Idempotency-Key") {
		t.Errorf("twice: got %+v", got)
	}
	for _, key := range []string{"k", strings.Repeat("k", 64), "!~{}\"", "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d"} {
		if a := w.send(w.keyed(key, ownAddress)); a.Code != http.StatusOK || a.Header().Get("Idempotency-Key") != key {
			t.Errorf("%s: got %d %s", key, a.Code, a.Body)
		}
	}
}

func TestKeysCountForPOSTAlone(t *testing.T) {
	w := newWorld(t)
	for _, c := range calls(1111001) {
		if c.method == http.MethodPost {
			continue
		}
		for range 2 {
			r := w.request(c.method, c.target, c.body, asJSON)
			r.Header.Set("Idempotency-Key", strings.Repeat("k", 99))
			if a := w.send(r); a.Header().Get("Idempotency-Key") != "" || a.Code == http.StatusBadRequest {
				t.Errorf("%s %s: got %d, %v", c.method, c.target, a.Code, a.Header())
			}
		}
	}
}

func TestTheAnswerIsKeptForADay(t *testing.T) {
	w := newWorld(t)
	first := tokenOf(t, w.send(w.keyed("k1", ownAddress)))
	w.clock.advance(24*time.Hour - time.Second)
	if again := tokenOf(t, w.send(w.keyed("k1", ownAddress))); again != first {
		t.Error("another token within a day")
	}
	w.clock.advance(2 * time.Second)
	if again := tokenOf(t, w.send(w.keyed("k1", ownAddress))); again == first {
		t.Error("the same token after a day")
	}
}

func TestARefusedCallCanBeRepeatedWithItsKey(t *testing.T) {
	w := newWorld(t)
	w.store.err = errors.New("broken")
	if a := w.send(w.keyed("k1", ownAddress)); a.Code != http.StatusInternalServerError {
		t.Fatalf("got %d", a.Code)
	}
	w.store.err = nil
	tokenOf(t, w.send(w.keyed("k1", ownAddress)))
}

// TestACreatedUserIsCreatedOnce answers with everything that the first answer had.
func TestACreatedUserIsCreatedOnce(t *testing.T) {
	w := newWorld(t)
	for _, mediaType := range []string{asJSON, asXML} {
		body := map[string]string{
			asJSON: newUser, asXML: "<a><first-name>Dora</first-name><last-name>F</last-name><email>d@example.com</email><username>d</username></a>",
		}[mediaType]
		create := func(accept string) *httptest.ResponseRecorder {
			r := w.request(http.MethodPost, "cp/user", body, mediaType)
			r.Header.Set("Idempotency-Key", "u"+mediaType)
			r.Header.Set("Accept", accept)
			return w.send(r)
		}
		first := create(mediaType)
		for _, accept := range []string{asJSON, asXML} { // what is answered is the first answer
			again := create(accept)
			for _, name := range []string{"Location", "Content-Type", "Idempotency-Key"} {
				if again.Header().Get(name) != first.Header().Get(name) || first.Header().Get(name) == "" {
					t.Errorf("%s is %q, was %q", name, again.Header().Get(name), first.Header().Get(name))
				}
			}
			if again.Code != first.Code || again.Body.String() != first.Body.String() {
				t.Errorf("got %d %s, was %d %s", again.Code, again.Body, first.Code, first.Body)
			}
		}
	}
	if users := strings.Count(w.everybody()[own], ";"); users != 3 {
		t.Errorf("%d users, want 3", users)
	}
}

// TestADeletedUserDoesNotComeBackByARepeat deletes a user whom two answers are
// about, one of them with the details.
func TestADeletedUserDoesNotComeBackByARepeat(t *testing.T) {
	w := newWorld(t)
	create := func() *httptest.ResponseRecorder {
		r := w.request(http.MethodPost, "cp/user", newUser, asJSON)
		r.Header.Set("Idempotency-Key", "k1")
		return w.send(r)
	}
	at := strings.TrimPrefix(create().Header().Get("Location"), "/services/2/")
	login := func() *http.Request {
		r := w.request(http.MethodPost, "generateSSOLoginToken"+strings.TrimPrefix(at, "cp/user"), ownAddress, asJSON)
		r.Header.Set("Idempotency-Key", "k2")
		return r
	}
	tokenOf(t, w.send(login()))
	others := tokenOf(t, w.send(w.keyed("k3", ownAddress)))
	if a := w.send(w.request(http.MethodDelete, at, "", "")); a.Code != http.StatusOK {
		t.Fatalf("delete: got %d %s", a.Code, a.Body)
	}
	before := w.everybody()[own]
	for range 2 {
		a := create()
		if got := wantOf(t, a); got != forbidden || strings.Contains(a.Body.String(), "Dora") || a.Header().Get("Location") != "" {
			t.Errorf("creating: got %d %s", a.Code, a.Body)
		}
		if trace := w.explained(); trace.Failed != signon.CheckReference || !strings.Contains(trace.Received, "deleted") {
			t.Errorf("traced as %+v", trace)
		}
		if got := wantOf(t, w.send(login())); got != forbidden {
			t.Errorf("signing on: got %+v", got)
		}
	}
	if w.everybody()[own] != before {
		t.Error("a repeat created somebody")
	}
	if tokenOf(t, w.send(w.keyed("k3", ownAddress))) != others {
		t.Error("the answer about another user is another")
	}
	w.clock.advance(24 * time.Hour)
	if a := create(); a.Code != http.StatusOK {
		t.Errorf("a day later: got %d %s", a.Code, a.Body)
	}
}

// TestWhoIsTooSlowToCreateAUserGetsTheAnswerOfWhoWasNot has a lease run out: the
// username that is taken then is that of the same call.
func TestWhoIsTooSlowToCreateAUserGetsTheAnswerOfWhoWasNot(t *testing.T) {
	w := newWorld(t)
	create := func() *httptest.ResponseRecorder {
		r := w.request(http.MethodPost, "cp/user", newUser, asJSON)
		r.Header.Set("Idempotency-Key", "k1")
		return w.send(r)
	}
	var fast *httptest.ResponseRecorder
	w.store.afterClaim = func() {
		w.clock.advance(time.Minute)
		fast = create()
	}
	slow := create()
	if fast.Code != http.StatusOK || slow.Code != http.StatusOK || slow.Body.String() != fast.Body.String() {
		t.Errorf("got %d %s and %d %s", fast.Code, fast.Body, slow.Code, slow.Body)
	}
}

// TestAKeyIsForOneMerchant has the client go to another merchant: what was answered
// before is none of that one's.
func TestAKeyIsForOneMerchant(t *testing.T) {
	w := newWorld(t)
	tokenOf(t, w.send(w.keyed("k1", ownAddress)))
	moved := merchants(t)
	moved[1].Clients, moved[0].Clients = append(moved[1].Clients, moved[0].Clients[0]), moved[0].Clients[1:]
	if err := w.signOn.Apply(t.Context(), moved); err != nil {
		t.Fatal(err)
	}
	if got := wantOf(t, w.send(w.keyed("k1", ownAddress))); got != invalid("Idempotency-Key") {
		t.Errorf("got %+v", got)
	}
}
