package bluesnap_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/inbound"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

const loginPath = "generateSSOLoginToken/1111001"

// want is what a refusal has to be, whatever its type.
type want struct {
	status         int
	name, property string
}

func wantOf(tb testing.TB, a *httptest.ResponseRecorder) want {
	tb.Helper()
	m := messageOf(tb, a)
	return want{a.Code, m.Name, m.property()}
}

var (
	forbidden   = want{403, "USER_NOT_AUTHORIZED", ""}
	notFound    = want{404, "RESOURCE_NOT_FOUND", ""}
	notAllowed  = want{405, "METHOD_NOT_ALLOWED", ""}
	unsupported = want{415, "MEDIA_TYPE_UNSUPPORTED", ""}
	nobody      = want{401, "AUTHENTICATION_FAILED", ""}
)

func invalid(property string) want { return want{400, "VALIDATION_GENERAL_FAILURE", property} }

// inBoth sends what makes builds, asking for JSON and for XML, and checks the
// refusal.
func (w *world) inBoth(what string, wanted want, makes func(mediaType string) *http.Request) {
	w.Helper()
	for _, mediaType := range []string{asJSON, asXML} {
		r := makes(mediaType)
		r.Header.Set("Accept", mediaType)
		a := w.send(r)
		if got := wantOf(w, a); got != wanted || a.Header().Get("Content-Type") != mediaType {
			w.Errorf("%s, %s: got %+v as %s, want %+v", what, mediaType, got, a.Header().Get("Content-Type"), wanted)
		}
		if (a.Code == http.StatusUnauthorized) != (a.Header().Get("Www-Authenticate") != "") {
			w.Errorf("%s: %d with the challenge %q", what, a.Code, a.Header().Get("Www-Authenticate"))
		}
	}
}

func TestOtherPathsAre404(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{
		"/services", "/services/", "/services/2", "/services/2/", "/services/3/cp/user", "/services/2.0/cp/user", "/services/2/cp", "/services/2/cp/users", "/services/2/cp/user/1/2",
		"/services/2/generateSSOLoginToken/1/2", "/services/2/generatessologintoken/1", "/services/2/tools", "/services/2/tools/auth-token/1", "/services/2/../2/cp/user/1",
		"/services/2/cp%2Fuser", "/services/2/a/b/c/d/e/f/g/h/i", "/other/2/cp/user", "/",
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
			w.inBoth(method+" "+path, notFound, func(string) *http.Request { return httptest.NewRequest(method, path, nil) })
		}
	}
}

func TestOtherMethodsAre405WithAllow(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct{ path, allow, methods string }{
		{loginPath, "POST", "GET HEAD PUT DELETE PATCH OPTIONS post"},
		{"generateSSOLoginToken/", "POST", "GET"},
		{"cp/user", "POST", "GET PUT DELETE"},
		{"cp/user/1111001", "GET, HEAD, PUT, DELETE", "POST PATCH TRACE"},
		{"tools/auth-token", "GET", "POST PUT DELETE"},
	} {
		for method := range strings.FieldsSeq(c.methods) {
			if method == http.MethodHead {
				continue
			}
			w.inBoth(method+" "+c.path, notAllowed, func(string) *http.Request { return httptest.NewRequest(method, "/services/2/"+c.path, nil) })
			if a := w.send(w.request(method, c.path, "", "")); a.Header().Get("Allow") != c.allow {
				t.Errorf("%s %s: Allow is %q, want %q", method, c.path, a.Header().Get("Allow"), c.allow)
			}
		}
	}
}

func TestOtherMediaTypesAre415(t *testing.T) {
	w := newWorld(t)
	for _, contentType := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ";", "application/json; charset=utf-16"} {
		w.inBoth(contentType, unsupported, func(string) *http.Request {
			r := w.request(http.MethodPost, loginPath, ownAddress, "")
			r.Header.Set("Content-Type", contentType)
			return r
		})
	}
	w.inBoth("gzip", unsupported, func(mediaType string) *http.Request {
		r := w.request(http.MethodPost, loginPath, ownAddress, mediaType)
		r.Header.Set("Content-Encoding", "gzip")
		return r
	})
	for _, accept := range []string{"text/html", "application/json;q=0", "image/*"} {
		r := w.request(http.MethodGet, "cp/user/1111001", "", "")
		r.Header.Set("Accept", accept)
		r.Header.Set("Content-Type", asXML)
		a := w.send(r)
		if got := wantOf(t, a); got != unsupported || a.Header().Get("Content-Type") != asJSON {
			t.Errorf("Accept %s: got %+v as %s", accept, got, a.Header().Get("Content-Type"))
		}
	}
}

func TestEveryCallNeedsCredentials(t *testing.T) {
	w := newWorld(t)
	for _, c := range calls(1111001) {
		for _, header := range []string{"", "Basic", "Bearer x", "Basic  dXNlcm5hbWU6cGFzc3dvcmQ=", "Basic dXNlcm5hbWU6cGFzc3dvcmQ", basic("username", "Password"), basic("nobody", "password"), basic("username", "")} {
			w.caller = w.caller.Next() // whose failures are few
			w.inBoth(c.method+" "+c.target+" "+header, nobody, func(string) *http.Request {
				r := w.request(c.method, c.target, c.body, asJSON)
				r.Header.Del("Authorization")
				if header != "" {
					r.Header.Set("Authorization", header)
				}
				return r
			})
		}
	}
}

func TestEveryCallNeedsTheRole(t *testing.T) {
	w := newWorld(t)
	for _, c := range calls(1111001) {
		for _, body := range []string{c.body, "{", strings.Repeat(" ", 20<<10)} { // which nobody looks at
			w.inBoth(c.method+" "+c.target, forbidden, func(string) *http.Request { return by("norole", w.request(c.method, c.target, body, asJSON)) })
		}
	}
}

func TestEveryCallIsMadeFromAListedAddress(t *testing.T) {
	w := newWorld(t)
	for _, from := range []string{"192.0.2.10", "198.51.101.1", "2001:db8::2"} {
		w.caller = mustAddr(from)
		for _, c := range calls(1111001) {
			w.inBoth(from+" "+c.method+" "+c.target, forbidden, func(string) *http.Request { return by("office", w.request(c.method, c.target, c.body, asJSON)) })
		}
	}
	for _, from := range []string{"198.51.100.1", "::ffff:198.51.100.1", "2001:db8::1"} {
		w.caller = mustAddr(from)
		tokenOf(t, w.send(by("office", w.request(http.MethodPost, loginPath, ownAddress, asJSON))))
	}
}

func TestTooManyWrongPasswordsAre429(t *testing.T) {
	w := newWorld(t)
	wrong := func() *http.Request {
		r := w.request(http.MethodPost, loginPath, ownAddress, asJSON)
		r.Header.Set("Authorization", basic("username", "wrong"))
		return r
	}
	for range 10 {
		w.send(wrong())
	}
	for _, mediaType := range []string{asJSON, asXML} {
		r := w.request(http.MethodPost, loginPath, ownAddress, asJSON) // with the right one
		r.Header.Set("Accept", mediaType)
		a := w.send(r)
		m := messageOf(t, a)
		if a.Code != 429 || m.Description != "Client request rate is too high" || a.Header().Get("Retry-After") == "" || a.Header().Get("Content-Type") != mediaType {
			t.Errorf("got %d %+v, headers %v", a.Code, m, a.Header())
		}
	}
	w.caller = w.caller.Next()
	tokenOf(t, w.login("1111001"))
}

func TestSlashesAndQuestionMarksMakeNoDifference(t *testing.T) {
	w := newWorld(t)
	wanted := w.send(w.request(http.MethodGet, "cp/user/1111001", "", "")).Body.String()
	if !strings.Contains(wanted, "Ada") {
		t.Fatal(wanted)
	}
	for _, target := range []string{"cp/user/1111001/", "cp/user/1111001?", "cp/user/1111001/?", "/cp//user/1111001//", "cp/user/%31111001", "cp/user/1111001?&", "cp/user/1111001??other=1"} {
		if got := w.send(w.request(http.MethodGet, target, "", "")); got.Body.String() != wanted {
			t.Errorf("%s: got %d %s", target, got.Code, got.Body)
		}
	}
	got := w.send(w.request(http.MethodGet, "cp/user/1111001??onbehalfofmid=23424", "", ""))
	if !strings.Contains(got.Body.String(), "Bea") {
		t.Errorf("with two question marks: got %s", got.Body)
	}
}

func TestTheMerchantIsNamedOnce(t *testing.T) {
	w := newWorld(t)
	for query, first := range map[string]string{
		"": "Ada", "?onbehalfofmid=": "Ada", "?onbehalfofmid=1000001": "Ada", "?onbehalfofmid=23424": "Bea", "?OnBehalfOfMID=23424": "Bea", "?x=1&ONBEHALFOFMID=23424": "Bea",
	} {
		if got := w.send(w.request(http.MethodGet, "cp/user/1111001"+query, "", "")); !strings.Contains(got.Body.String(), first) {
			t.Errorf("%s: got %s, want %s", query, got.Body, first)
		}
	}
	for _, query := range []string{"99999", "0", "-1", "023424", "23424%20", "own", "linked", "*", "23424,1000001"} {
		w.inBoth(query, forbidden, func(string) *http.Request {
			return w.request(http.MethodGet, "cp/user/1111001?onbehalfofmid="+query, "", "")
		})
	}
	for query, property := range map[string]string{
		"onbehalfofmid=1000001&onbehalfofmid=1000001": "onbehalfofmid", "onbehalfofmid=1000001&OnBehalfOfMid=23424": "OnBehalfOfMid",
		"onbehalfofmid[]=23424": "onbehalfofmid", "onbehalfofmid=%zz": "", strings.Repeat("a=1&", 1) + manyParams(65): "",
	} {
		w.inBoth(query, invalid(property), func(string) *http.Request { return w.request(http.MethodGet, "cp/user/1111001?"+query, "", "") })
	}
	if got := w.send(w.request(http.MethodGet, "cp/user/1111001?"+manyParams(64), "", "")); got.Code != http.StatusOK {
		t.Errorf("64 parameters: got %s", got.Body)
	}
}

func manyParams(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "p%d=1&", i)
	}
	return b.String()
}

func TestAVersionIsIgnoredUnlessItIsNone(t *testing.T) {
	w := newWorld(t)
	for version, wanted := range map[string]int{"2.0": 200, "3.0": 200, "2": 200, "8976.1.2": 200, "": 400, "x": 400, "2.": 400, "2.0.0.0": 400, "-1": 400, " 2.0": 400, "2.0, 3.0": 400, strings.Repeat("1", 99): 400} {
		r := w.request(http.MethodGet, "cp/user/1111001", "", "")
		r.Header.Set("bluesnap-version", version)
		if a := w.send(r); a.Code != wanted {
			t.Errorf("%q: got %d %s, want %d", version, a.Code, a.Body, wanted)
		}
	}
	r := w.request(http.MethodGet, "cp/user/1111001", "", "")
	r.Header["Bluesnap-Version"] = []string{"2.0", "2.0"}
	if got := wantOf(t, w.send(r)); got != invalid("bluesnap-version") {
		t.Errorf("twice: got %+v", got)
	}
}

func TestBodiesAreBounded(t *testing.T) {
	w := newWorld(t)
	fill := strings.Repeat(" ", 16<<10-len(ownAddress))
	tokenOf(t, w.send(w.request(http.MethodPost, loginPath, ownAddress+fill, asJSON)))
	w.inBoth("one byte more", want{413, "REQUEST_TOO_LARGE", ""}, func(string) *http.Request { return w.request(http.MethodPost, loginPath, ownAddress+fill+" ", asJSON) })
	w.inBoth("of a length not announced", want{413, "REQUEST_TOO_LARGE", ""}, func(string) *http.Request {
		r := w.request(http.MethodPost, loginPath, "", asJSON)
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(ownAddress+fill+" ")), -1
		return r
	})
	w.inBoth("broken off", invalid(""), func(string) *http.Request {
		r := w.request(http.MethodPost, loginPath, "", asJSON)
		r.Body, r.ContentLength = io.NopCloser(io.MultiReader(strings.NewReader(`{`), brokenReader{})), -1
		return r
	})
	for _, body := range []string{
		"{", "null", "[]", `"x"`, `{"requestingUserIp":"192.0.2.1","requestingUserIp":"192.0.2.1"}`,
		`{"x":` + strings.Repeat("[", 16) + strings.Repeat("]", 16) + `,"requestingUserIp":"192.0.2.1"}`, "{\"requestingUserIp\":\"\xff\"}", ownAddress + ownAddress,
	} {
		w.inBoth(body, invalid(""), func(string) *http.Request { return w.request(http.MethodPost, loginPath, body, asJSON) })
	}
	for _, body := range []string{
		"<a>", "<a/><b/>", "x", `<!DOCTYPE a [<!ENTITY x "192.0.2.1">]><a><requesting-user-ip>&x;</requesting-user-ip></a>`, `<a xmlns="urn:other"/>`,
		"<a><requesting-user-ip>192.0.2.1</requesting-user-ip><requesting-user-ip>192.0.2.1</requesting-user-ip></a>", "<a><b><c/></b></a>",
	} {
		w.inBoth(body, invalid(""), func(string) *http.Request { return w.request(http.MethodPost, loginPath, body, asXML) })
	}
}

// TestOneThingUnderTwoNamesSaysTheSame has values that are the same in other words,
// and values that are not.
func TestOneThingUnderTwoNamesSaysTheSame(t *testing.T) {
	w := newWorld(t)
	refused := invalid("requestingUserIp")
	for _, body := range []string{
		`{"requestingUserIp":"192.0.2.1","RequestingUserIP":"192.0.2.2"}`, `{"requestingUserIp":["192.0.2.1"]}`, `{"requestingUserIp":{}}`, `{"requestingUserIp":true}`,
	} {
		w.inBoth(body, refused, func(string) *http.Request { return w.request(http.MethodPost, loginPath, body, asJSON) })
	}
	twice := "<a><requesting-user-ip>192.0.2.1</requesting-user-ip><requestingUserIp>192.0.2.2</requestingUserIp></a>"
	w.inBoth(twice, refused, func(string) *http.Request { return w.request(http.MethodPost, loginPath, twice, asXML) })
	got := messageOf(t, w.send(w.request(http.MethodPost, loginPath, `{"requestingUserIp":["192.0.2.1"]}`, asJSON)))
	if got.Description != "requestingUserIp must be a text" {
		t.Errorf("an array: got %q", got.Description)
	}
	for _, body := range []string{
		`{"allowReports":true,"ALLOWREPORTS":"true"}`, `{"allowRoyaltyMaintenance":"True","allowRoyaltyMaitenence":true}`, `{"firstName":" Zoe","userfirstName":"Zoe "}`,
		`{"username":"zoe","userName":" zoe "}`, `{"firstName":"Zoe","userfirstName":null}`,
	} {
		if a := w.put(body, asJSON); a.Code != http.StatusOK {
			t.Errorf("%s: got %d %s", body, a.Code, a.Body)
		}
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

func TestHeadIsAnsweredWithoutABody(t *testing.T) {
	w := newWorld(t)
	for target, status := range map[string]int{"cp/user/1111001": 200, "cp/user/1": 403, "tools/auth-token?shopperId=19363122": 405, "nothing": 404, "cp/user": 405} {
		a := w.send(w.request(http.MethodHead, target, "", ""))
		if a.Code != status || a.Body.Len() != 0 || a.Header().Get("Content-Length") == "0" {
			t.Errorf("HEAD %s: got %d, %q, length %s", target, a.Code, a.Body, a.Header().Get("Content-Length"))
		}
		if strings.HasPrefix(target, "tools") && a.Header().Get("Allow") != "GET" {
			t.Errorf("HEAD %s: Allow is %q", target, a.Header().Get("Allow"))
		}
	}
	if n := w.grants(); n != 0 {
		t.Errorf("%d grants were made", n)
	}
}

func TestFaultsOfOursLoseTheirText(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		err           error
		status        int
		retry, logged string
	}{
		{errors.New("disk: secret detail"), 500, "", "level=ERROR"},
		{signon.Unavailable("commit", errors.New("secret detail")), 503, "1", "level=WARN"},
		{&signon.Error{Code: signon.CodeUnavailable, RetryAfter: 1500 * time.Millisecond}, 503, "2", "level=WARN"},
		{&signon.Error{Code: signon.CodeLimit, RetryAfter: 7 * time.Second}, 429, "7", ""},
	} {
		w.store.err = c.err
		for _, call := range calls(1111001) {
			if call.target == "tools/auth-token?shopperId=19363122" && c.status == 0 {
				continue
			}
			for _, mediaType := range []string{asJSON, asXML} {
				before := w.logged.String()
				r := w.request(call.method, call.target, call.body, asJSON)
				r.Header.Set("Accept", mediaType)
				a := w.send(r)
				if a.Code != c.status || a.Header().Get("Retry-After") != c.retry || strings.Contains(a.Body.String(), "secret") {
					t.Errorf("%s %s: got %d, Retry-After %q, %s; want %d", call.method, call.target, a.Code, a.Header().Get("Retry-After"), a.Body, c.status)
				}
				logged := strings.TrimPrefix(w.logged.String(), before)
				if c.logged == "" && logged != "" || c.logged != "" && (strings.Count(logged, "\n") != 1 || !strings.Contains(logged, c.logged) || !strings.Contains(logged, "support_code=TESTCODE00")) {
					t.Errorf("%s %s: logged %q, want one line of %q", call.method, call.target, logged, c.logged)
				}
			}
		}
	}
}

func TestSupportCodeIsMadeUpOnlyWhenThereIsNone(t *testing.T) {
	w := newWorld(t)
	a := httptest.NewRecorder()
	w.handler.ServeHTTP(a, w.request(http.MethodGet, "nothing", "", ""))
	if got := a.Header().Get(inbound.Header); len(got) != 10 {
		t.Errorf("without one: got %q", got)
	}
	if got := w.login("1").Header()[inbound.Header]; len(got) != 1 || got[0] != "TESTCODE00" {
		t.Errorf("with one: got %q", got)
	}
}

// aCall is a call of the dialect.
type aCall struct{ method, target, body string }

const newUser = `{"firstName":"Dora","lastName":"Finch","email":"dora@example.com","username":"dora.finch"}`

// calls are all that there are, about that user.
func calls(id int64) []aCall {
	user := fmt.Sprintf("cp/user/%d", id)
	return []aCall{
		{http.MethodPost, fmt.Sprintf("generateSSOLoginToken/%d", id), ownAddress},
		{http.MethodPost, "cp/user", newUser},
		{http.MethodGet, user, ""},
		{http.MethodPut, user, `{"lastName":"Wren"}`},
		{http.MethodDelete, user, ""},
		{http.MethodGet, "tools/auth-token?shopperId=19363122", ""},
	}
}
