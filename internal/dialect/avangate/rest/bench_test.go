package rest_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/avangatetest"
)

// BenchmarkCartLink measures the whole call but for the network: most of it is
// the store's, so look at the allocations.
func BenchmarkCartLink(b *testing.B) {
	tenants := avangatetest.Vendors()
	tenants[0].Limits.LinksPerSubject = 0
	w := newWorldWith(b, tenants)
	r := w.request(http.MethodGet, cartTarget("352365983", buyLink)+"&ValidityTime=50", "")
	b.ReportAllocs()
	for b.Loop() {
		a := httptest.NewRecorder()
		w.handler.ServeHTTP(a, r)
		if a.Code != http.StatusOK {
			b.Fatal(a.Body)
		}
	}
}

// BenchmarkRefused measures the shell and authentication alone.
func BenchmarkRefused(b *testing.B) {
	w := newWorld(b)
	r := w.request(http.MethodGet, "/rest/6.0/customers/352365983/cart/?Url=x&ValidityTime=0", "")
	b.ReportAllocs()
	for b.Loop() {
		a := httptest.NewRecorder()
		w.handler.ServeHTTP(a, r)
		if a.Code != http.StatusBadRequest {
			b.Fatal(a.Body)
		}
	}
}
