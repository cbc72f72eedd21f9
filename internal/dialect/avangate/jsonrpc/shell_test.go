package jsonrpc_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/inbound"
)

const (
	anyCall  = `{"jsonrpc":"2.0","method":"getCustomerInformation","params":[],"id":7}`
	anyError = `{"jsonrpc":"2.0","error":{"code":10000,"message":"Invalid hash provided or session expired","data":{"error_code":"FORBIDDEN"}},"id":7}`
)

// unread is the answer to a request that no call can be read from.
func unread(number, message, code string) string {
	return strings.TrimSuffix(refusal(number, message, code), "7}") + "null}"
}

func TestPaths(t *testing.T) {
	w := newWorld(t)
	for _, target := range []string{
		"/rpc/6.0/", "/rpc/6.0", "/rpc/5.0/", "/rpc/4.0", "/rpc/3.0/", "//rpc/6.0/", "/rpc//6.0///", "/rpc/6.0/?wsdl&x=1", "/rpc/6.0?",
		"http://api.2checkout.com/rpc/6.0/",
	} {
		a := w.send(httptest.NewRequest(http.MethodPost, target, strings.NewReader(anyCall)))
		if a.Code != http.StatusOK || a.Body.String() != anyError {
			t.Errorf("%s: got %d %s", target, a.Code, a.Body)
		}
	}
	for _, target := range []string{"/rpc", "/rpc/", "/rpc/7.0/", "/rpc/6/", "/rpc/6.0/login", "/RPC/6.0/", "/rpc/./6.0/", "/rpc/6.0/..", "/rpc6.0", "/"} {
		for _, method := range []string{http.MethodPost, http.MethodGet} {
			a := w.send(httptest.NewRequest(method, target, strings.NewReader(anyCall)))
			if a.Code != http.StatusNotFound || a.Body.String() != unread("-32600", "Invalid Request: there is nothing here", "NOT_FOUND") {
				t.Errorf("%s: got %d %s", target, a.Code, a.Body)
			}
		}
	}
}

func TestOtherMethodsAre405WithAllow(t *testing.T) {
	w := newWorld(t)
	for method := range strings.FieldsSeq("GET HEAD PUT DELETE PATCH OPTIONS TRACE post") {
		a := w.send(httptest.NewRequest(method, path, strings.NewReader(anyCall)))
		want := unread("-32600", "Invalid Request: only POST can be used here", "METHOD_NOT_ALLOWED")
		if method == http.MethodHead {
			want = ""
		}
		if a.Code != http.StatusMethodNotAllowed || a.Header().Get("Allow") != "POST" || a.Body.String() != want {
			t.Errorf("%s: got %d, Allow %q, %s", method, a.Code, a.Header().Get("Allow"), a.Body)
		}
	}
}

func TestTheContentTypeDoesNotMatter(t *testing.T) {
	w := newWorld(t)
	for _, value := range []string{
		"", "application/json", "application/x-www-form-urlencoded", "multipart/form-data", "text/plain; charset=iso-8859-1", "text/xml", ";", "\x7f", "application/json-rpc; charset=UTF-8",
	} {
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(anyCall))
		r.Header.Set("Content-Type", value)
		r.Header.Set("Content-Encoding", "Identity")
		r.Header.Set("Accept", "text/xml")
		if a := w.send(r); a.Code != http.StatusOK || a.Body.String() != anyError {
			t.Errorf("%q: got %d %s", value, a.Code, a.Body)
		}
	}
}

func TestCompressedBodiesAreRefused(t *testing.T) {
	w := newWorld(t)
	for _, coding := range []string{"gzip", "deflate", "br", "identity, gzip"} {
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(anyCall))
		r.Header.Set("Content-Encoding", coding)
		a := w.send(r)
		if a.Code != http.StatusUnsupportedMediaType || a.Body.String() != unread("-32600", "Invalid Request: the body must not be compressed", "MEDIA_TYPE_UNSUPPORTED") {
			t.Errorf("%s: got %d %s", coding, a.Code, a.Body)
		}
	}
}

func TestBodiesAreBounded(t *testing.T) {
	w := newWorld(t)
	room := strings.Repeat(" ", 16<<10-len(anyCall))
	if a := w.post(anyCall + room); a.Code != http.StatusOK || a.Body.String() != anyError {
		t.Errorf("16 KiB: got %d %s", a.Code, a.Body)
	}
	want := unread("-32600", "Invalid Request: the body must have at most 16 KiB", "REQUEST_TOO_LARGE")
	if a := w.post(anyCall + room + " "); a.Code != http.StatusRequestEntityTooLarge || a.Body.String() != want {
		t.Errorf("16 KiB and one: got %d %s", a.Code, a.Body)
	}
	announced := httptest.NewRequest(http.MethodPost, path, brokenReader{})
	announced.ContentLength = 1 << 40
	if a := w.send(announced); a.Code != http.StatusRequestEntityTooLarge || a.Body.String() != want {
		t.Errorf("announced: got %d %s", a.Code, a.Body)
	}
}

func TestABodyThatBreaksOffIsRefused(t *testing.T) {
	w := newWorld(t)
	r := httptest.NewRequest(http.MethodPost, path, io.MultiReader(strings.NewReader(anyCall), brokenReader{}))
	a := w.send(r)
	if a.Code != http.StatusBadRequest || a.Body.String() != unread("-32700", "Parse error: the body must arrive whole", "REQUEST_INVALID") {
		t.Errorf("got %d %s", a.Code, a.Body)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

func TestAnswersAreForNobodyElse(t *testing.T) {
	w := newWorld(t)
	for name, a := range map[string]*httptest.ResponseRecorder{
		"result": w.post(bodyOf(t, "login", w.proof("AVANGATE")...)), "error": w.post(anyCall), "batch": w.post("[" + anyCall + "]"), "no JSON": w.post("x"),
	} {
		for header, want := range map[string]string{
			"Content-Type": "application/json", "Content-Length": fmt.Sprint(a.Body.Len()), "Cache-Control": "no-store",
			"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex", "X-Content-Type-Options": "nosniff", inbound.Header: "TESTCODE00",
		} {
			if got := a.Header()[http.CanonicalHeaderKey(header)]; len(got) != 1 || got[0] != want {
				t.Errorf("%s: %s: got %q, want %q", name, header, got, want)
			}
		}
	}
}

func TestSupportCodeIsMadeUpOnlyWhenThereIsNone(t *testing.T) {
	w := newWorld(t)
	a := httptest.NewRecorder()
	w.handler.ServeHTTP(a, httptest.NewRequest(http.MethodPost, path, strings.NewReader(anyCall)))
	if got := a.Header().Get(inbound.Header); !inbound.IsSupportCode(got) {
		t.Errorf("got %q", got)
	}
}

// TestOverARealConnection shows that nothing redirects, as a client and as
// HTTP/1.0 of old.
func TestOverARealConnection(t *testing.T) {
	w := newWorld(t)
	server := httptest.NewServer(w.handler)
	defer server.Close()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return errors.New("redirected") }}
	for _, target := range []string{"/rpc/6.0", "/rpc/6.0/", "//rpc//6.0"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+target, strings.NewReader(anyCall))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		a, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(a.Body)
		a.Body.Close()
		if err != nil || a.StatusCode != http.StatusOK || string(body) != anyError {
			t.Errorf("%s: got %d %s, %v", target, a.StatusCode, body, err)
		}
	}
	notification := strings.Replace(anyCall, `,"id":7`, "", 1)
	for request, want := range map[string]string{
		"POST /rpc/6.0/ HTTP/1.0\r\nContent-Length: " + fmt.Sprint(len(anyCall)) + "\r\n\r\n" + anyCall:           "HTTP/1.0 200 OK\r\n",
		"POST /rpc/6.0/ HTTP/1.0\r\nContent-Length: " + fmt.Sprint(len(notification)) + "\r\n\r\n" + notification: "HTTP/1.0 204 No Content\r\n",
	} {
		answer := converse(t, server.Listener.Addr().String(), request)
		head, body, _ := bytes.Cut(answer, []byte("\r\n\r\n"))
		if !bytes.HasPrefix(head, []byte(want)) || string(body) != "" && string(body) != anyError || (len(body) == 0) != strings.Contains(want, "204") {
			t.Errorf("%s\ngot %s", request, answer)
		}
	}
}

// converse sends bytes and returns what comes until the server hangs up.
func converse(t *testing.T, address, request string) []byte {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}
