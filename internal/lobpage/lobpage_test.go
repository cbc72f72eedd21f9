package lobpage

import (
	"bytes"
	"encoding/json"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/inbound"
)

// What the tests' tokens are, one of which is hard on HTML.
const (
	tokenNo    = "eyJ.canary-_.7f3a"
	hardNo     = `eyJ.canary-"><script>.7f3a`
	tokenRefNo = "1795315053176599"
)

// backend plays the API and keeps what it was asked.
type backend struct {
	calls   []string
	answers map[string]string // by path
	status  int               // of the API's own calls
	expires string
	code    string
	retired int // how many calls are refused, as of an issuer whose key was retired
}

func (b *backend) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	call := r.URL.Path + " " + r.Header.Get("Authorization") + " " + r.Header.Get("x-lob-client-id") + " " + string(body)
	b.calls = append(b.calls, r.URL.Path)
	w := httptest.NewRecorder()
	switch want := map[string]string{
		"/oauth2/token":          "/oauth2/token   client_id=bearer&client_secret=s%2B+cret&grant_type=client_credentials",
		"/v2/validate_sso_token": "/v2/validate_sso_token Bearer access L1= " + encoded(map[string]string{"TokenNo": tokenNo, "TokenRefNo": tokenRefNo}),
		"/v2/get_member":         "/v2/get_member Bearer access L1= " + `{"CIINo":"10001004"}`,
	}[r.URL.Path]; {
	case r.Method != http.MethodPost || r.URL.Host != "api.example" || call != want:
		w.WriteHeader(http.StatusTeapot)
	case r.URL.Path == "/oauth2/token":
		_, _ = io.WriteString(w, `{"access_token":"access","token_type":"Bearer","expires_in":`+b.expires+`}`)
	case b.retired > 0:
		b.retired--
		w.WriteHeader(http.StatusUnauthorized)
	default:
		if b.code != "" {
			w.Header().Set(inbound.Header, b.code)
		}
		w.WriteHeader(b.status)
		_, _ = io.WriteString(w, b.answers[r.URL.Path])
	}
	return w.Result(), nil
}

func encoded(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// site is the page of one line of business before that API.
type site struct {
	*backend
	http.Handler

	logged bytes.Buffer
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{backend: &backend{status: http.StatusOK, expires: "3600", answers: map[string]string{
		"/v2/validate_sso_token": `{"ReturnCode":1,"ReturnMessage":"Token Verified successfully","CIINo":"10001004","Functionality":"D","IsValidToken":true,"LOBId":"01","TokenSource":"ABC App"}`,
		"/v2/get_member":         `{"ReturnCode":1,"CustomerName":"Asha <b>Menon"}`,
	}}}
	s.Handler = New(Options{
		Find: func(host, id string) (LOB, bool) {
			return LOB{ID: id, Name: "ABC Funds", API: "https://api.example", Client: "L1=", Bearer: "bearer", Secret: "s+ cret", Transport: s.backend}, host == "lob.example" && id == "01"
		},
		NotFound: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }),
		Log:      slog.New(slog.NewTextHandler(&s.logged, nil)),
	})
	return s
}

var form = url.Values{"TokenNo": {tokenNo}, "TokenRefNo": {tokenRefNo}}

// do makes a request of a browser; header are names and values.
func (s *site) do(method, target, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host = "lob.example"
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r.WithContext(inbound.With(r.Context(), &inbound.Info{Secure: true})))
	return w
}

func (s *site) enter(header ...string) *httptest.ResponseRecorder {
	return s.do(http.MethodPost, "/lob/01/enter", form.Encode(), header...)
}

var hidden = regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)">`)

func TestATokenThatComesInIsSentOnFromHereAndNotValidatedBefore(t *testing.T) {
	s := newSite(t)
	form := url.Values{"TokenNo": {hardNo}, "TokenRefNo": {tokenRefNo}}
	for name, answer := range map[string]*httptest.ResponseRecorder{
		"GET":              s.do(http.MethodGet, "/lob/01?"+form.Encode(), ""),
		"GET with a slash": s.do(http.MethodGet, "/lob/01/?"+form.Encode(), ""),
		"POST":             s.do(http.MethodPost, "/lob/01", form.Encode(), "Sec-Fetch-Site", "cross-site", "Origin", "https://app.example"),
	} {
		page := answer.Body.String()
		sent := url.Values{}
		for _, field := range hidden.FindAllStringSubmatch(page, -1) {
			sent.Set(field[1], html.UnescapeString(field[2]))
		}
		if answer.Code != http.StatusOK || !cmp.Equal(sent, form) {
			t.Errorf("%s: got %d, a form with %v", name, answer.Code, sent)
		}
		for _, want := range []string{`method="post" action="/lob/01/enter" data-submit>`, `<button type="submit">`, `<script type="module" src="/assets/submit.`} {
			if !strings.Contains(page, want) {
				t.Errorf("%s: the page lacks %s", name, want)
			}
		}
		if strings.Contains(page, "<script>") {
			t.Errorf("%s: the token is not escaped", name)
		}
		private(t, answer)
	}
	if len(s.calls) > 0 {
		t.Errorf("called %v before anybody posted from here", s.calls)
	}
}

// private checks what keeps a token to itself.
func private(t *testing.T, answer *httptest.ResponseRecorder) {
	t.Helper()
	h := answer.Header()
	if h.Get("Cache-Control") != "no-store" || h.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("got Cache-Control %q and Referrer-Policy %q", h.Get("Cache-Control"), h.Get("Referrer-Policy"))
	}
	if csp := h.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none';") || strings.Contains(csp, "unsafe") || !strings.Contains(csp, "form-action 'self';") {
		t.Errorf("got Content-Security-Policy %q", csp)
	}
}

func TestWhoComesInIsShown(t *testing.T) {
	s := newSite(t)
	answer := s.enter("Sec-Fetch-Site", "same-origin", "Origin", "null")
	page := answer.Body.String()
	for _, want := range []string{"Welcome, Asha &lt;b&gt;Menon", ">10001004<", "ABC Funds", ">01<", ">D<", "ABC App"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if answer.Code != http.StatusOK || strings.Contains(page, "canary") || strings.Contains(page, "<script") {
		t.Errorf("got %d, a page with the token or a script: %s", answer.Code, page)
	}
	private(t, answer)
}

func TestAccessTokensAreKeptUntilShortlyBeforeTheyEnd(t *testing.T) {
	s := newSite(t)
	synctest.Test(t, func(t *testing.T) {
		for _, wait := range []time.Duration{0, 58 * time.Minute, 90 * time.Second} {
			time.Sleep(wait)
			s.enter()
		}
	})
	want := []string{
		"/oauth2/token", "/v2/validate_sso_token", "/v2/get_member", "/v2/validate_sso_token", "/v2/get_member",
		"/oauth2/token", "/v2/validate_sso_token", "/v2/get_member",
	}
	if diff := cmp.Diff(want, s.calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

// TestARefusedAccessTokenIsReplaced: the issuer's key may be retired at once, long
// before the token ends.
func TestARefusedAccessTokenIsReplaced(t *testing.T) {
	s := newSite(t)
	s.enter()
	s.retired, s.calls = 1, nil
	if got := s.enter(); got.Code != http.StatusOK {
		t.Errorf("got %d", got.Code)
	}
	want := []string{"/v2/validate_sso_token", "/oauth2/token", "/v2/validate_sso_token", "/v2/get_member"}
	if diff := cmp.Diff(want, s.calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	s.retired, s.calls = 5, nil
	if got := s.enter(); got.Code != http.StatusBadGateway || len(s.calls) != 3 {
		t.Errorf("got %d after the calls %v, want one more try alone", got.Code, s.calls)
	}
}

// Whatever is wrong, the page is the same to the byte.
func TestThereIsOneRefusal(t *testing.T) {
	s := newSite(t)
	refused := func(change func()) string {
		t.Helper()
		change()
		answer := s.enter()
		if answer.Code != http.StatusForbidden {
			t.Errorf("got %d", answer.Code)
		}
		private(t, answer)
		return answer.Body.String()
	}
	says := func(text string) func() { return func() { s.answers["/v2/validate_sso_token"] = text } }
	invalid := refused(says(`{"ReturnCode":0,"ReturnMessage":"Token is not valid.","IsValidToken":false}`))
	for name, other := range map[string]string{
		"a field's fault":             refused(says(`{"ReturnCode":"V3","ReturnMessage":"Please provide Token No."}`)),
		"another line of business":    refused(says(`{"ReturnCode":1,"CIINo":"10001004","IsValidToken":true,"LOBId":"03"}`)),
		"no token":                    s.do(http.MethodGet, "/lob/01", "").Body.String(),
		"a GET where the form goes":   s.do(http.MethodGet, "/lob/01/enter?"+form.Encode(), "").Body.String(),
		"a form that is far too long": s.do(http.MethodPost, "/lob/01", "TokenNo="+strings.Repeat("a", 20<<10)).Body.String(),
	} {
		if other != invalid {
			t.Errorf("%s: got another page than for a token that is not valid:\n%s", name, other)
		}
	}
}

// The code is the API's: its operator finds the refused call by it.
func TestARefusalShowsTheSupportCodeOfTheCall(t *testing.T) {
	s := newSite(t)
	s.code = "98PWZ8DDH5"
	s.answers["/v2/validate_sso_token"] = `{"ReturnCode":0,"IsValidToken":false}`
	if answer := s.enter(); !strings.Contains(answer.Body.String(), "<code>98PWZ8DDH5</code>") {
		t.Errorf("the refusal shows no code:\n%s", answer.Body)
	}
	s.status = http.StatusBadGateway
	if answer := s.enter(); !strings.Contains(answer.Body.String(), "<code>98PWZ8DDH5</code>") {
		t.Errorf("a page that can't know shows no code:\n%s", answer.Body)
	}
}

func TestWhatBrowsersDoNotDoIsNotAllowed(t *testing.T) {
	s := newSite(t)
	for _, path := range []string{"/lob/01", "/lob/01/enter"} {
		for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodOptions} {
			if a := s.do(method, path, form.Encode()); a.Code != http.StatusMethodNotAllowed || a.Header().Get("Allow") != "GET, HEAD, POST" {
				t.Errorf("%s %s: got %d, Allow %q", method, path, a.Code, a.Header().Get("Allow"))
			}
		}
	}
}

func TestAFormFromElsewhereIsRefusedBeforeAnythingIsSpent(t *testing.T) {
	s := newSite(t)
	for _, header := range [][]string{
		{"Sec-Fetch-Site", "cross-site"},
		{"Sec-Fetch-Site", "same-site", "Origin", "https://lob.example"},
		{"Sec-Fetch-Site", "none"},
		{"Origin", "https://evil.example"},
		{"Origin", "https://evil.lob.example"},
		{"Origin", "http://lob.example"},
		{"Origin", "app://lob.example"},
		{"Origin", "https://lob.example:8443"},
	} {
		if got := s.enter(header...); got.Code != http.StatusForbidden {
			t.Errorf("%v: got %d", header, got.Code)
		}
	}
	if len(s.calls) > 0 {
		t.Errorf("called %v", s.calls)
	}
	for _, header := range [][]string{{"Origin", "https://lob.example"}, {"Origin", "null"}, {}} {
		if got := s.enter(header...); got.Code != http.StatusOK {
			t.Errorf("%v: got %d", header, got.Code)
		}
	}
}

// TestWhatIsNoTokenIsRefusedWithoutACall: strangers can post what they like.
func TestWhatIsNoTokenIsRefusedWithoutACall(t *testing.T) {
	s := newSite(t)
	for _, c := range [][2]string{
		{"", tokenNo},
		{"x", tokenNo},
		{strings.Repeat("1", 33), tokenNo},
		{tokenRefNo + "\n", tokenNo},
		{tokenRefNo, ""},
		{tokenRefNo, "x"},
		{tokenRefNo, "a.b"},
		{tokenRefNo, "a..c"},
		{tokenRefNo, "a.b."},
		{tokenRefNo, "a.b.c.d"},
		{tokenRefNo, "a.b.c="},
		{tokenRefNo, "a.b.c\n"},
		{tokenRefNo, hardNo},
		{tokenRefNo, "a.b." + strings.Repeat("c", 4<<10)},
	} {
		body := url.Values{"TokenRefNo": {c[0]}, "TokenNo": {c[1]}}.Encode()
		if got := s.do(http.MethodPost, "/lob/01/enter", body); got.Code != http.StatusForbidden {
			t.Errorf("%q: got %d", c, got.Code)
		}
	}
	if len(s.calls) > 0 {
		t.Errorf("called %v", s.calls)
	}
}

func TestAnAPIThatCannotBeCalledIsNoRefusalAndTheLogHoldsNoToken(t *testing.T) {
	s := newSite(t)
	s.status = http.StatusBadGateway
	answer := s.enter()
	if answer.Code != http.StatusBadGateway || !strings.Contains(answer.Body.String(), "try again") {
		t.Errorf("got %d, %s", answer.Code, answer.Body)
	}
	logged := s.logged.String()
	if !strings.Contains(logged, "status 502") {
		t.Errorf("the log does not say what happened: %s", logged)
	}
	for _, not := range []string{"canary", tokenRefNo, "cret", "Bearer"} {
		if strings.Contains(logged, not) {
			t.Errorf("the log holds %s: %s", not, logged)
		}
	}
}

func TestThereIsNoPageOfAnythingElse(t *testing.T) {
	s := newSite(t)
	for _, path := range []string{"/lob", "/lob/", "/lob/02", "/lob/01/other", "/lob/01/enter/enter", "/lob/02/enter"} {
		if got := s.do(http.MethodGet, path, ""); got.Code != http.StatusNotFound {
			t.Errorf("%s: got %d", path, got.Code)
		}
	}
}

// The page is an example, to be read in one go.
func TestThePageHasFewerThanAHundredLines(t *testing.T) {
	source, err := os.ReadFile("lobpage.go")
	if err != nil {
		t.Fatal(err)
	}
	if lines := bytes.Count(source, []byte("\n")); lines >= 100 {
		t.Errorf("lobpage.go has %d lines", lines)
	}
}
