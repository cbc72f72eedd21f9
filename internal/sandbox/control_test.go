package sandbox_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/config"
	"github.com/latchkey-sso/latchkey/internal/dev"
	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
	"github.com/latchkey-sso/latchkey/internal/sandbox"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

func TestALinkIsFoundByWhateverNamesIt(t *testing.T) {
	w := newWorld(t)
	l := w.issue("2checkout-rest", "account")
	if l.Standing != "live" || l.URL == "" || l.Tenant != "avangate" || l.Ref != "352365983" || l.Destination != "account" || l.Client != dev.MerchantCode {
		t.Fatalf("got %+v", l)
	}
	address, err := url.Parse(l.URL)
	if err != nil {
		t.Fatal(err)
	}
	var token string
	for _, values := range address.Query() {
		if len(values[0]) == 40 {
			token = values[0]
		}
	}
	for _, text := range []string{l.URL, " " + l.URL + "\n", token, l.Reference, "?x=%2F&y=" + token + "#z"} {
		got, err := w.sandbox.FindLink(t.Context(), text)
		if err != nil || string(got.Reference) != l.Reference || got.URL != l.URL || got.Person() != john {
			t.Errorf("%q: got %+v, %v", text, got, err)
		}
	}
	var app link
	w.api(http.MethodPost, "links", `{"dialect":"generatessotoken","tenant":"abc-group","kind":"member","ref":"10001004","destination":"01"}`, http.StatusCreated, &app)
	if address, err = url.Parse(app.URL); err != nil {
		t.Fatal(err)
	}
	number, jwt := address.Query().Get("TokenRefNo"), address.Query().Get("TokenNo")
	if number == "" || strings.Count(jwt, ".") != 2 {
		t.Fatalf("the link has the number %q and the token %q", number, jwt)
	}
	for _, text := range []string{app.URL, number, jwt, "http://elsewhere.example/?TokenNo=" + jwt, app.Reference} {
		var got link
		w.api(http.MethodGet, "links/find?link="+url.QueryEscape(text), "", http.StatusOK, &got)
		if got.Reference != app.Reference {
			t.Errorf("%q: got %+v", text, got)
		}
	}
}

func TestWhatNamesNoLinkIsNotFound(t *testing.T) {
	w := newWorld(t)
	w.issue("2checkout-rest", "account")
	claims := base64.RawURLEncoding.EncodeToString([]byte(`{"jti":7}`))
	for _, text := range []string{
		"x", strings.Repeat("0", 24), strings.Repeat("0", 40), "http://localhost/", "?", "?logintoken=", "a.b.c", "a." + claims + ".c", "%", "?x=%zz",
	} {
		w.api(http.MethodGet, "links/find?link="+url.QueryEscape(text), "", http.StatusNotFound, nil)
		w.api(http.MethodPost, "links/expire", `{"link":`+quote(text)+`}`, http.StatusNotFound, nil)
		w.api(http.MethodPost, "links/revoke", `{"link":`+quote(text)+`}`, http.StatusNotFound, nil)
	}
	w.api(http.MethodGet, "links/find?link=", "", http.StatusUnprocessableEntity, nil)
	w.api(http.MethodGet, "links/find", "", http.StatusUnprocessableEntity, nil)
	w.api(http.MethodPost, "links/expire", `{"link":" "}`, http.StatusUnprocessableEntity, nil)
}

func TestALinkThatExpiresByHandIsOver(t *testing.T) {
	w := newWorld(t)
	l := w.issue("2checkout-soap", "account")
	var got link
	w.api(http.MethodPost, "links/expire", `{"link":`+quote(l.URL)+`}`, http.StatusOK, &got)
	if got.Standing != "expired" || got.Reference != l.Reference || got.ExpiresAt.After(time.Now()) {
		t.Errorf("got %+v", got)
	}
	if status := w.follow(l.URL); status != http.StatusForbidden {
		t.Errorf("it is answered with %d", status)
	}
	calls, _ := w.sandbox.Calls(sandbox.Filter{Kind: sandbox.KindLink, Limit: 1})
	if len(calls) != 1 || !decidedBy(calls[0], signon.ReasonExpired) {
		t.Errorf("it was refused for another reason: %+v", calls)
	}
}

func decidedBy(c *sandbox.Call, why signon.Reason) bool {
	for i := range c.Decisions {
		if c.Decisions[i].Reason == why {
			return true
		}
	}
	return false
}

func TestARevokedLinkIsOverAndSoIsItsSession(t *testing.T) {
	w := newWorld(t)
	unused, used := w.issue("2checkout-rest", "account"), w.issue("2checkout-rest", "account")
	browser := w.browser()
	account := w.url + "/myaccount/"
	if status, err := w.open(browser, used.URL); status != http.StatusOK || err != nil {
		t.Fatalf("got %d, %v", status, err)
	}
	for _, l := range []link{unused, used} {
		var got link
		w.api(http.MethodPost, "links/revoke", `{"link":`+quote(l.Reference)+`}`, http.StatusOK, &got)
		if got.Standing != "revoked" {
			t.Errorf("got %+v", got)
		}
		w.api(http.MethodPost, "links/revoke", `{"link":`+quote(l.Reference)+`}`, http.StatusOK, &got) // again changes nothing
	}
	if status := w.follow(unused.URL); status != http.StatusForbidden {
		t.Errorf("the link is answered with %d", status)
	}
	if status, err := w.open(browser, account); status == http.StatusOK || err != nil {
		t.Errorf("the session goes on: %d, %v", status, err)
	}
}

func TestANumberedTokenIsRevokedAndExpires(t *testing.T) {
	w := newWorld(t)
	for how, c := range map[string]struct {
		standing string
		reason   signon.Reason
	}{"revoke": {"revoked", signon.ReasonRevoked}, "expire": {"expired", signon.ReasonExpired}} {
		var l, got link
		w.api(http.MethodPost, "links", `{"dialect":"generatessotoken","tenant":"abc-group","kind":"member","ref":"10001004","destination":"01"}`, http.StatusCreated, &l)
		w.api(http.MethodPost, "links/"+how, `{"link":`+quote(l.URL)+`}`, http.StatusOK, &got)
		if got.Standing != c.standing || got.Reference != l.Reference {
			t.Errorf("%s: got %+v", how, got)
		}
		page, query, _ := strings.Cut(strings.TrimPrefix(l.URL, w.url), "?")
		r := w.request(http.MethodPost, page+"/enter", query) // which has the token verified
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w.do(r)
		calls, _ := w.sandbox.Calls(sandbox.Filter{Dialect: "generatessotoken", Limit: 1})
		if len(calls) != 1 || !decidedBy(calls[0], c.reason) {
			t.Errorf("%s: the token is not refused for that: %+v", how, calls[0])
		}
	}
}

func TestLinksAreListedTheLatestFirst(t *testing.T) {
	w := newWorld(t)
	var refs []string
	for range 3 {
		refs = append(refs, w.issue("2checkout-rest", "account").Reference)
		time.Sleep(2 * time.Millisecond) // instants are whole milliseconds
	}
	w.api(http.MethodPost, "links/expire", `{"link":"`+refs[2]+`"}`, http.StatusOK, nil)
	for query, want := range map[string]string{
		"":                     refs[2] + refs[1] + refs[0],
		"?limit=2":             refs[2] + refs[1],
		"?standing=expired":    refs[2],
		"?destination=account": refs[2] + refs[1] + refs[0],
		"?destination=cart":    "",
		"?tenant=othershop":    "",
		"?tenant=avangate&kind=customer&ref=352365983": refs[2] + refs[1] + refs[0],
		"?tenant=avangate&kind=customer&ref=352365984": "",
	} {
		var all struct{ Links []link }
		w.api(http.MethodGet, "links"+query, "", http.StatusOK, &all)
		got := ""
		for _, l := range all.Links {
			got += l.Reference
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", query, got, want)
		}
	}
	for _, query := range []string{"?kind=customer", "?ref=1", "?standing=good", "?limit=0", "?order=best"} {
		w.api(http.MethodGet, "links"+query, "", http.StatusUnprocessableEntity, nil)
	}
}

func TestWhatCantBeIssuedIsRefusedByItsArgument(t *testing.T) {
	w := newWorld(t)
	for body, argument := range map[string]string{
		`{"dialect":"cobol","tenant":"avangate","kind":"customer","ref":"352365983","destination":"account"}`:         "dialect",
		`{"dialect":"2checkout-rest","tenant":"avangate","kind":"customer","ref":"352365983","destination":"portal"}`: "destination",
		`{"dialect":"2checkout-rest","tenant":"avangate","kind":"user","ref":"1111001","destination":"account"}`:      "person",
		`{"dialect":"2checkout-rest","tenant":"nobody","kind":"customer","ref":"352365983","destination":"account"}`:  "person",
	} {
		r := w.request(http.MethodPost, "/dev/api/links", body)
		r.Header.Set("Content-Type", "application/json")
		if status, text := w.do(r); status != http.StatusUnprocessableEntity || !strings.Contains(text, `"location":"body.`+argument+`"`) {
			t.Errorf("%s: got %d %s", body, status, text)
		}
	}
	// What the API itself refuses is told as it is.
	w.api(http.MethodPost, "links", `{"dialect":"2checkout-rest","tenant":"avangate","kind":"customer","ref":"1","destination":"account"}`, http.StatusBadGateway, nil)
	w.add(`{"kind":"cut","dialect":"2checkout-rest"}`)
	w.api(http.MethodPost, "links", `{"dialect":"2checkout-rest","tenant":"avangate","kind":"customer","ref":"352365983","destination":"account"}`, http.StatusBadGateway, nil)
}

func TestPeopleAreThoseOfAllTenants(t *testing.T) {
	w := newWorld(t)
	var all struct {
		People []struct {
			Tenant, Kind, Ref, Name, Email string
			ExternalReference              string `json:"external_reference"`
		}
	}
	w.api(http.MethodGet, "people", "", http.StatusOK, &all)
	kinds := map[string]int{}
	for _, p := range all.People {
		kinds[p.Tenant+" "+p.Kind]++
		if p.Name == "" {
			t.Errorf("%+v has no name", p)
		}
		if p.Ref == "352365983" && (p.Name != "John Newman" || p.Email != "john.newman@example.com" || p.ExternalReference != "HotTalks1Customer123") {
			t.Errorf("got %+v", p)
		}
	}
	for _, want := range []string{"avangate customer", "othershop customer", "avangate user", "merchant-23424 user", "abc-group member"} {
		if kinds[want] == 0 {
			t.Errorf("no %s is among %v", want, kinds)
		}
	}
}

func TestACustomerIsNamedByTheExternalReferenceToo(t *testing.T) {
	w := newWorld(t)
	var issued link
	w.api(http.MethodPost, "links", `{"dialect":"2checkout-rest","tenant":"avangate","kind":"customer","ref":"HotTalks1Customer123","destination":"account"}`, http.StatusCreated, &issued)
	var found struct{ Links []link }
	w.api(http.MethodGet, "links?tenant=avangate&kind=customer&ref=HotTalks1Customer123", "", http.StatusOK, &found)
	if issued.Ref != "352365983" || len(found.Links) != 1 || found.Links[0].Reference != issued.Reference {
		t.Errorf("got %+v, and found %+v", issued, found)
	}
}

// soap makes a call of a vendor's SOAP client and returns its answer.
func (w *world) soap(method string, args ...string) string {
	w.Helper()
	var body strings.Builder
	for i, a := range args {
		fmt.Fprintf(&body, "<a%d>%s</a%d>", i, a, i)
	}
	_, answer := w.do(w.request(http.MethodPost, "/soap/6.0/",
		`<x:Envelope xmlns:x="http://schemas.xmlsoap.org/soap/envelope/"><x:Body><`+method+`>`+body.String()+`</`+method+`></x:Body></x:Envelope>`))
	return answer
}

// login returns a session of the demo's vendor, proved by the machine's time.
func (w *world) login() string {
	w.Helper()
	c, err := avangate.Sign(dev.MerchantCode, time.Now(), dev.SecretKey, "sha256")
	if err != nil {
		w.Fatal(err)
	}
	answer := w.soap("login", c.Code, c.Date, c.Hash, c.Algorithm)
	_, rest, _ := strings.Cut(answer, ">")
	for {
		text, after, ok := strings.Cut(rest, "<")
		if text = strings.TrimSpace(text); len(text) == signon.APISessionLen {
			return text
		}
		if _, rest, _ = strings.Cut(after, ">"); !ok {
			w.Fatalf("login was answered with %s", answer)
		}
	}
}

func TestTheClockMovesPastASession(t *testing.T) {
	w := newWorld(t)
	session, l := w.login(), w.issue("2checkout-rest", "account")
	get := func(session string) string { return w.soap("getCustomerInformation", session, "352365983") }
	if answer := get(session); !strings.Contains(answer, "Newman") {
		t.Fatalf("got %s", answer)
	}
	var clock struct {
		Now, Machine time.Time
		Ahead        string
	}
	w.api(http.MethodPost, "clock", `{"advance":"25m"}`, http.StatusOK, &clock)
	if clock.Ahead != "25m" || clock.Now.Sub(clock.Machine) != 25*time.Minute {
		t.Errorf("got %+v", clock)
	}
	if answer := get(session); !strings.Contains(answer, "<faultcode>FORBIDDEN</faultcode>") {
		t.Errorf("the session goes on: %s", answer)
	}
	if status := w.follow(l.URL); status != http.StatusForbidden {
		t.Errorf("the link is answered with %d", status)
	}
	if answer := get(w.login()); !strings.Contains(answer, "Newman") {
		t.Errorf("whose clock was not moved can't log in: %s", answer)
	}
	if status := w.follow(w.issue("2checkout-rest", "account").URL); status != http.StatusOK {
		t.Errorf("a new link is answered with %d", status)
	}
	to := clock.Now.Add(48 * time.Hour).Format(time.RFC3339)
	w.api(http.MethodPost, "clock", `{"to":"`+to+`"}`, http.StatusOK, &clock)
	if got := clock.Now.Format(time.RFC3339); got < to {
		t.Errorf("it is %s, want %s", got, to)
	}
	w.api(http.MethodPost, "reset", "", http.StatusNoContent, nil)
	w.api(http.MethodGet, "clock", "", http.StatusOK, &clock)
	if clock.Ahead != "0s" {
		t.Errorf("after a reset: got %+v", clock)
	}
	if answer := get(w.login()); !strings.Contains(answer, "Newman") {
		t.Errorf("after a reset: got %s", answer)
	}
	if l := w.issue("2checkout-rest", "account"); l.IssuedAt.After(time.Now().Add(time.Second)) {
		t.Errorf("after a reset the store's time is still ahead: %s", l.IssuedAt)
	}
}

func TestTheClockGoesOnWithDataThatWasKept(t *testing.T) {
	dir := t.TempDir()
	kept := func(c *config.Config) { c.DataDir = dir }
	t.Run("before", func(t *testing.T) {
		w := newWorld(t, kept)
		if err := w.sandbox.AdvanceClock(48 * time.Hour); err != nil {
			t.Fatal(err)
		}
		w.do(w.request(http.MethodGet, "/rest/6.0/customers/1/", "")) // the store has seen the time
	})
	if ahead := newWorld(t, kept).sandbox.ClockState().Ahead; ahead < 47*time.Hour || ahead > 49*time.Hour {
		t.Errorf("the clock is %v ahead after a restart", ahead)
	}
}

func TestTheClockDoesNotGoBack(t *testing.T) {
	w := newWorld(t)
	for _, body := range []string{
		`{}`, `{"advance":"0s"}`, `{"advance":"-5m"}`, `{"advance":"later"}`, `{"to":"2020-01-01T00:00:00Z"}`, `{"to":"2400-01-01T00:00:00Z"}`, `{"to":"now"}`,
		`{"advance":"87601h"}`, `{"advance":"3651d"}`, `{"advance":"d"}`, `{"advance":"5m","to":"2030-01-01T00:00:00Z"}`,
	} {
		w.api(http.MethodPost, "clock", body, http.StatusUnprocessableEntity, nil)
	}
	if c := w.sandbox.ClockState(); c.Ahead != 0 {
		t.Errorf("got %+v", c)
	}
}

func TestTheClockMovesByDaysAndSaysWhatItCantRead(t *testing.T) {
	w := newWorld(t)
	var clock struct {
		Now, Machine time.Time
		Ahead        string
	}
	w.api(http.MethodPost, "clock", `{"advance":"7d"}`, http.StatusOK, &clock)
	w.api(http.MethodPost, "clock", `{"advance":"1d 12h"}`, http.StatusOK, &clock)
	if clock.Ahead != "204h" {
		t.Errorf("got %+v", clock)
	}
	for body, want := range map[string]string{
		`{"advance":"5m","to":"2030-01-01T00:00:00Z"}`: "advance must be given, or to, and not both of them",
		`{}`:                  "advance must be given, or to, and not both of them",
		`{"advance":"7w"}`:    `advance must be a time above zero, as in "90s", "2h30m" or "7d"`,
		`{"advance":"20y"}`:   `advance must be a time above zero, as in "90s", "2h30m" or "7d"`,
		`{"advance":"9999d"}`: "advance must not bring the clock more than 10 years ahead",
	} {
		var problem struct {
			Title, Detail string
			Status        int
			Errors        []struct{ Message, Location string }
		}
		w.api(http.MethodPost, "clock", body, http.StatusUnprocessableEntity, &problem)
		if problem.Detail != want || len(problem.Errors) != 1 || problem.Errors[0].Location != "body.advance" || "advance "+problem.Errors[0].Message != want {
			t.Errorf("%s: got %+v", body, problem)
		}
	}
}

func TestAResetBeginsAnew(t *testing.T) {
	w := newWorld(t)
	l := w.issue("2checkout-rest", "account")
	w.add(`{"kind":"cut","dialect":"bluesnap"}`)
	w.api(http.MethodPost, "reset", "", http.StatusNoContent, nil)
	if calls, _ := w.sandbox.Calls(sandbox.Filter{}); len(calls) != 0 || len(w.sandbox.Faults()) != 0 {
		t.Errorf("there are %d calls and %d faults", len(calls), len(w.sandbox.Faults()))
	}
	if f := w.add(`{"kind":"cut","dialect":"bluesnap"}`); f.ID != 1 {
		t.Errorf("the first fault is number %d", f.ID)
	}
	w.api(http.MethodGet, "links/find?link="+url.QueryEscape(l.URL), "", http.StatusNotFound, nil)
	if status := w.follow(l.URL); status != http.StatusForbidden {
		t.Errorf("a link of before is answered with %d", status)
	}
	if status := w.follow(w.issue("2checkout-rest", "account").URL); status != http.StatusOK {
		t.Errorf("a new one with %d", status)
	}
}

func TestResetsWhileClientsCallLeaveNoHalfStates(t *testing.T) {
	w := newWorld(t)
	over := make(chan struct{})
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
				}
				if status, _, body, err := w.try(w.ask()); err != nil || status != http.StatusOK {
					t.Errorf("client %d: got %d %s, %v", i, status, body, err)
					return
				}
			}
		})
	}
	all.Go(func() { // and one who looks on
		for {
			select {
			case <-over:
				return
			default:
			}
			if _, err := w.sandbox.Links(t.Context(), sandbox.LinkFilter{}); err != nil {
				t.Errorf("links: %v", err)
			}
			if rows, err := w.sandbox.People(t.Context()); err != nil || len(rows) < 5 {
				t.Errorf("people: %d, %v", len(rows), err)
			}
		}
	})
	for range 3 {
		time.Sleep(20 * time.Millisecond)
		if err := w.sandbox.Reset(t.Context()); err != nil {
			t.Error(err)
		}
	}
	close(over)
	all.Wait()
}
