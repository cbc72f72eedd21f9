package rest

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// TestDocumentAndRoutesAgree: whatever can be called is declared, and nothing
// else is.
func TestDocumentAndRoutesAgree(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	var declared, served []string
	for path, item := range doc.Paths.Map() {
		parts := strings.Split(strings.Trim(path, "/"), "/")
		for i, part := range parts {
			if strings.HasPrefix(part, "{") {
				parts[i] = "*"
			}
		}
		for method := range item.Operations() {
			declared = append(declared, method+" "+strings.Join(parts, "/"))
		}
	}
	for _, r := range routes {
		for method, e := range map[string]endpoint{"GET": r.get, "POST": r.post, "PUT": r.put} {
			if e != nil {
				served = append(served, method+" "+r.path)
			}
		}
	}
	slices.Sort(declared)
	slices.Sort(served)
	if !slices.Equal(declared, served) {
		t.Errorf("declared %q\nserved %q", declared, served)
	}
}

// TestDocumentDeclaresEveryErrorCode: a code that callers can meet is in the
// document, and so is its status in every operation.
func TestDocumentDeclaresEveryErrorCode(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	var declared []string
	for _, code := range doc.Components.Schemas["Error"].Value.Properties["error_code"].Value.Enum {
		declared = append(declared, code.(string))
	}
	// REST has its own name for one, and no use for three.
	want := map[string]bool{authenticationError.ErrorCode: true}
	for code := range statuses {
		switch code {
		case avangate.AuthenticationFailed, avangate.Forbidden, avangate.Conflict, avangate.CustomerTypeInvalid:
		default:
			want[string(code)] = true
		}
	}
	slices.Sort(declared)
	if sorted := slices.Sorted(maps.Keys(want)); !slices.Equal(declared, sorted) {
		t.Errorf("declared %q\nwant %q", declared, sorted)
	}
}

// TestEveryCodeHasAStatus walks the codes of the core and of the dialects
// through the table.
func TestEveryCodeHasAStatus(t *testing.T) {
	for _, code := range avangate.Codes() {
		if statuses[code] < 400 {
			t.Errorf("%s has status %d", code, statuses[code])
		}
	}
	want := map[signon.Code]int{
		signon.CodeUnauthenticated: 401, signon.CodeForbidden: 403, signon.CodeSubjectUnknown: 404, signon.CodeNotFound: 404, signon.CodeInvalid: 400,
		signon.CodeTargetUnsupported: 400, signon.CodeTokenInvalid: 400, signon.CodeSessionInvalid: 403, signon.CodeConflict: 409,
		signon.CodeLimit: 429, signon.CodeUnavailable: 503, signon.CodeInternal: 500,
	}
	for _, code := range signon.Codes() {
		f := avangate.FaultOf(&signon.Error{Code: code})
		if got := statuses[f.Code]; got == 0 || got != want[code] {
			t.Errorf("%s: got %d, want %d", code, got, want[code])
		}
	}
}
