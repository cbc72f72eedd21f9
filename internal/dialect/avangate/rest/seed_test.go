package rest_test

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// TestVendorDocuments holds requests and answers against the OpenAPI documents
// in the vendor's pages on single sign-on, which are read where they are.
func TestVendorDocuments(t *testing.T) {
	seeds := os.Getenv("LATCHKEY_SEEDS")
	if seeds == "" {
		t.Skip("SKIPPED: LATCHKEY_SEEDS is not set; the vendor's documents were not tried")
	}
	var vendor []routers.Router
	for _, doc := range embeddedDocuments(t, seeds) {
		vendor = append(vendor, mustRouter(doc))
	}
	if len(vendor) < 4 {
		t.Fatalf("found %d documents, want 4 or more", len(vendor))
	}
	w := newWorld(t)
	token := tokenOf(t, link(t, w.get(cartTarget("352365983", buyLink))))
	cart := cartTarget("HotTalks1Customer123", buyLink)[len("/rest/6.0"):]
	for target, want := range map[string]int{
		"/subscriptions/123D40F123/signon/view_order/?Email=john.newman@example.com&LanguageCode=en&ValidityTime=50&ValidationIp=192.0.2.1": 200,
		"/subscriptions/123D40F123/signon/view_order/?Email=nobody@example.com":                                                             400,
		"/subscriptions/123D40F123/signon/nonsense/":                                                                                        400,
		"/customers/?ssotoken=" + token:                                                                                                     200,
		"/customers/352365983/account/my_subscription/?Lang=en&ValidityTime=50":                                                             200,
		cart: 200,
		cart + "&ValidityTime=50&ValidationIp=2001:db8::1": 200,
	} {
		r := w.request(http.MethodGet, "https://api.2checkout.com/rest/6.0"+target, "")
		r.Header.Set("Accept", "application/json")
		a := w.send(r)
		if a.Code != want {
			t.Errorf("%s: got %d %s, want %d", target, a.Code, a.Body, want)
		}
		route, params, err := findRoute(vendor, r)
		if err != nil {
			t.Errorf("%s: %v", target, err)
			continue
		}
		input := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route}
		if err := openapi3filter.ValidateRequest(t.Context(), input); err != nil {
			t.Errorf("%s: the vendor does not know such a request: %v", target, err)
		}
		if err := openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
			RequestValidationInput: input, Status: a.Code, Header: a.Header(), Body: io.NopCloser(bytes.NewReader(a.Body.Bytes())),
			Options: &openapi3filter.Options{IncludeResponseStatus: true},
		}); err != nil {
			t.Errorf("%s: the answer is not as the vendor's document says: %v", target, err)
		}
	}
}

func findRoute(all []routers.Router, r *http.Request) (route *routers.Route, params map[string]string, err error) {
	for _, router := range all {
		if route, params, err = router.FindRoute(r); err == nil {
			return route, params, nil
		}
	}
	return nil, nil, err
}

// embeddedDocuments returns the OpenAPI documents that stand in the pages.
func embeddedDocuments(t *testing.T, folder string) (docs []*openapi3.T) {
	t.Helper()
	pages, err := filepath.Glob(filepath.Join(folder, "002*.txt"))
	if err != nil || len(pages) == 0 {
		t.Fatalf("no page found, %v", err)
	}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range strings.Split(string(text), "```json\n")[1:] {
			block, _, _ := strings.Cut(part, "\n```")
			doc, err := openapi3.NewLoader().LoadFromData([]byte(block))
			if err != nil {
				t.Fatal(err)
			}
			docs = append(docs, doc)
		}
	}
	return docs
}
