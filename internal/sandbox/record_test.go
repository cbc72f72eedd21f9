package sandbox

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/inbound"
)

// dialects are enough of a core for calls to be told from pages.
func dialects() *Core {
	return &Core{Dialects: []Dialect{
		{Name: "2checkout-rest", Paths: []string{"/rest"}},
		{Name: "2checkout-soap", Paths: []string{"/soap"}},
		{Name: "2checkout-jsonrpc", Paths: []string{"/rpc"}},
		{Name: "bluesnap", Paths: []string{"/services"}},
		{Name: "generatessotoken", Paths: []string{"/v2", "/oauth2", "/lob/*/.well-known"}},
	}}
}

// front starts a sandbox in front of a handler.
func front(t testing.TB, next http.HandlerFunc) (*Sandbox, *httptest.Server) {
	t.Helper()
	s := newSandbox(t)
	s.Use(dialects())
	server := httptest.NewServer(s.Around(next))
	t.Cleanup(server.Close)
	return s, server
}

// send makes a request and returns the answer's body.
func send(t testing.TB, method, target, body string, header ...string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// only returns the one call that there is.
func only(t testing.TB, s *Sandbox) *Call {
	t.Helper()
	calls, more := s.Calls(Filter{})
	if len(calls) != 1 || more {
		t.Fatalf("got %d calls, %v, want one", len(calls), more)
	}
	return calls[0]
}

func TestACallIsRecordedAsItCameAndAsItWasAnswered(t *testing.T) {
	s, server := front(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set(inbound.Header, "98PWZ8DDH5")
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprintf(w, "got %s", body)
	})
	s.clock.ahead.Store(int64(time.Hour))
	if body := send(t, "PUT", server.URL+"/rest/6.0/customers/1/?a=%20b", "hello", "X-A", "b"); body != "got hello" {
		t.Fatalf("got %q", body)
	}
	c := only(t, s)
	if c.ID != 1 || c.Kind != KindCall || c.Dialect != "2checkout-rest" || c.Caller != "127.0.0.1" || c.SupportCode != "98PWZ8DDH5" || c.Took <= 0 {
		t.Errorf("got %+v", c)
	}
	if ahead := c.Clock.Sub(c.At); ahead < 59*time.Minute || time.Since(c.At) > 30*time.Minute {
		t.Errorf("got times %v and %v, want an hour between them", c.At, c.Clock)
	}
	got := c.Request
	got.Header = http.Header{"X-A": c.Request.Header["X-A"]}
	want := Request{
		Method: "PUT", URL: "/rest/6.0/customers/1/?a=%20b", Host: strings.TrimPrefix(server.URL, "http://"),
		Header: http.Header{"X-A": {"b"}}, Body: Body{Text: "hello", Size: 5},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
	answer := Response{
		Status: 418, Header: http.Header{inbound.Header: {"98PWZ8DDH5"}, "Content-Type": {"text/plain"}}, Body: Body{Text: "got hello", Size: 9},
	}
	if diff := cmp.Diff(answer, c.Response); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
}

func TestTheDemosPagesAndAssetsAreNotRecorded(t *testing.T) {
	s, server := front(t, func(http.ResponseWriter, *http.Request) {})
	for _, path := range []string{"/", "/healthz", "/readyz", "/favicon.ico", "/assets/a.css", "/dev/open", "/dev/card", "/dev", "/dev/calls/1", "/dev/api/calls"} {
		send(t, "GET", server.URL+path, "")
	}
	send(t, "GET", server.URL+"/developer", "")
	if c := only(t, s); c.Request.URL != "/developer" || c.Kind != KindPage {
		t.Errorf("got %+v, want nothing but the page", c)
	}
}

func TestAHandlerThatWritesNothingIsOK(t *testing.T) {
	s, server := front(t, func(http.ResponseWriter, *http.Request) {})
	send(t, "GET", server.URL+"/x", "")
	if c := only(t, s); c.Response.Status != 200 || c.Response.Body.Size != 0 {
		t.Errorf("got %+v", c.Response)
	}
}

func TestAPanicGoesOnAndIsNoAnswer(t *testing.T) {
	for name, begin := range map[string]func(http.ResponseWriter){
		"before": func(http.ResponseWriter) {},
		"amid":   func(w http.ResponseWriter) { _, _ = io.WriteString(w, "half") },
	} {
		t.Run(name, func(t *testing.T) {
			s, server := front(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set(inbound.Header, "98PWZ8DDH5")
				begin(w)
				panic(http.ErrAbortHandler)
			})
			r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/x", strings.NewReader("x"))
			if answer, err := http.DefaultTransport.RoundTrip(r); err == nil {
				answer.Body.Close()
				t.Errorf("got status %d, want the connection cut", answer.StatusCode)
			}
			if c := only(t, s); c.Response.Status != 0 || c.Response.Header.Get(inbound.Header) != "" || c.SupportCode != "98PWZ8DDH5" {
				t.Errorf("got %+v", c)
			}
		})
	}
}

func TestAHeadHasNoBody(t *testing.T) {
	s, server := front(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	send(t, "HEAD", server.URL+"/x", "")
	if c := only(t, s); c.Response.Status != 200 || c.Response.Body != (Body{}) {
		t.Errorf("got %+v", c.Response)
	}
}

func TestWhatIsFlushedArrivesAtOnceAndTrailersFollow(t *testing.T) {
	seen := make(chan string)
	s, server := front(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Trailer", "X-Sum")
		_, _ = io.WriteString(w, "first\n")
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Errorf("flush: %v", err)
		}
		select {
		case <-seen:
		case <-time.After(time.Minute):
			t.Error("the first line has not arrived")
		}
		_, _ = io.WriteString(w, "second\n")
		w.Header().Set("X-Sum", "2")
		w.Header().Set(http.TrailerPrefix+"X-More", "3")
	})
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/x", nil)
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	line, _ := bufio.NewReader(io.LimitReader(answer.Body, 6)).ReadString('\n')
	seen <- line
	_, _ = io.ReadAll(answer.Body)
	if answer.Trailer.Get("X-Sum") != "2" || answer.Trailer.Get("X-More") != "3" {
		t.Errorf("got trailers %v", answer.Trailer)
	}
	if c := only(t, s); c.Response.Header.Get("X-Sum") != "2" || c.Response.Header.Get("X-More") != "3" || c.Response.Body.Text != "first\nsecond\n" {
		t.Errorf("got %+v", c.Response)
	}
}

func TestAConnectionCanBeTakenOver(t *testing.T) {
	s, server := front(t, func(w http.ResponseWriter, _ *http.Request) {
		if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Errorf("set a deadline: %v", err)
		}
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Errorf("hijack: %v", err)
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi")
	})
	if body := send(t, "GET", server.URL+"/x", ""); body != "hi" {
		t.Errorf("got %q", body)
	}
	for s.calls.latest() == 0 { // whoever takes a connection over ends when they like
		time.Sleep(time.Millisecond)
	}
	if c := only(t, s); c.Response.Status != 0 {
		t.Errorf("got status %d, want none that is known", c.Response.Status)
	}
}

func TestOfALargeBodyTheBeginningIsKept(t *testing.T) {
	card := "4111 1111 1111 1111"
	text := strings.Repeat("x", captureLen-len(card)/2) + card + strings.Repeat("y", 3*captureLen)
	s, server := front(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = w.Write(body)
	})
	if body := send(t, "POST", server.URL+"/x", text); body != text {
		t.Error("the body did not come back whole")
	}
	c := only(t, s)
	for _, b := range []Body{c.Request.Body, c.Response.Body} {
		if b.Size != int64(len(text)) || !b.Cut || len(b.Text) > captureLen+len(hidden) || len(b.Text) < captureLen-64 || strings.Contains(b.Text, "4111") {
			t.Errorf("got size %d, cut %v and %d bytes, the last of them %q", b.Size, b.Cut, len(b.Text), b.Text[len(b.Text)-40:])
		}
	}
}

func TestABodyThatNobodyReadsIsNotRead(t *testing.T) {
	s, server := front(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	send(t, "POST", server.URL+"/x", "hello")
	if c := only(t, s); c.Request.Body != (Body{}) {
		t.Errorf("got %+v", c.Request.Body)
	}
}

func zipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return b.String()
}

func TestWhatIsCompressedIsShownInflated(t *testing.T) {
	large := strings.Repeat("<a>0123456789</a>", 100_000)
	sent, answered := zipped("<e:Envelope><e:Body><getX/></e:Body></e:Envelope>"), zipped(large)
	s, server := front(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = io.WriteString(w, answered)
	})
	send(t, "POST", server.URL+"/soap/6.0/", sent, "Content-Encoding", "gzip", "Content-Type", "text/xml")
	c := only(t, s)
	if b := c.Request.Body; b.Text != "<e:Envelope><e:Body><getX/></e:Body></e:Envelope>" || b.Size != int64(len(sent)) || !b.Decoded || b.Cut || c.Operation != "getX" {
		t.Errorf("got request %+v, operation %q", b, c.Operation)
	}
	if b := c.Response.Body; len(b.Text) != captureLen || !strings.HasPrefix(large, b.Text) || !b.Cut || !b.Decoded {
		t.Errorf("got %d bytes of the answer, cut %v", len(b.Text), b.Cut)
	}
}

func TestBodiesThatAreNoTextAreToldByTheirSize(t *testing.T) {
	s, server := front(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "text/xml; charset=iso-8859-1")
		_, _ = io.WriteString(w, "<a>M\xfcller</a>")
	})
	send(t, "POST", server.URL+"/x", "\x89PNG\x00\xff")
	c := only(t, s)
	if diff := cmp.Diff(Body{Size: 6, Binary: true}, c.Request.Body); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(Body{Text: "<a>Müller</a>", Size: 13, Decoded: true}, c.Response.Body); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
}

func TestWhatIsReadAheadIsReadAgain(t *testing.T) {
	text := `{"method":"getThat","x":"` + strings.Repeat("z", 2*captureLen) + `"}`
	s := newSandbox(t)
	s.Use(dialects())
	for _, body := range []string{text, `{"method":"getThat"}`} {
		s.Clear()
		r := httptest.NewRequest(http.MethodPost, "/rpc/6.0/", strings.NewReader(body))
		s.record(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			c := &Call{Dialect: "2checkout-jsonrpc"}
			s.readAhead(r, c)
			s.readAhead(r, c)
			if c.Operation != "getThat" {
				t.Errorf("got operation %q", c.Operation)
			}
			if got, err := io.ReadAll(r.Body); string(got) != body || err != nil {
				t.Errorf("got %d bytes, %v, want %d", len(got), err, len(body))
			}
		}), httptest.NewRecorder(), r)
		if c := only(t, s); c.Request.Body.Size != int64(len(body)) || c.Operation != "getThat" || !strings.HasPrefix(body, c.Request.Body.Text) {
			t.Errorf("got %d bytes of %d and operation %q", c.Request.Body.Size, len(body), c.Operation)
		}
	}
}

func TestAnErrorOfTheBodyIsTheHandlersToo(t *testing.T) {
	broken := errors.New("broken")
	s := newSandbox(t)
	s.Use(dialects())
	for _, ahead := range []bool{false, true} {
		r := httptest.NewRequest(http.MethodPost, "/rpc/6.0/", io.MultiReader(strings.NewReader("half"), errReader{broken}))
		s.record(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if ahead {
				s.readAhead(r, &Call{})
			}
			if got, err := io.ReadAll(r.Body); string(got) != "half" || !errors.Is(err, broken) {
				t.Errorf("got %q, %v", got, err)
			}
		}), httptest.NewRecorder(), r)
	}
}

type errReader struct{ err error }

func (e errReader) Read([]byte) (int, error) { return 0, e.err }

func TestOperationsAreNamedInTheDialectsWords(t *testing.T) {
	for _, c := range []struct{ dialect, method, url, body, want string }{
		{"2checkout-rest", "GET", "/rest/6.0/customers/352365983/cart/?Url=x", "", ""},
		{"2checkout-soap", "POST", "/soap/6.0/", `<?xml version="1.0"?><!-- <Body><no/></Body> --><SOAP-ENV:Envelope><SOAP-ENV:Header><x/></SOAP-ENV:Header><SOAP-ENV:Body><ns1:getSingleSignOnInCart><sessionID>x</sessionID>`, "getSingleSignOnInCart"},
		{"2checkout-soap", "POST", "/soap/6.0/", `<Envelope><Body><!-- a --><login/></Body></Envelope>`, "login"},
		{"2checkout-soap", "POST", "/soap/6.0/", `<Envelope><Body`, ""},
		{"2checkout-soap", "POST", "/soap/6.0/", `no xml < at all`, ""},
		{"2checkout-soap", "GET", "/soap/6.0/?wsdl", "", "wsdl"},
		{"2checkout-jsonrpc", "POST", "/rpc/6.0/", `{"jsonrpc":"2.0", "method" : "login","params":[],"id":1}`, "login"},
		{"2checkout-jsonrpc", "POST", "/rpc/6.0/", `[{"method":"a"},{"method":"b"},{"method":"c"},{"method":"d"}]`, "a, b, c, …"},
		{"2checkout-jsonrpc", "POST", "/rpc/6.0/", `{"method`, ""},
		{"bluesnap", "POST", "/services/2/generateSSOLoginToken/1111001", "", "generateSSOLoginToken"},
		{"bluesnap", "GET", "/services/2/tools/auth-token?shopperId=1", "", "tools/auth-token"},
		{"bluesnap", "PUT", "/services/2/cp/user/1111001", "", "cp/user"},
		{"bluesnap", "GET", "/services", "", ""},
		{"generatessotoken", "POST", "/v2/get_sso_token", "", "get_sso_token"},
		{"generatessotoken", "POST", "/oauth2/token", "", "token"},
		{"generatessotoken", "GET", "/lob/01/.well-known/jwks.json", "", "jwks.json"},
	} {
		u, err := url.ParseRequestURI(c.url)
		if err != nil {
			t.Fatal(err)
		}
		if got := operation(&Call{Dialect: c.dialect, Request: Request{Method: c.method}}, u, c.body); got != c.want {
			t.Errorf("%s %s %s: got %q, want %q", c.dialect, c.url, c.body, got, c.want)
		}
	}
}

func FuzzOperation(f *testing.F) {
	f.Add("<Envelope><Body><a/>", "/soap//6.0/")
	f.Add(`[{"method":"a"`, "/rpc/%20")
	f.Add("", "/")
	f.Fuzz(func(t *testing.T, body, path string) {
		for _, d := range dialects().Dialects {
			if got := operation(&Call{Dialect: d.Name, Request: Request{Method: "POST"}}, &url.URL{Path: path}, body); len(got) > 300 {
				t.Errorf("%s: got %d bytes", d.Name, len(got))
			}
		}
	})
}
