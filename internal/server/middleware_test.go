package server

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/clientip"
	"github.com/latchkey-sso/latchkey/internal/inbound"
)

// edgeWith returns a running edge before the handler, and what it logs. It gives
// requests all the time that they need.
func edgeWith(t *testing.T, h http.HandlerFunc) (*httptest.Server, *bytes.Buffer) {
	t.Helper()
	return edgeWithin(t, time.Minute, h)
}

// edgeWithin is edgeWith for requests that have only so much time.
func edgeWithin(t *testing.T, most time.Duration, h http.HandlerFunc) (*httptest.Server, *bytes.Buffer) {
	t.Helper()
	var logged bytes.Buffer
	s := httptest.NewServer(&edge{
		next: h, clients: clientip.New([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, ""),
		timeout: deadlines{after: most}, log: slog.New(slog.NewTextHandler(&logged, nil)), access: true,
	})
	t.Cleanup(s.Close)
	return s, &logged
}

// reply is an answer that came in whole.
type reply struct {
	status int
	header http.Header
	text   string
}

func get(t *testing.T, address string, header ...string) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header[header[i]] = []string{header[i+1]}
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{answer.StatusCode, answer.Header, string(body)}
}

func TestEveryAnswerHasASupportCodeThatTheLogNames(t *testing.T) {
	var seen inbound.Info
	s, logged := edgeWith(t, func(_ http.ResponseWriter, r *http.Request) { seen = inbound.From(r.Context()) })
	answer := get(t, s.URL+"/rest/6.0/customers/HotTalks1/cart/?secret=canary", "X-Forwarded-For", "203.0.113.7")
	code := answer.header.Get("Latchkey-Support-Code")
	if len(code) != 10 || seen.SupportCode != code {
		t.Errorf("got code %q on the answer and %q in the handler", code, seen.SupportCode)
	}
	if seen.Addr.String() != "203.0.113.7" {
		t.Errorf("got address %v, want what the trusted proxy said", seen.Addr)
	}
	s.Close()
	line := logged.String()
	for _, want := range []string{"method=GET", "path=/rest/6.0/customers/*/cart/", "status=200", "support_code=" + code, "duration_ms="} {
		if !strings.Contains(line, want) {
			t.Errorf("the log line %q lacks %s", line, want)
		}
	}
	for _, not := range []string{"canary", "HotTalks1", "203.0.113.7"} {
		if strings.Contains(line, not) {
			t.Errorf("the log line %q holds %s", line, not)
		}
	}
}

func TestOnlySecureAnswersAskForHTTPSFromThenOn(t *testing.T) {
	s, _ := edgeWith(t, func(http.ResponseWriter, *http.Request) {})
	if answer := get(t, s.URL); answer.header.Get("Strict-Transport-Security") != "" {
		t.Error("got Strict-Transport-Security over plain http")
	}
	if answer := get(t, s.URL, "X-Forwarded-Proto", "https"); answer.header.Get("Strict-Transport-Security") == "" {
		t.Error("got no Strict-Transport-Security over https")
	}
}

func TestAPanicIsAnAnswerWithoutItsText(t *testing.T) {
	s, logged := edgeWith(t, func(http.ResponseWriter, *http.Request) { panic("canary") })
	answer := get(t, s.URL)
	if answer.status != http.StatusInternalServerError || answer.text != "internal error\n" {
		t.Errorf("got %d %q, want 500 and nothing of the panic", answer.status, answer.text)
	}
	s.Close()
	if !strings.Contains(logged.String(), "canary") || !strings.Contains(logged.String(), "status=500") {
		t.Errorf("got %q in the log, want the panic and the status", logged)
	}
}

func TestAPanicInTheMiddleOfAnAnswerBreaksTheConnection(t *testing.T) {
	s, _ := edgeWith(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("half"))
		_ = http.NewResponseController(w).Flush()
		panic("now")
	})
	answer, err := http.Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if body, err := io.ReadAll(answer.Body); err == nil {
		t.Errorf("got %q as a whole answer, want a broken one", body)
	}
}

func TestARequestThatTakesTooLongIs503(t *testing.T) {
	s, _ := edgeWithin(t, 50*time.Millisecond, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	answer := get(t, s.URL)
	if answer.status != http.StatusServiceUnavailable || answer.header.Get("Retry-After") == "" {
		t.Errorf("got %d, want 503 with Retry-After", answer.status)
	}
}

func TestHeadersWithUnderscoresAreDropped(t *testing.T) {
	var seen http.Header
	s, _ := edgeWith(t, func(_ http.ResponseWriter, r *http.Request) { seen = r.Header })
	get(t, s.URL, "X_Avangate_Authentication", "forged", "X-Fine", "kept", "_", "x")
	if seen.Get("X-Fine") != "kept" {
		t.Error("a usual header is gone")
	}
	for name := range seen {
		if strings.Contains(name, "_") {
			t.Errorf("the header %s got through", name)
		}
	}
}

func TestLogsShowNoPartOfAPathThatIsNotOurs(t *testing.T) {
	for path, want := range map[string]string{
		"/":                              "/",
		"/healthz":                       "/healthz",
		"/rest/6.0/customers/352365983/": "/rest/6.0/customers/*/",
		"/rest/6.0/subscriptions/123D40F123/signon/my_license/": "/rest/6.0/subscriptions/*/signon/my_license/",
		"/services/2/generateSSOLoginToken/1111001":             "/services/*/generateSSOLoginToken/*",
		"/services/2/cp/user/1111001":                           "/services/*/cp/user/*",
		"/jsp/developer_login.jsp":                              "/jsp/developer_login.jsp",
		"/order/checkout.php":                                   "/order/checkout.php",
		"//rest//6.0/orders/jo@example":                         "//rest//6.0/orders/*",
		"/a\nb/c":                                               "/*/*",
		"/1/2/3/4/5/6/7/8/9/10":                                 "/*/*/*/*/*/*/*/*/…",
	} {
		if got := shownWords.Path(path); got != want {
			t.Errorf("%q: got %q, want %q", path, got, want)
		}
	}
	if got := inbound.ShownMethod("CANARY"); got != "*" {
		t.Errorf("got %q for a method of one's own", got)
	}
}

func TestSweepingLeavesHalfOfTheTimeToOthers(t *testing.T) {
	for _, c := range []struct {
		more bool
		err  error
		took time.Duration
		want time.Duration
	}{
		{true, nil, time.Millisecond, sweepPause},
		{true, nil, time.Second, time.Second},
		{false, nil, time.Second, sweepIdle},
		{true, io.EOF, time.Millisecond, sweepRetry},
	} {
		if got := pause(c.more, c.err, c.took); got != c.want {
			t.Errorf("%+v: got %v", c, got)
		}
	}
}

func TestRoutesGoByWholePathsAndNeverRedirect(t *testing.T) {
	name := func(n string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("To", n) })
	}
	own := &bounds{}
	routes := table{
		exact: map[string]http.Handler{"/healthz": name("health")},
		below: []mount{{path: "/rest", handler: name("rest"), bounds: own}},
		other: name("other"),
	}
	for path, want := range map[string]string{
		"/healthz": "health", "/healthz/": "other", "//healthz": "other", "/rest": "rest", "/rest/": "rest", "/rest/6.0/x": "rest",
		"//rest/6.0/x": "rest", "/restful": "other", "/": "other", "": "other", "/order/../rest/": "other", "/x//y": "other",
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.URL.Path = path
		routes.ServeHTTP(w, r)
		if got := w.Header().Get("To"); got != want || w.Code != http.StatusOK {
			t.Errorf("%s: got %s, %d, want %s", path, got, w.Code, want)
		}
		if got := routes.bounds(path) == own; got != (want == "rest") {
			t.Errorf("%s: got limits of its own: %v", path, got)
		}
	}
}

func BenchmarkEdge(b *testing.B) {
	for _, access := range []bool{false, true} {
		b.Run(map[bool]string{false: "silent", true: "access log"}[access], func(b *testing.B) {
			e := &edge{
				next: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }), clients: clientip.New(nil, ""),
				timeout: deadlines{after: time.Second}, access: access,
				log: slog.New(slog.NewJSONHandler(io.Discard, nil)), //nolint:sloglint // what a line costs is measured
			}
			r := httptest.NewRequest(http.MethodGet, "/rest/6.0/customers/352365983/cart/?Url=x", nil)
			b.ReportAllocs()
			for b.Loop() {
				w := nowhere{}
				e.ServeHTTP(w, r)
			}
		})
	}
}

type nowhere http.Header

func (n nowhere) Header() http.Header       { return http.Header(n) }
func (nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (nowhere) WriteHeader(int)             {}
