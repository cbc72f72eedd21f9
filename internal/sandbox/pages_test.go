package sandbox_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/sandbox"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// page returns a page as HTML.
func (w *world) page(path string, status int) string {
	w.Helper()
	r := w.request(http.MethodGet, path, "")
	got, body := w.do(r)
	if got != status {
		w.Fatalf("%s: got status %d, want %d:\n%s", path, got, status, body)
	}
	return body
}

// form sends a form and returns the status and where it leads, or else the page.
func (w *world) form(path string, values url.Values) (status int, to string) {
	w.Helper()
	r := w.request(http.MethodPost, path, values.Encode())
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	client := &http.Client{Transport: w.client.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	a, err := client.Do(r)
	if err != nil {
		w.Fatal(err)
	}
	defer a.Body.Close()
	return a.StatusCode, a.Header.Get("Location")
}

func TestPagesAreForThisMachineAlone(t *testing.T) {
	w := newWorld(t)
	w.answered(w.ask())
	for _, path := range []string{"/dev", "/dev/live", "/dev/calls/1", "/dev/story?person=avangate/customer/352365983", "/dev/links", "/dev/controls", "/dev/assets/x.css"} {
		r := w.request(http.MethodGet, path, "")
		r.Host = "sandbox.evil.example"
		if status, body := w.do(r); status != http.StatusForbidden || strings.Contains(body, "352365983") {
			t.Errorf("%s: got %d %s for another host", path, status, body)
		}
	}
	for _, path := range []string{"/dev/links", "/dev/links/expire", "/dev/links/revoke", "/dev/controls/clock", "/dev/controls/faults", "/dev/controls/faults/remove", "/dev/controls/reset"} {
		r := w.request(http.MethodPost, path, "step=1h")
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", "https://evil.example")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		if status, _ := w.do(r); status != http.StatusForbidden {
			t.Errorf("%s: got %d for a form of another site", path, status)
		}
	}
	if calls, _ := w.sandbox.Calls(sandbox.Filter{}); len(calls) != 1 || w.sandbox.ClockState().Ahead != 0 {
		t.Errorf("got %d calls, and a clock %s ahead", len(calls), w.sandbox.ClockState().Ahead)
	}
}

func TestPagesRunTheirOwnScriptsOnly(t *testing.T) {
	w := newWorld(t)
	w.answered(w.wrongPassword())
	for _, path := range []string{"/dev", "/dev/calls/1", "/dev/links", "/dev/controls", "/dev/nowhere"} {
		a, err := w.client.Do(w.request(http.MethodGet, path, ""))
		if err != nil {
			t.Fatal(err)
		}
		a.Body.Close()
		policy := a.Header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: got the policy %s", path, policy)
		}
		if a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: it may be stored", path)
		}
	}
}

func TestWhatCallsSayIsTextAndNothingElse(t *testing.T) {
	w := newWorld(t)
	const evil = `"><img src=x onerror=alert(1)><script>alert(1)</script>`
	r := w.request(http.MethodPost, "/rest/6.0/"+url.PathEscape(evil)+"/?x="+url.QueryEscape(evil), `{"`+strings.ReplaceAll(evil, `"`, `\"`)+`": 1}`)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Evil", evil)
	w.answered(r)
	for _, path := range []string{"/dev?kind=all", "/dev/calls/1", "/dev?q=" + url.QueryEscape(evil)} {
		if body := w.page(path, http.StatusOK); strings.Contains(body, "<img") || strings.Contains(body, "<script>") {
			t.Errorf("%s holds an element that a call sent", path)
		}
	}
}

func TestACallMarksTokensAndHidesSecrets(t *testing.T) {
	w := newWorld(t)
	w.issue("2checkout-rest", "cart")
	w.answered(w.wrongPassword())
	calls, _ := w.sandbox.Calls(sandbox.Filter{})
	page := w.page(fmt.Sprintf("/dev/calls/%d", calls[1].ID), http.StatusOK)
	token := strings.TrimSuffix(calls[1].Response.Body.Text[strings.Index(calls[1].Response.Body.Text, "logintoken=")+len("logintoken="):], `"`)
	if n, marked := strings.Count(page, token), strings.Count(page, `<mark class="token">`+token+`</mark>`); n == 0 || n != marked {
		t.Errorf("the token is shown %d times, and marked %d times", n, marked)
	}
	page = w.page(fmt.Sprintf("/dev/calls/%d", calls[0].ID), http.StatusOK)
	if strings.Contains(page, "wrong-password") || !strings.Contains(page, `<span class="hidden">(hidden)</span>`) {
		t.Error("a wrong password is shown, or nothing says that it is hidden")
	}
}

func TestACommandWithoutTheBodySaysSo(t *testing.T) {
	w := newWorld(t)
	const words = "was not read: add it"
	w.answered(w.request(http.MethodPost, "/rest/6.0/orders/", `{"unread": true}`))
	if page := w.page("/dev/calls/1", http.StatusOK); !strings.Contains(page, words) {
		t.Error("nothing says that the command lacks the body")
	}
	w.answered(w.ask())
	if page := w.page("/dev/calls/2", http.StatusOK); strings.Contains(page, words) {
		t.Error("a call without a body is said to have one")
	}
}

func TestACallWithoutAnAnswerSaysSo(t *testing.T) {
	w := newWorld(t)
	if _, err := w.sandbox.AddFault(sandbox.Fault{Kind: sandbox.FaultCut}); err != nil {
		t.Fatal(err)
	}
	w.cut()
	page := w.page(fmt.Sprintf("/dev/calls/%d", w.last().ID), http.StatusOK)
	for _, want := range []string{"There was no answer: connection cut", "no answer</span>", "A fault was injected"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if list := w.page("/dev?status=none", http.StatusOK); !strings.Contains(list, "no answer</span>") {
		t.Error("the list does not have it")
	}
}

func TestWhatIsGoneIsSaidToBeGone(t *testing.T) {
	w := newWorld(t)
	for path, want := range map[string]string{
		"/dev/calls/1": "Nothing is known of that", "/dev/calls/x": "Nothing is known of that", "/dev/story": "Nothing is known of that",
		"/dev/story?link=000000000000000000000000": "Nothing is known of that", "/dev/story?person=x": "Nothing is known of that", "/dev/nowhere": "There is no such page",
	} {
		if body := w.page(path, http.StatusNotFound); !strings.Contains(body, want) {
			t.Errorf("%s does not say %q", path, want)
		}
	}
	for path, values := range map[string]url.Values{
		"/dev/links/expire": {"link": {"000000000000000000000000"}}, "/dev/links/revoke": {"link": {"nothing"}}, "/dev/controls/faults/remove": {"fault": {"7"}},
	} {
		if status, _ := w.form(path, values); status != http.StatusNotFound {
			t.Errorf("%s: got %d", path, status)
		}
	}
}

func TestAStoryIsFoundByAllThatNamesItsLink(t *testing.T) {
	w := newWorld(t)
	l := w.issue("2checkout-rest", "cart")
	_, token, _ := strings.Cut(l.URL, "logintoken=")
	token, _, _ = strings.Cut(token, "&")
	want := "/dev/story?link=" + l.Reference
	for _, text := range []string{url.QueryEscape(l.URL), url.QueryEscape(" " + l.URL + "\n"), l.URL, l.URL + "&x=y", token} {
		r := w.request(http.MethodGet, "/dev/story?link=", "")
		r.URL.RawQuery = "link=" + text
		client := &http.Client{Transport: w.client.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		a, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		a.Body.Close()
		if a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != want {
			t.Errorf("got %d %s", a.StatusCode, a.Header.Get("Location"))
		}
	}
	w.page("/dev/story?link="+strings.ToUpper(l.Reference), http.StatusOK)
	w.page("/dev/story?link="+url.QueryEscape("http://localhost/?logintoken=no"), http.StatusNotFound)
}

func TestOfAKnownPersonThereIsAPageFromTheBeginning(t *testing.T) {
	w := newWorld(t)
	page := w.page("/dev/story?person=avangate/customer/352365983", http.StatusOK)
	for _, want := range []string{"John Newman", "Nothing yet", "Issue a link"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	w.page("/dev/story?person=avangate/customer/999", http.StatusNotFound)
}

func TestMembersAreOfferedWhatTheyAreLinkedTo(t *testing.T) {
	w := newWorld(t)
	people, err := w.sandbox.People(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for i := range people {
		p := &people[i].Person
		if p.Kind != signon.SubjectMember {
			continue
		}
		page := w.page("/dev/links?person="+url.QueryEscape(string(p.Tenant)+"/member/"+string(p.Ref)), http.StatusOK)
		for _, m := range regexp.MustCompile(`value="(generatessotoken/\w+)"`).FindAllStringSubmatch(page, -1) {
			seen++
			r := url.Values{"person": {string(p.Tenant) + "/member/" + string(p.Ref)}, "offer": {m[1]}}
			if status, _ := w.form("/dev/links", r); status != http.StatusSeeOther {
				t.Errorf("%s is offered to %s: got %d", m[1], people[i].Name, status)
			}
		}
	}
	if seen == 0 {
		t.Error("nothing is offered to members")
	}
}

func TestAnErrorSaysWhoseItIs(t *testing.T) {
	w := newWorld(t)
	for _, one := range []struct{ dialect, text, want string }{
		{"", "bluesnap/conflict", "bluesnap"}, {"2checkout-soap", "bluesnap/conflict", "2checkout-soap"}, {"bluesnap", "conflict", "bluesnap"},
	} {
		status, _ := w.form("/dev/controls/faults", url.Values{"kind": {"error"}, "dialect": {one.dialect}, "error": {one.text}, "every": {"1"}, "times": {"1"}})
		all := w.sandbox.Faults()
		if status != http.StatusSeeOther || len(all) == 0 || all[len(all)-1].Dialect != one.want || all[len(all)-1].Error != "conflict" {
			t.Errorf("%+v: got %d, %+v", one, status, all)
		}
	}
	for dialect, text := range map[string]string{"links": "bluesnap/conflict", "2checkout-rest": "bluesnap/conflict", "": "conflict"} {
		if status, _ := w.form("/dev/controls/faults", url.Values{"kind": {"error"}, "dialect": {dialect}, "error": {text}}); status != http.StatusUnprocessableEntity {
			t.Errorf("%s by %q: got %d", text, dialect, status)
		}
	}
	if status, _ := w.form("/dev/controls/faults", url.Values{"kind": {"cut"}, "error": {"bluesnap/conflict"}, "status": {"503"}, "hang": {"1s"}}); status != http.StatusSeeOther {
		t.Errorf("what the other kinds' fields hold gets in the way: got %d", status)
	}
}

func TestFormsLeadBackToWhereTheyCameFrom(t *testing.T) {
	w := newWorld(t)
	ref := func() string { return w.issue("2checkout-rest", "cart").Reference }
	for back, want := range map[string]string{"": "/dev/links?", "story": "/dev/story?done=expired&link=", "avangate/customer/352365983": "/dev/story?done=expired&person=avangate%2Fcustomer%2F352365983"} {
		if status, to := w.form("/dev/links/expire", url.Values{"link": {ref()}, "back": {back}}); status != http.StatusSeeOther || !strings.HasPrefix(to, want) {
			t.Errorf("back to %q: got %d %s", back, status, to)
		}
	}
	one := ref()
	if status, to := w.form("/dev/links/revoke", url.Values{"link": {one}, "back": {"story"}}); status != http.StatusSeeOther || !strings.Contains(w.page(to, http.StatusOK), "The link is revoked") {
		t.Errorf("got %d %s", status, to)
	}
	if status, _ := w.form("/dev/links", url.Values{"person": {"avangate/customer/352365983"}, "offer": {"bluesnap/portal"}}); status != http.StatusUnprocessableEntity {
		t.Errorf("a link that does not fit the person: got %d", status)
	}
}

func TestAListGoesOnWhereItEnded(t *testing.T) {
	w := newWorld(t)
	w.made(450)
	path, seen := "/dev", 0
	for range 3 {
		body := w.page(path, http.StatusOK)
		seen += strings.Count(body, `<tr role="row" class="call"`)
		_, rest, more := strings.Cut(body, `rel="next" href="`)
		if !more {
			break
		}
		path, _, _ = strings.Cut(rest, `"`)
	}
	if seen != 450 || path != "/dev?before=51" {
		t.Errorf("got %d calls, the last ones at %s", seen, path)
	}
	if body := w.page("/dev?kind=link", http.StatusOK); !strings.Contains(body, "No call matches") {
		t.Error("links are listed though there are none")
	}
}

// streamed returns a function that waits for the next event of a list that is open:
// its ID, its name, and the IDs of its rows.
func (w *world) streamed(query, lastID string) (next func() string) {
	w.Helper()
	ctx, stop := context.WithCancel(w.Context())
	w.Cleanup(stop)
	r := w.request(http.MethodGet, "/dev/live"+query, "").WithContext(ctx)
	if lastID != "" {
		r.Header.Set("Last-Event-ID", lastID)
	}
	a, err := w.client.Do(r)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { _ = a.Body.Close() })
	if a.StatusCode != http.StatusOK || !strings.HasPrefix(a.Header.Get("Content-Type"), "text/event-stream") {
		w.Fatalf("got %d, %v", a.StatusCode, a.Header)
	}
	lines := bufio.NewScanner(a.Body)
	return func() string {
		var event []string
		for lines.Scan() {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			switch {
			case lines.Text() == "" && len(event) > 0:
				return strings.Join(event, " ")
			case name == "id" || name == "event":
				event = append(event, value)
			case name == "data" && strings.HasPrefix(value, "<tr "):
				_, id, _ := strings.Cut(value, `data-id="`)
				id, _, _ = strings.Cut(id, `"`)
				event = append(event, id)
			}
		}
		w.Fatalf("the stream ended after %v: %v", event, lines.Err())
		return ""
	}
}

func TestAStreamGoesOnWhereABrowserLooked(t *testing.T) {
	w := newWorld(t)
	w.made(2)
	w.answered(w.wrongPassword())
	for _, one := range []struct{ query, lastID, want string }{
		{"", "", "3 rows 3 2 1"},
		{"?after=1", "", "3 rows 3 2"},
		{"?after=1", "2", "3 rows 3"},
		{"?after=1&dialect=bluesnap", "", "3 rows 3"},
		{"?after=x&kind=link&status=5xx&q=y", "99", "0 cleared"}, // another sandbox's
	} {
		if got := w.streamed(one.query, one.lastID)(); got != one.want {
			t.Errorf("%s after %q: got %s, want %s", one.query, one.lastID, got, one.want)
		}
	}
	all, refused := w.streamed("?after=3", ""), w.streamed("?after=3&status=4xx", "")
	w.answered(w.ask())
	if got := all(); got != "4 rows 4" {
		t.Errorf("got %s", got)
	}
	w.answered(w.wrongPassword())
	if got := all(); got != "5 rows 5" {
		t.Errorf("got %s", got)
	}
	if got := refused(); got != "5 rows 5" {
		t.Errorf("of those that were refused got %s", got)
	}
	w.sandbox.Clear()
	if got := all(); got != "5 cleared" {
		t.Errorf("got %s", got)
	}
	w.answered(w.ask())
	if got := all(); got != "6 rows 6" {
		t.Errorf("got %s", got)
	}
}

func TestAStreamThatFallsBehindMissesNothingThatItWouldShow(t *testing.T) {
	w := newWorld(t)
	next := w.streamed("", "")
	w.made(1000)
	seen := map[string]bool{}
	for !seen["1000"] {
		for _, id := range strings.Fields(next())[2:] {
			if seen[id] {
				t.Fatalf("call %s came twice", id)
			}
			seen[id] = true
		}
	}
	for id := 801; id <= 1000; id++ {
		if !seen[strconv.Itoa(id)] {
			t.Fatalf("call %d is missing", id)
		}
	}
}

func TestStreamsEndWhenTheServerStops(t *testing.T) {
	w := newWorld(t)
	a, err := w.client.Do(w.request(http.MethodGet, "/dev/live", ""))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	w.sandbox.Stop()
	if _, err := io.Copy(io.Discard, a.Body); err != nil { // of a client that waits no more
		t.Errorf("it ended with %v", err)
	}
}
