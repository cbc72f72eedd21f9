package soap_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/avangatetest"
	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
	"github.com/latchkey-sso/latchkey/internal/dialect/avangate/soap"
	"github.com/latchkey-sso/latchkey/internal/inbound"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// world is the dialect over a real store, and what a test needs of it.
type world struct {
	*avangatetest.World
	handler http.Handler
	caller  netip.Addr // where calls come from
}

const baseURL = "https://sso.example"

func newWorld(t testing.TB) *world {
	t.Helper()
	return newWorldWith(t, avangatetest.Vendors())
}

func newWorldWith(t testing.TB, tenants []signon.Tenant) *world {
	t.Helper()
	w := avangatetest.With(t, tenants)
	return &world{World: w, handler: soap.New(soap.Options{API: w.API, Log: w.Logger, BaseURL: baseURL}), caller: netip.MustParseAddr("192.0.2.10")}
}

const buyLink = "https://store.avancart.com/order/checkout.php?PRODS=4639321&QTY=1&CART=1&CARD=2"

// send lets the handler answer, behind what the server does for every request,
// and checks what every answer has.
func (w *world) send(r *http.Request) *httptest.ResponseRecorder {
	w.Helper()
	a := httptest.NewRecorder()
	info := &inbound.Info{SupportCode: "TESTCODE00", Addr: w.caller}
	a.Header().Set(inbound.Header, info.SupportCode)
	w.handler.ServeHTTP(a, r.WithContext(inbound.With(r.Context(), info)))
	checkAnswer(w, r, a)
	return a
}

func checkAnswer(t testing.TB, r *http.Request, a *httptest.ResponseRecorder) {
	t.Helper()
	if a.Code == http.StatusNotModified {
		return
	}
	h := a.Header()
	for name, want := range map[string]string{"Content-Type": "text/xml; charset=utf-8", inbound.Header: "TESTCODE00"} {
		if got := h.Get(name); got != want {
			t.Errorf("%s %s: %s is %q, want %q", r.Method, r.URL, name, got, want)
		}
	}
	if r.Method == http.MethodHead {
		if a.Body.Len() != 0 {
			t.Errorf("HEAD %s was answered with a body", r.URL)
		}
		return
	}
	if got := h.Get("Content-Length"); got != strconv.Itoa(a.Body.Len()) {
		t.Errorf("%s %s: Content-Length is %q of %d", r.Method, r.URL, got, a.Body.Len())
	}
	if err := wellFormed(a.Body.Bytes()); err != nil {
		t.Errorf("%s %s: answered with no XML: %v", r.Method, r.URL, err)
	}
	if a.Code == http.StatusOK && r.Method != http.MethodPost {
		return // a description
	}
	for name, want := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"} {
		if got := h.Get(name); got != want {
			t.Errorf("%s %s: %s is %q, want %q", r.Method, r.URL, name, got, want)
		}
	}
}

func wellFormed(text []byte) error {
	for d := xml.NewDecoder(bytes.NewReader(text)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func (w *world) post(target string, body []byte, header ...string) *httptest.ResponseRecorder {
	w.Helper()
	r := httptest.NewRequest(http.MethodPost, target, bytes.NewReader(body))
	r.Header.Set("Content-Type", "text/xml; charset=utf-8")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return w.send(r)
}

func (w *world) get(target string) *httptest.ResponseRecorder {
	w.Helper()
	return w.send(httptest.NewRequest(http.MethodGet, target, nil))
}

// call makes a call with arguments as they are written in XML.
func (w *world) call(method string, args ...string) *httptest.ResponseRecorder {
	w.Helper()
	return w.post("/soap/6.0/", []byte(envelope(method, args...)))
}

// envelope writes a call as PHP does.
func envelope(method string, args ...string) string {
	return `<?xml version="1.0" encoding="UTF-8"?>` + "\n" +
		`<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/" xmlns:ns1="urn:2checkout:soap:6.0"` +
		` xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"` +
		` xmlns:ns2="http://xml.apache.org/xml-soap" xmlns:SOAP-ENC="http://schemas.xmlsoap.org/soap/encoding/"` +
		` SOAP-ENV:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><SOAP-ENV:Body><ns1:` + method + `>` +
		strings.Join(args, "") + `</ns1:` + method + `></SOAP-ENV:Body></SOAP-ENV:Envelope>` + "\n"
}

// texts writes arguments as strings, by position.
func texts(values ...string) []string {
	args := make([]string, len(values))
	for i, v := range values {
		name := "param" + strconv.Itoa(i)
		args[i] = "<" + name + ` xsi:type="xsd:string">` + escape(v) + "</" + name + ">"
	}
	return args
}

func escape(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text))
	return b.String()
}

// login returns a session of the vendor.
func (w *world) login(code string) string {
	w.Helper()
	secrets := map[string]signon.Secret{"AVANGATE": "SECRET_KEY", "OTHERSHOP": "OTHER_SECRET"}
	c, err := avangate.Sign(code, w.Clock.Now(), secrets[code], "sha256")
	if err != nil {
		w.Fatal(err)
	}
	session := w.text(w.call("login", texts(c.Code, c.Date, c.Hash, c.Algorithm)...))
	if len(session) != signon.APISessionLen || strings.Trim(session, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
		w.Fatalf("login returned %q", session)
	}
	return session
}

// text returns the result of a call that has to succeed, as text.
func (w *world) text(a *httptest.ResponseRecorder) string {
	w.Helper()
	var e struct {
		Body struct {
			Response struct {
				Return struct {
					Text string `xml:",chardata"`
				} `xml:",any"`
			} `xml:",any"`
		}
	}
	if err := xml.Unmarshal(a.Body.Bytes(), &e); err != nil || a.Code != http.StatusOK {
		w.Fatalf("got %d %s (%v), want a result", a.Code, a.Body, err)
	}
	return e.Body.Response.Return.Text
}

// cartLink issues a cart link for the demo customer and returns its token.
func (w *world) cartToken(session string) string {
	w.Helper()
	link := w.text(w.call("getSingleSignOnInCart", texts(session, "352365983", "AvangateCustomerReference", buyLink, "50", "")...))
	url, token, _ := strings.Cut(link, "&logintoken=")
	if url != buyLink || len(token) != 40 {
		w.Fatalf("got the link %s", link)
	}
	return token
}

// fault is what a call was refused with.
type fault struct {
	Status  int
	Code    string
	Message string
}

func faultOf(t testing.TB, a *httptest.ResponseRecorder) fault {
	t.Helper()
	var e struct {
		XMLName xml.Name `xml:"http://schemas.xmlsoap.org/soap/envelope/ Envelope"`
		Body    struct {
			Fault *struct {
				Code    string `xml:"faultcode"`
				Message string `xml:"faultstring"`
			} `xml:"http://schemas.xmlsoap.org/soap/envelope/ Fault"`
		} `xml:"http://schemas.xmlsoap.org/soap/envelope/ Body"`
	}
	if err := xml.Unmarshal(a.Body.Bytes(), &e); err != nil || e.Body.Fault == nil {
		t.Fatalf("answer %d is no fault (%v): %s", a.Code, err, a.Body)
	}
	return fault{a.Code, e.Body.Fault.Code, e.Body.Fault.Message}
}

func (w *world) wantFault(a *httptest.ResponseRecorder, code, message string) {
	w.Helper()
	if got, want := faultOf(w, a), (fault{http.StatusInternalServerError, code, message}); got != want {
		w.Errorf("got  %+v,\nwant %+v", got, want)
	}
}
