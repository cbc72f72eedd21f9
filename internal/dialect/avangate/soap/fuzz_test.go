package soap_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/avangatetest"
	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
)

func FuzzHandler(f *testing.F) {
	w := newWorld(f)
	session := w.login("AVANGATE")
	// None of these comes to the store, whose goroutines would look like new ways
	// through the code.
	for _, m := range avangate.Methods() {
		f.Add("/soap/6.0/", "text/xml; charset=utf-8", "", []byte(envelope(m.Name, texts("no session", "352365983", "AvangateCustomerReference", buyLink)...)))
	}
	customer := envelope("createCustomer", texts(session)[0], `<Customer xsi:type="ns2:Map"><item><key>FirstName</key><value>Ann</value></item></Customer>`)
	f.Add("/soap/6.0/?wsdl", "text/xml", "gzip", gzipped(customer))
	f.Add("/soap/3.0", "text/xml; charset=iso-8859-1", "deflate", deflated(customer))
	f.Add("//soap/5.0/soapenc.xsd", "", "br", []byte("<x/>"))
	f.Add("/soap/6.0/", "", "", []byte(envelope("addSubscription", texts(session)[0],
		"<a><Product><PriceOptionCodes>a</PriceOptionCodes></Product><DeliveryInfo><Codes><Code/></Codes></DeliveryInfo><EndUser/></a>")))
	statuses := []int{200, 404, 405, 413, 415, 500}
	f.Fuzz(func(t *testing.T, target, contentType, coding string, body []byte) {
		w := &world{World: &avangatetest.World{TB: t}, handler: w.handler, caller: w.caller}
		for _, method := range []string{http.MethodPost, http.MethodGet} {
			r := httptest.NewRequest(method, "/", bytes.NewReader(body))
			u, err := r.URL.Parse(target)
			if err != nil {
				t.Skip()
			}
			r.URL = u
			r.Header.Set("Content-Type", contentType)
			r.Header.Set("Content-Encoding", coding)
			a := w.send(r) // it checks that the answer is XML
			if !slices.Contains(statuses, a.Code) {
				t.Errorf("%s %q: got %d", method, target, a.Code)
			}
			if a.Code != http.StatusOK {
				if got := faultOf(t, a); got.Code == "" || got.Message == "" || got.Code == string(avangate.InternalError) {
					t.Errorf("%s %q: got %+v", method, target, got)
				}
			}
		}
	})
}
