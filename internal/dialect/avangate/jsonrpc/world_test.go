package jsonrpc_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/avangatetest"
	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
	"github.com/latchkey-sso/latchkey/internal/dialect/avangate/jsonrpc"
	"github.com/latchkey-sso/latchkey/internal/inbound"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// world is the dialect over a real store, and what a test needs of it.
type world struct {
	*avangatetest.World
	handler http.Handler
	caller  netip.Addr // where calls come from
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := avangatetest.New(t)
	return &world{World: w, handler: jsonrpc.New(jsonrpc.Options{API: w.API, Log: w.Logger}), caller: netip.MustParseAddr("192.0.2.10")}
}

const (
	path    = "/rpc/6.0/"
	buyLink = "https://store.avancart.com/order/checkout.php?PRODS=4639321&QTY=1&CART=1&CARD=2"
)

var secrets = map[string]signon.Secret{"AVANGATE": "SECRET_KEY", "OTHERSHOP": "OTHER_SECRET"}

// proof returns the arguments of a login of the vendor for now.
func (w *world) proof(vendor string) []any {
	w.Helper()
	c, err := avangate.Sign(vendor, w.Clock.Now(), secrets[vendor], "sha256")
	if err != nil {
		w.Fatal(err)
	}
	return []any{c.Code, c.Date, c.Hash, c.Algorithm}
}

// login opens a session of the vendor.
func (w *world) login(vendor string) string {
	w.Helper()
	var session string
	if err := json.Unmarshal(w.result("login", w.proof(vendor)...), &session); err != nil || len(session) != 32 {
		w.Fatalf("got %d characters, %v", len(session), err)
	}
	return session
}

// send lets the handler answer, behind what the server does for every request.
func (w *world) send(r *http.Request) *httptest.ResponseRecorder {
	w.Helper()
	recorder := httptest.NewRecorder()
	info := &inbound.Info{SupportCode: "TESTCODE00", Addr: w.caller}
	recorder.Header().Set(inbound.Header, info.SupportCode)
	w.handler.ServeHTTP(recorder, r.WithContext(inbound.With(r.Context(), info)))
	return recorder
}

func (w *world) post(body string) *httptest.ResponseRecorder {
	w.Helper()
	return w.send(httptest.NewRequest(http.MethodPost, path, strings.NewReader(body)))
}

// bodyOf returns the body of a call by position.
func bodyOf(t testing.TB, method string, args ...any) string {
	t.Helper()
	if args == nil {
		args = []any{}
	}
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "method": method, "params": args, "id": 7})
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// call makes a call by position and returns its answer.
func (w *world) call(method string, args ...any) string {
	w.Helper()
	a := w.post(bodyOf(w, method, args...))
	if a.Code != http.StatusOK {
		w.Fatalf("%s: got %d %s", method, a.Code, a.Body)
	}
	return a.Body.String()
}

// result makes a call that has to work, and returns its result.
func (w *world) result(method string, args ...any) json.RawMessage {
	w.Helper()
	answer := w.call(method, args...)
	var a struct{ Result json.RawMessage }
	if err := json.Unmarshal([]byte(answer), &a); err != nil || a.Result == nil {
		w.Fatalf("%s: got %s", method, answer)
	}
	return a.Result
}

// link makes a call that has to return a link, and returns its token.
func (w *world) token(method string, args ...any) string {
	w.Helper()
	_, token, ok := strings.Cut(strings.Trim(string(w.result(method, args...)), `"`), "logintoken=")
	if !ok || len(token) != 40 {
		w.Fatalf("%s: the result is no link", method)
	}
	return token
}

// refusal is the answer to a call with id 7 that is refused.
func refusal(number, message, code string) string {
	return `{"jsonrpc":"2.0","error":{"code":` + number + `,"message":"` + message + `","data":{"error_code":"` + code + `"}},"id":7}`
}
