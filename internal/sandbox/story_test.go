package sandbox_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/dev"
	"github.com/latchkey-sso/latchkey/internal/sandbox"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// told lists a story in short: calls by path, events by type.
func told(t *testing.T, s *sandbox.Story) (lines []string) {
	t.Helper()
	for i, e := range s.Entries {
		switch {
		case e.Call != nil:
			path, _, _ := strings.Cut(e.Call.Request.URL, "?")
			lines = append(lines, fmt.Sprintf("%s %s %d", e.Call.Kind, path, e.Call.Response.Status))
		case e.Event != nil:
			lines = append(lines, string(e.Event.Type))
		}
		if i > 0 && e.At.UnixMilli() < s.Entries[i-1].At.UnixMilli() {
			t.Errorf("entry %d is out of order", i)
		}
	}
	return lines
}

// signIn asks for a link by a call, follows it, and looks at a page, all as John. It
// returns the link's token and the cookies that the browser got.
func signIn(t *testing.T, w *world) (token string, cookies []*http.Cookie) {
	t.Helper()
	w.do(w.ask())
	calls, _ := w.sandbox.Calls(sandbox.Filter{Kind: sandbox.KindCall, Limit: 1})
	link := regexp.MustCompile(`"(http.*?)"`).FindStringSubmatch(calls[0].Response.Body.Text)
	if link == nil {
		t.Fatalf("no link in %s", calls[0].Response.Body.Text)
	}
	u, err := url.Parse(strings.NewReplacer(`\/`, "/", `\u0026`, "&").Replace(link[1]))
	if err != nil {
		t.Fatal(err)
	}
	browser := w.browser()
	for _, to := range []string{u.String(), w.url + "/myaccount/"} {
		if status, err := w.open(browser, to); err != nil || status != http.StatusOK {
			t.Fatalf("%s: got %d, %v", to, status, err)
		}
	}
	jar, _ := browser.Jar.(*cookiejar.Jar)
	for _, values := range u.Query() {
		if len(values[0]) == signon.TokenLen {
			token = values[0]
		}
	}
	return token, jar.Cookies(u)
}

func TestALinksStoryIsToldFromTheCallToThePage(t *testing.T) {
	w := newWorld(t)
	token, cookies := signIn(t, w)
	asked, _ := w.sandbox.Calls(sandbox.Filter{Kind: sandbox.KindCall})
	if len(asked) != 1 || len(asked[0].Grants) != 1 || !slices.Equal(asked[0].People, []sandbox.Person{john}) {
		t.Fatalf("got %+v", asked)
	}
	ref := asked[0].Grants[0]
	w.do(w.request(http.MethodGet, "/nowhere", "")) // is of no story
	story, err := w.sandbox.Story(t.Context(), sandbox.Filter{Grant: ref})
	if err != nil {
		t.Fatal(err)
	}
	got := told(t, story)
	path := "/myaccount/my-products/"
	if i := slices.IndexFunc(got, func(s string) bool { return strings.HasPrefix(s, "link ") }); i >= 0 {
		path = strings.Fields(got[i])[1]
	}
	for _, want := range []string{"grant.issued", "grant.redeemed", "link " + path + " 303", "page /myaccount/ 200"} {
		if !slices.Contains(got, want) {
			t.Errorf("got %q, want %q among them", got, want)
		}
	}
	if !strings.HasPrefix(got[0], "call /rest/6.0/customers/") || got[1] != "grant.issued" || slices.Contains(got, "page /nowhere 404") {
		t.Errorf("got %q", got)
	}
	if story.Person == nil || *story.Person != john || len(story.Grants) != 1 || story.Grants[0].Standing != signon.StandingRedeemed {
		t.Errorf("got %+v of %+v", story.Grants, story.Person)
	}
	for _, e := range story.Entries {
		if e.Event != nil && (e.Event.About == nil || e.Event.About.Subject != john.Ref) {
			t.Errorf("event %s is about %+v", e.Event.Type, e.Event.About)
		}
	}
	calls, _ := w.sandbox.Calls(sandbox.Filter{})
	for _, c := range calls {
		text := fmt.Sprintf("%+v", *c)
		for _, cookie := range cookies {
			if cookie.Name != "__Host-lk_person" && strings.Contains(text, cookie.Value) { // a mark of the person that pages have, too
				t.Errorf("%s %s has the cookie %s", c.Request.Method, c.Request.URL, cookie.Name)
			}
		}
		if c.Kind == sandbox.KindLink && (!strings.Contains(c.Request.URL, token) || !slices.Contains(c.Grants, ref) || !slices.Contains(c.People, john)) {
			t.Errorf("got link %s of %v and %v", c.Request.URL, c.Grants, c.People)
		}
	}
}

func TestAPersonsStoryHasAllLinksAndCalls(t *testing.T) {
	w := newWorld(t)
	signIn(t, w)
	w.do(w.ask())
	refused := w.request(http.MethodGet, "/rest/6.0/customers/HotTalks1Customer123/cart/?Url=https://evil.example/", "")
	refused.Header = w.ask().Header
	w.do(refused)
	story, err := w.sandbox.Story(t.Context(), sandbox.Filter{Person: &john})
	if err != nil {
		t.Fatal(err)
	}
	got := told(t, story)
	if len(story.Grants) != 2 || story.Grants[0].Standing != signon.StandingRedeemed || story.Grants[1].Standing != signon.StandingLive {
		t.Errorf("got %+v", story.Grants)
	}
	if n := len(slices.DeleteFunc(slices.Clone(got), func(s string) bool { return !strings.HasPrefix(s, "call ") })); n != 3 {
		t.Errorf("got %d calls in %q, want the refused one, too", n, got)
	}
	for _, want := range []string{"grant.issue_refused", "grant.issued", "grant.redeemed", "page /myaccount/ 200"} {
		if !slices.Contains(got, want) {
			t.Errorf("got %q, want %q among them", got, want)
		}
	}
	maria := sandbox.Person{Tenant: "avangate", Kind: signon.SubjectCustomer, Ref: "352365984"}
	if other, err := w.sandbox.Story(t.Context(), sandbox.Filter{Person: &maria}); err == nil {
		if got := told(t, other); slices.ContainsFunc(got, func(s string) bool { return !strings.HasPrefix(s, "customer.") }) {
			t.Errorf("another person's story has %q", got)
		}
	}
}

func TestOfStrangersThereIsNoStory(t *testing.T) {
	w := newWorld(t)
	nobody := john
	nobody.Ref = "999"
	for _, f := range []sandbox.Filter{{}, {Grant: "0123456789abcdef01234567"}, {Grant: "no reference"}, {Person: &nobody}} {
		if story, err := w.sandbox.Story(t.Context(), f); !errors.Is(err, signon.ErrNotFound) {
			t.Errorf("%+v: got %+v, %v", f, story, err)
		}
	}
}

// Secrets of the configuration and of clients pass through a whole server, and are
// in nothing that was recorded.
func TestNoCanaryIsRecordedOfAWholeServer(t *testing.T) {
	w := newWorld(t)
	const canary = "CanaryCanary4711"
	post := func(path, contentType, body string, header ...string) {
		r := w.request(http.MethodPost, path, body)
		r.Header.Set("Content-Type", contentType)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w.do(r)
	}
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte(dev.APIUser+":"+canary))
	right := "Basic " + base64.StdEncoding.EncodeToString([]byte(dev.APIUser+":"+dev.APIPassword))
	post("/services/2/cp/user", "application/json", `{"loginName":"ann","password":"`+canary+`"}`, "Authorization", right)
	post("/services/2/cp/user", "application/xml", `<user xmlns="http://ws.plimus.com"><password>`+canary+`</password></user>`, "Authorization", right)
	post("/services/2/generateSSOLoginToken/1111001", "application/json", `{}`, "Authorization", basic)
	post("/oauth2/token", "application/x-www-form-urlencoded", "grant_type=client_credentials&client_id=demo-lob-client&client_secret="+canary)
	post("/rpc/6.0/", "application/json", `{"jsonrpc":"2.0","method":"login","params":{"password":"`+canary+`"},"id":1}`, "Cookie", "session="+canary)
	post("/soap/6.0/", "text/xml", `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><login><secret>`+canary+`</secret></login></e:Body></e:Envelope>`)
	post("/order/cart.php?password="+canary, "application/x-www-form-urlencoded", "card=4111+1111+1111+1111&pwd="+canary)
	calls, _ := w.sandbox.Calls(sandbox.Filter{})
	if len(calls) != 7 {
		t.Errorf("got %d calls, want 7", len(calls))
	}
	for _, c := range calls {
		text := fmt.Sprintf("%+v", *c) + c.Curl(w.url, "")
		if strings.Contains(text, canary) || strings.Contains(text, basic) || strings.Contains(text, "1111+1111") {
			t.Errorf("%s survives: %s", c.Request.URL, text)
		}
	}
}

// What passes through the sandbox is the same as without it.
func TestTheSandboxChangesNothing(t *testing.T) {
	w := newWorld(t)
	r := w.request(http.MethodGet, "/soap/6.0/?wsdl", "")
	r.Header.Set("Accept-Encoding", "identity")
	a, err := w.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	body, err := io.ReadAll(a.Body)
	if err != nil || a.ContentLength != int64(len(body)) || !bytes.Contains(body, []byte("definitions")) {
		t.Errorf("got %d bytes of %d, %v", len(body), a.ContentLength, err)
	}
}
