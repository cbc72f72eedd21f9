package rest_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/avangatetest"
	"github.com/latchkey-sso/latchkey/internal/dialect/avangate/rest"
	"github.com/latchkey-sso/latchkey/internal/directory"
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
	return newWorldWith(t, avangatetest.Vendors())
}

func newWorldWith(t testing.TB, tenants []signon.Tenant) *world {
	t.Helper()
	w := avangatetest.With(t, tenants)
	return &world{World: w, handler: rest.New(rest.Options{API: w.API, Log: w.Logger}), caller: netip.MustParseAddr("192.0.2.10")}
}

const (
	shop      = avangatetest.Shop
	otherShop = avangatetest.OtherShop
)

// sign returns a header of the vendor for now.
func (w *world) sign(code string) string {
	w.Helper()
	secrets := map[string]signon.Secret{"AVANGATE": "SECRET_KEY", "OTHERSHOP": "OTHER_SECRET"}
	header, err := rest.Sign(code, w.Clock.Now(), secrets[code], "sha256")
	if err != nil {
		w.Fatal(err)
	}
	return header
}

// request builds a call of AVANGATE. The target stays as it is written.
func (w *world) request(method, target, body string) *http.Request {
	w.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r := httptest.NewRequest(method, target, reader)
	r.Header.Set(rest.AuthHeader, w.sign("AVANGATE"))
	return r
}

// send lets the handler answer, behind what the server does for every request,
// and holds the answer against our OpenAPI document.
func (w *world) send(r *http.Request) *httptest.ResponseRecorder {
	w.Helper()
	recorder := httptest.NewRecorder()
	info := &inbound.Info{SupportCode: "TESTCODE00", Addr: w.caller}
	recorder.Header().Set(inbound.Header, info.SupportCode)
	body := drain(r)
	w.handler.ServeHTTP(recorder, r.WithContext(inbound.With(r.Context(), info)))
	checkAnswer(w, r, body, recorder)
	return recorder
}

// drain returns the request's body and puts it back.
func drain(r *http.Request) []byte {
	if r.Body == nil {
		return nil
	}
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	return body
}

func (w *world) get(target string) *httptest.ResponseRecorder {
	w.Helper()
	return w.send(w.request(http.MethodGet, target, ""))
}

// failure is an error's answer.
type failure struct {
	Status  int    `json:"-"`
	Code    string `json:"error_code"`
	Message string `json:"message"`
}

func failureOf(t testing.TB, a *httptest.ResponseRecorder) failure {
	t.Helper()
	f := failure{Status: a.Code}
	if err := json.Unmarshal(a.Body.Bytes(), &f); err != nil {
		t.Fatalf("answer %d is no error: %s", a.Code, a.Body)
	}
	return f
}

// link returns the link of an answer that has to be one.
func link(t testing.TB, a *httptest.ResponseRecorder) string {
	t.Helper()
	var l string
	if a.Code != http.StatusOK || json.Unmarshal(a.Body.Bytes(), &l) != nil {
		t.Fatalf("got %d %s, want a link", a.Code, a.Body)
	}
	return l
}

// tokenOf returns the token of a link.
func tokenOf(t testing.TB, l string) string {
	t.Helper()
	_, token, ok := strings.Cut(l, "logintoken=")
	if !ok {
		t.Fatal("the link has no token")
	}
	return token
}

const buyLink = "https://store.avancart.com/order/checkout.php?PRODS=4639321&QTY=1&CART=1&CARD=2"

func cartTarget(customer, buy string) string {
	return "/rest/6.0/customers/" + customer + "/cart/?Url=" + url.QueryEscape(buy)
}

// placeOrder lets the demo customer order two things, and returns the number.
func (w *world) placeOrder(t testing.TB) string {
	t.Helper()
	c, err := w.Directory.CustomerByID(t.Context(), shop, 352365983)
	if err != nil {
		t.Fatal(err)
	}
	price := directory.Money{Hundredths: 19_90, Currency: "EUR"}
	o, err := w.Directory.PlaceOrder(t.Context(), &directory.Order{
		Tenant: shop, CartID: "cart-1", CustomerID: c.ID, Status: directory.OrderPending, Language: "en", Billing: c.Billing, Delivery: c.DeliveryOrBilling(),
		Card: c.Cards[0], Items: []directory.OrderItem{
			{ProductID: "4639321", ProductCode: "ANTI", Name: "Antivirus", Quantity: 2, UnitPrice: price},
			{ProductID: "1112233", ProductCode: "BACK", Name: "Backup & Restore", Quantity: 1, UnitPrice: price, Options: "years=2"},
		},
	}, directory.Act{})
	if err != nil {
		t.Fatal(err)
	}
	return o.RefNo
}
