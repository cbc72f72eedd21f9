package rest_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate/rest"
	"github.com/latchkey-sso/latchkey/internal/inbound"
)

// document is our OpenAPI document and its router.
var document = sync.OnceValues(func() (*openapi3.T, routers.Router) {
	openapi3filter.RegisterBodyDecoder("text/json", openapi3filter.JSONBodyDecoder)
	doc, err := openapi3.NewLoader().LoadFromData(rest.OpenAPI)
	if err != nil {
		panic(err)
	}
	return doc, mustRouter(doc)
})

func mustRouter(doc *openapi3.T) routers.Router {
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		panic(err)
	}
	return router
}

func TestDocumentIsValid(t *testing.T) {
	doc, _ := document()
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// checkAnswer holds an answer against the document: path, method and status
// must be declared there, headers and body as it says.
func checkAnswer(t testing.TB, r *http.Request, body []byte, a *httptest.ResponseRecorder) {
	t.Helper()
	if got := a.Header()["Content-Type"]; len(got) != 1 || got[0] != "application/json" {
		t.Errorf("%s %s: Content-Type is %q", r.Method, r.URL, got)
	}
	if a.Header().Get(inbound.Header) == "" || a.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%s %s: got headers %v, want a support code and no-store", r.Method, r.URL, a.Header())
	}
	if r.Method == http.MethodHead {
		if a.Body.Len() != 0 {
			t.Errorf("HEAD %s was answered with a body", r.URL)
		}
		return
	}
	_, router := document()
	plain := canonical(r, body, a)
	route, params, err := router.FindRoute(plain)
	if err != nil {
		if a.Code != http.StatusNotFound || failureOf(t, a).Code != "NOT_FOUND" {
			t.Errorf("%s %s: answered %d, but the document has no such call: %v", r.Method, r.URL, a.Code, err)
		}
		return
	}
	input := &openapi3filter.RequestValidationInput{
		Request: plain, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true},
	}
	if a.Code < 300 {
		if err := openapi3filter.ValidateRequest(t.Context(), input); err != nil {
			t.Errorf("%s %s was accepted, but is not as the document says: %v", r.Method, r.URL, err)
		}
	}
	err = openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: a.Code, Header: a.Header(), Body: io.NopCloser(bytes.NewReader(a.Body.Bytes())), Options: input.Options,
	})
	if err != nil {
		t.Errorf("%s %s: the answer %d is not as the document says: %v", r.Method, r.URL, a.Code, err)
	}
}

// canonical returns the request in the one spelling that the document knows: no
// doubled slashes, a slash at the end, and a method that the path has.
func canonical(r *http.Request, body []byte, a *httptest.ResponseRecorder) *http.Request {
	var parts []string
	for part := range strings.SplitSeq(r.URL.EscapedPath(), "/") {
		if part != "" {
			parts = append(parts, part)
		}
	}
	method := r.Method
	if a.Code == http.StatusMethodNotAllowed {
		method, _, _ = strings.Cut(a.Header().Get("Allow"), ",")
	}
	plain := httptest.NewRequest(method, "/"+strings.Join(parts, "/")+"/?"+canonicalQuery(r.URL.RawQuery), bytes.NewReader(body))
	plain.Header = r.Header.Clone()
	if plain.Header.Get("Content-Type") == "" {
		plain.Header.Set("Content-Type", "application/json")
	}
	return plain
}

// canonicalQuery gives parameters of links the document's spelling.
func canonicalQuery(raw string) string {
	values, _ := url.ParseQuery(raw)
	for _, name := range []string{"Url", "ValidityTime", "ValidationIp", "Lang", "LanguageCode", "Email", "Request"} {
		for given, v := range values {
			if strings.EqualFold(strings.TrimSuffix(given, "[]"), name) {
				delete(values, given)
				values[name] = v
			}
		}
	}
	return values.Encode()
}
