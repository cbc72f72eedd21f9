package soap_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/avangatetest"
)

// BenchmarkCartLink measures the whole call but for the network, as the
// benchmark of the same name in the REST dialect does.
func BenchmarkCartLink(b *testing.B) {
	tenants := avangatetest.Vendors()
	tenants[0].Limits.LinksPerSubject = 0
	w := newWorldWith(b, tenants)
	call := envelope("getSingleSignOnInCart", texts(w.login("AVANGATE"), "352365983", "AvangateCustomerReference", buyLink, "50", "")...)
	w.benchmark(b, []byte(call), http.StatusOK)
}

// BenchmarkRefused measures the shell, the decoder and the session alone.
func BenchmarkRefused(b *testing.B) {
	w := newWorld(b)
	call := envelope("getSingleSignOnInCart", texts(w.login("AVANGATE"), "352365983", "AvangateCustomerReference", "x", "0", "")...)
	w.benchmark(b, []byte(call), http.StatusInternalServerError)
}

func (w *world) benchmark(b *testing.B, call []byte, want int) {
	r := httptest.NewRequest(http.MethodPost, "/soap/6.0/", bytes.NewReader(call))
	r.Header.Set("Content-Type", "text/xml; charset=utf-8")
	b.ReportAllocs()
	for b.Loop() {
		r.Body = io.NopCloser(bytes.NewReader(call))
		a := httptest.NewRecorder()
		w.handler.ServeHTTP(a, r)
		if a.Code != want {
			b.Fatal(a.Body)
		}
	}
}
